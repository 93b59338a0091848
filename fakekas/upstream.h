/* The way to a real KAS: what agents say to a fake KAS goes on to another, and its answers come back.
 *
 * Each layer ends here, down to gRPC, on both sides; so every fault works between them, and the event log tells all.
 * The connection to the other KAS is made when an agent's request or HTTP/2 preface has come, one for each of the
 * agent's; its events are those of `who: upstream`. Passed on are heads, messages, trailers, half-closes, resets of
 * streams, pings, GOAWAY, close frames with their codes, and how a connection ends. No side is read faster than the
 * other one takes.
 */
#pragma once

#include "lib/events/events.h"
#include "lib/loop/loop.h"

struct upstream;
struct upstream_options {
    struct loop *loop;
    struct events *events;
    uint64_t *next_conn_id;
    const char *to;       /* "wss://kas.example/-/kubernetes-agent/", "grpc://127.0.0.1:8150" */
    const char *ca_file;  /* whose roots are trusted; NULL: the system's */
    bool insecure;        /* no verification at all */
};

/* 0; -EINVAL: no such address, -EHOSTUNREACH: its name is not known; *reterr says what and how to cure it. */
int upstream_new(const struct upstream_options *o, struct upstream **ret, char **reterr);
struct upstream *upstream_free(struct upstream *p); /* behind the loop, as what kas_start() is given */
const char *upstream_to(const struct upstream *p);
