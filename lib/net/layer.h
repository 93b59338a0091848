/* A connection as a stack of layers.
 *
 * GLOSSARY
 *   layer    one protocol on one connection: tcp, tls, http, ws, h2. Bytes of the peer travel up, ours travel down.
 *   signal   what a layer tells the one above: it is open, the peer has ended, it has failed.
 *   moment   a point in a layer's life, named "layer.moment", that is written to the event log and at which a
 *            scenario may put an action ("fault"). Asking is conn_moment(), in lib/net/conn.h.
 *   action   what a scenario wants done at a moment: a verb and its arguments. A layer does the verbs that are its
 *            own and hands every other one to conn_act().
 *
 *      tcp ─ tls ─ http ─ ws ─ h2 ─ grpc          ws, wss
 *      tcp ─ tls ───────────── h2 ─ grpc          grpc, grpcs
 *
 * A layer knows the one beneath it through this interface and nothing of the one above. Nothing here frees at once:
 * a connection is marked dead, and the loop frees it when the callbacks of this turn are done. A layer therefore
 * checks `l->conn->dead` after each call up or down that it goes on after.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct conn;
struct layer;

enum layer_signal {
    LAYER_OPEN,   /* may be written to now */
    LAYER_EOF,    /* the peer will send no more (FIN, close_notify, close frame) */
    LAYER_FAILED, /* broken; `reason` says how. Nothing more will come */
    LAYER_DRAINED /* what was sent has left us: more may be written */
};

enum layer_close {
    LAYER_CLOSE,      /* say goodbye as the protocol asks, after what is queued has gone out */
    LAYER_CLOSE_HALF, /* we send no more, and go on reading */
    LAYER_RESET       /* at once and without a word (RST) */
};

struct layer_ops {
    const char *name;
    void (*bytes_up)(struct layer *l, const uint8_t *p, size_t n);   /* from the layer beneath */
    void (*signal)(struct layer *l, enum layer_signal s, const char *reason);
    void (*bytes_down)(struct layer *l, const uint8_t *p, size_t n); /* from the layer above */
    void (*close)(struct layer *l, enum layer_close how);            /* from the layer above */
    size_t (*queued)(const struct layer *l); /* bytes not yet gone out, here and beneath; NULL: ask beneath */
    void (*free)(struct layer *l);
};

struct layer {
    const struct layer_ops *ops;
    struct conn *conn;            /* borrowed: the connection owns its layers */
    struct layer *above, *below;
};

/* What a layer calls on its neighbours. Each copes with a missing neighbour and with a dead connection. */
void layer_up(struct layer *l, const uint8_t *p, size_t n);              /* l->above gets bytes */
void layer_signal_up(struct layer *l, enum layer_signal s, const char *reason);
/* The raw path: exactly these bytes go to the layer beneath, whatever the protocol says. */
void layer_down(struct layer *l, const void *p, size_t n);
void layer_close_down(struct layer *l, enum layer_close how);
size_t layer_queued(const struct layer *l);
