/* A forward proxy in a world, as companies have them: HTTP CONNECT at 10.60.2.1:3128, for agents with HTTPS_PROXY.
 *
 * Moment proxy.request, as http.request; who answers nothing there gets its tunnel to a name of the world's resolver,
 * or to an address. Events proxy.tunnel {target}, proxy.failed {target, reason}.
 */
#pragma once

#include <jansson.h>

#include "lib/net/conn.h"

#define WORLD_PROXY_IP "10.60.2.1"
#define WORLD_PROXY_PORT 3128

struct proxy;

struct proxy_options {
    const char *host;
    uint16_t port;       /* 0: any */
    struct loop *loop;
    struct events *events;
    struct moments *moments;
    const json_t *names; /* the resolver's table; borrowed. NULL: addresses only */
    const char *authorization; /* what Proxy-Authorization must be; NULL: nothing. Borrowed */
};

int proxy_open(const struct proxy_options *o, struct proxy **ret); /* 0 or -errno */
uint16_t proxy_port(const struct proxy *p);
/* Ends its connections. Free the loop before what the options name. */
struct proxy *proxy_free(struct proxy *p);
