/* A fake resolver: UDP and TCP on one address, answers from the scenario (ldns does the wire format).
 *
 * Moment dns.query {name, type, over}. Verbs: answer {a: […], aaaa: […], ttl}, rcode: NXDOMAIN|SERVFAIL|REFUSED,
 * stall (no answer), delay, truncate, reset (TCP only).
 */
#pragma once

#include <jansson.h>

#include "lib/net/conn.h"

struct dns;
struct dns_options {
    const char *host;          /* "10.60.0.10" */
    uint16_t port;             /* 53; 0: any */
    struct loop *loop;
    struct events *events;
    struct moments *moments;
    json_t *names;             /* {"gitlab-kas": ["10.60.1.1"], "*.example": []}; borrowed. Not found: NXDOMAIN */
};
int dns_open(const struct dns_options *o, struct dns **ret);
uint16_t dns_port(const struct dns *d);
struct dns *dns_free(struct dns *d);
