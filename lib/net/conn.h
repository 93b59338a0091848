/* One connection: a stack of layers over a socket, its moments, and what can be done to it.
 *
 * Owned by the listener that accepted it; freed by the loop after conn_kill() or after the socket is gone.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "lib/events/events.h"
#include "lib/loop/loop.h"
#include "lib/net/layer.h"

/* What to do at a moment. Belongs to the scenario; `args` is never NULL (an object, array or scalar). */
struct action {
    const char *verb;           /* "respond", "reset", "delay", "send", … */
    const json_t *args;
    const struct action *next;  /* `do:` may be a list: done one after the other */
};

/* Who decides what happens at a moment (lib/script implements it). NULL: carry on as the protocol wants. */
struct moments {
    const struct action *(*at)(struct moments *m, struct conn *c, int64_t stream, const char *moment,
                               const json_t *facts);
    /* Would at() ever answer for this moment? Cheap; lets noisy layers not build facts for nobody. */
    bool (*cares)(struct moments *m, const char *moment);
};

struct conn {
    uint64_t id;              /* from 1, in order of arrival, unique in the event log */
    const char *who;          /* whose connection, for the log: "kas" */
    struct loop *loop;        /* borrowed */
    struct events *events;    /* borrowed */
    struct moments *moments;  /* borrowed; NULL: none */
    struct layer *bottom, *top;
    bool dead;                /* nothing may be sent or given up any more */
    bool stalled;             /* reads nothing and sends nothing, on a scenario's word */
    bool held;                /* conn_hold(): whoever takes its bytes has no room for more */
    bool server;              /* accepted, not dialled */
    char peer[64], local[64]; /* "127.0.0.1:40012" */
    uint64_t accepted_ns;
    void *user;               /* whoever built the stack */
    void (*on_free)(struct conn *c); /* NULL or: called before the layers are freed */
    TAILQ_ENTRY(conn) link;   /* the listener's list */

    /* For lib/net only. */
    char at[32];              /* the moment that was answered last */
    struct acting *acting;    /* lists of actions under way, see conn_act_all() */
    void (*hold)(struct conn *c);                   /* `held` has changed; NULL: this one cannot be held */
    void (*sever)(struct conn *c, const char *why); /* ends what is beneath (the socket), leaves its owner's list */
    void (*release)(struct conn *c);                /* last call; NULL: conn_free() */
    void *owner;              /* the listener */
};

/* Puts a layer on top. From here on the connection owns it. */
void conn_push(struct conn *c, struct layer *l);

/* Writes the event and asks the scenario. `facts` is stolen, NULL is fine. NULL: nothing to be done.
 * For noisy moments call conn_cares() first and skip the rest if it says no. */
const struct action *conn_moment(struct conn *c, int64_t stream, const char *moment, json_t *facts);
bool conn_cares(struct conn *c, const char *moment);
/* Asks without writing the event: its owner writes it when more is known, under the same name. `facts` is stolen. */
const struct action *conn_ask(struct conn *c, int64_t stream, const char *moment, json_t *facts);
bool conn_asked(struct conn *c, const char *moment); /* would conn_ask() ever answer? */
/* The same for moments that are not noisy: false if there is neither log, nor subscriber, nor fault for it. */
bool conn_heard(struct conn *c, const char *moment);
/* Only writes the event. */
void conn_event(struct conn *c, int64_t stream, const char *event, json_t *facts);

/* Does one action that every layer has: at layer `l`,
 *   reset, close, half_close, stall   on the socket or by the protocol's goodbye (args: {layer: NAME} chooses)
 *   send: {text|hex|base64: …}        exactly these bytes to the layer beneath l
 *   shape: {latency, …}               a poor network from here on, see shape.h; does not take the protocol's place
 *   delay: 2s                         a list only can wait: see conn_act_all(); alone it does nothing
 * false: the verb is not one of these. */
bool conn_act(struct conn *c, struct layer *l, const struct action *a);

/* Does a whole list at layer l, and is done when it answers true. An action that conn_act() does not know is given
 * to `own`, which answers whether it knew it; an unknown one is an event "fault.unknown". A `delay` stops here and
 * goes on with the rest later; when the list has been done `done` is called with what `own` was given. done also
 * tells whether the protocol should still do what it was about to do: `carry_on` is true when the list held only
 * delays and shapes, or ended with `pass`. NULL list: done is called at once with carry_on true. */
typedef bool (*own_action_fn)(void *arg, const struct action *a);
typedef void (*acted_fn)(void *arg, bool carry_on);
void conn_act_all(struct conn *c, struct layer *l, const struct action *list, own_action_fn own, acted_fn done,
                  void *arg);
/* `done` is called exactly once. If the connection dies while a list waits, that is just before the layers are freed,
 * with carry_on false and c->dead true. Whoever frees `arg` before (a stream that is reset) cancels: no `done`. */
void conn_act_cancel(struct conn *c, void *arg);
/* Milliseconds of a `delay`: "2s", 2000, {ms: 2000}, {for: 2s}. 0, or -EINVAL and *ret_ms untouched. */
int action_delay(const json_t *args, int64_t *ret_ms);

/* While it is held nothing more is read of it: the peer sees its window shut. What was read already still goes up. */
void conn_hold(struct conn *c, bool held);
void conn_close(struct conn *c, enum layer_close how); /* from the top: each layer says its goodbye */
void conn_kill(struct conn *c, const char *why);       /* marks dead, closes the socket, frees later */

/* Bytes of a `send`-like argument: "text", {text}, {hex}, {base64}, a list of such or {of: such}, each object also
 * with {times: N}; a new buffer, the caller's. -EINVAL if none, or if it is more than 64 MiB. */
int action_bytes(const json_t *args, uint8_t **ret, size_t *ret_len);
