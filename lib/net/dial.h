/* Dialled connections: the same stack as accepted ones, from the other side.
 *
 * Events: tcp.connect {peer, local} when it stands, tcp.dial_failed {peer, reason} when it does not; then those of
 * the tcp layer.
 */
#pragma once

#include "lib/net/conn.h"

struct dial;

struct dial_options {
    const char *host;        /* numeric */
    uint16_t port;
    uint32_t timeout_ms;     /* 0: 20 s, as grpc-go gives a connection */
    const char *who;         /* for the log */
    struct loop *loop;
    struct events *events;
    uint64_t *next_conn_id;
    /* Connected, and the socket layer stands: push the others; LAYER_OPEN goes up when this returns. The connection
     * is the callee's from here on: it ends it with conn_kill() or conn_close(), and learns of the end by on_free. */
    void (*build)(void *arg, struct conn *c);
    void (*failed)(void *arg, int error); /* errno; never from within dial_start() */
    void *arg;
};

/* 0; -EINVAL: the host is not numeric; -errno. *ret lives until build() or failed() is called, or dial_cancel(). */
int dial_start(const struct dial_options *o, struct dial **ret);
struct dial *dial_cancel(struct dial *d); /* NULL is fine; neither function will be called */
