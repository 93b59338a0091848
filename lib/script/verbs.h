/* What steps and the control API may ask of any fake that serves: of its connections, of the calls on them, of itself.
 *
 *   on connections      close {layer}, reset, stall, half_close, shape {…}, ws_close {code, reason},
 *                       goaway {code, debug, last, graceful}, ping
 *   on calls            close_streams {method, stream, code, message}, end_streams {method} (status OK),
 *                       rst_streams {method, code}
 *   as faults do        act {layer, do, method, stream}: any verbs of faults at a layer of what is open; frame, settings,
 *                       ws_frame, fragment: one of them
 *   on the whole        stop {keep}, start, restart {down: 2s, keep}, fill_backlog, set_certificate {kind, hosts},
 *                       fault_on ID, fault_off ID
 * Those on connections and calls take `conn: N` and `transport: ws` to mean one, or some, only.
 *
 * A fake has one `struct verbs`, and says what is its own by the functions. Verbs of its own come before these.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct conn;
struct faults;
struct grpc_session;
struct kept;
struct loop;
struct timer;
struct ws;

/* One open connection, as its server knows it; for the call only. */
struct verbs_conn {
    struct conn *conn;
    const char *transport;        /* NULL: this server has no such thing */
    struct ws *ws;                /* NULL: no WebSocket, or not yet */
    struct grpc_session *session; /* NULL: no gRPC, or not yet */
};
typedef void (*verbs_conn_fn)(void *arg, const struct verbs_conn *c);

struct verbs_owner {
    /* Calls fn once for each connection; fn may end the one that it is given. */
    void (*each)(void *server, verbs_conn_fn fn, void *arg);
    void (*stop)(void *server, bool keep);          /* keep: the open connections live on */
    int (*start)(void *server, char **reterr);      /* after stop or fill_backlog; else nothing */
    int (*fill_backlog)(void *server, char **reterr);
    /* For the connections to come. NULL: it never speaks TLS. */
    int (*set_certificate)(void *server, const json_t *args, char **reterr);
    void (*failed)(void *server, const char *why);  /* a start that was put off could not be */
};

struct verbs {
    const struct verbs_owner *owner; /* static */
    void *server;
    struct loop *loop;     /* borrowed, as the next */
    struct faults *faults; /* NULL: none */

    /* For lib/script only. */
    struct timer *restart;
    struct kept *kept; /* lists of verbs that were given to connections */
};

bool verbs_knows(const char *verb);
/* 0, or -EINVAL and *reterr, or -ENOSYS: another verb. */
int verbs_perform(struct verbs *v, const char *verb, const json_t *args, char **reterr);
/* When the server ends: nothing is put off any more. */
void verbs_end(struct verbs *v);
/* When its connections have gone, too. */
void verbs_done(struct verbs *v);
/* "\"x\" is no verb; did you mean y?", a new string: among these and those of the server itself, `own` of n. `who`: "the
 * fake KAS". */
char *verbs_unknown(const char *verb, const char *const *own, size_t n, const char *who);
