/* Where agents' words go on to: the address, its name, and by whose roots its certificate is judged. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "fakekas/relay.h"
#include "lib/net/tls_client.h"

static const struct {
    const char *scheme;
    bool tls, ws;
    uint16_t port;
} schemes[] = {{"ws", false, true, 80}, {"wss", true, true, 443}, {"grpc", false, false, 80}, {"grpcs", true, false, 443}};

/* The first of them is "scheme://host[:port][/path]". */
static int parse(struct upstream *p, const char *to, char **reterr)
{
    const char *at = strstr(to, "://"), *host = at ? at + 3 : "", *path = host + strcspn(host, "/?");
    size_t i = 0;
    while (i < ARRAY_SIZE(schemes) &&
           (!at || strlen(schemes[i].scheme) != (size_t)(at - to) || memcmp(schemes[i].scheme, to, (size_t)(at - to))))
        i++;
    p->authority = xstrndup(host, (size_t)(path - host));
    const char *colon = strrchr(p->authority, ':'), *bracket = strchr(p->authority, ']');
    if (colon && bracket && colon < bracket)
        colon = NULL;
    char *end = NULL;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : i < ARRAY_SIZE(schemes) ? schemes[i].port : 0;
    if (i == ARRAY_SIZE(schemes) || path == host || port == 0 || port > 65535 || (end && *end)) {
        *reterr = xasprintf("--to %s: expected ws://, wss://, grpc:// or grpcs://, a host, and perhaps :PORT and /PATH; "
                            "for instance wss://kas.example/-/kubernetes-agent/", to);
        return -EINVAL;
    }
    p->tls = schemes[i].tls;
    p->ws = schemes[i].ws;
    p->port = (uint16_t)port;
    size_t n = colon ? (size_t)(colon - p->authority) : strlen(p->authority);
    p->host = bracket ? xstrndup(p->authority + 1, (size_t)(bracket - p->authority - 1)) : xstrndup(p->authority, n);
    p->target = *path ? xstrdup(path) : NULL;
    return 0;
}

/* Once, before anything listens: the answer holds for the run. */
static int resolve(struct upstream *p, char **reterr)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *found = NULL;
    struct in6_addr any;
    if (inet_pton(AF_INET, p->host, &any) == 1 || inet_pton(AF_INET6, p->host, &any) == 1) {
        snprintf(p->address, sizeof(p->address), "%s", p->host);
        return 0;
    }
    int r = getaddrinfo(p->host, NULL, &hints, &found);
    if (r == 0)
        r = getnameinfo(found->ai_addr, found->ai_addrlen, p->address, sizeof(p->address), NULL, 0, NI_NUMERICHOST);
    if (found)
        freeaddrinfo(found);
    if (r == 0)
        return 0;
    *reterr = xasprintf("--to %s: %s: %s; give its address, or make the name known", p->to, p->host, gai_strerror(r));
    return -EHOSTUNREACH;
}

int upstream_new(const struct upstream_options *o, struct upstream **ret, char **reterr)
{
    struct upstream *p = NEW(struct upstream);
    p->loop = o->loop;
    p->events = o->events;
    p->next_conn_id = o->next_conn_id;
    p->to = xstrdup(o->to);
    int r = parse(p, o->to, reterr);
    if (r == 0)
        r = resolve(p, reterr);
    if (r == 0 && p->tls && !(p->ctx = tls_client_ctx(o->ca_file, o->insecure, reterr)))
        r = -EINVAL;
    if (r < 0) {
        upstream_free(p);
        return r;
    }
    *ret = p;
    return 0;
}

struct upstream *upstream_free(struct upstream *p)
{
    if (!p)
        return NULL;
    SSL_CTX_free(p->ctx);
    free(p->to);
    free(p->host);
    free(p->target);
    free(p->authority);
    free(p);
    return NULL;
}

const char *upstream_to(const struct upstream *p)
{
    return p->to;
}
