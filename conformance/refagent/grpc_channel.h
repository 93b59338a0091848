/* Between the channel and its calls. */
#pragma once

#include <sys/queue.h>

#include "conformance/refagent/dial.h"
#include "conformance/refagent/grpc_client.h"
#include "conformance/refagent/h2_client.h"
#include "lib/base/buf.h"

struct timer;

TAILQ_HEAD(call_list, call);

/* One HTTP/2 connection. */
struct transport {
    LIST_ENTRY(transport) next;
    struct channel *channel;
    struct h2 *h2;
    struct call_list calls;
    char *goaway; /* "code: NO_ERROR, debug data: …", once it came */
    bool draining;
};

enum channel_state { CHANNEL_IDLE, CHANNEL_CONNECTING, CHANNEL_READY, CHANNEL_FAILURE };

struct channel {
    struct agent *agent;
    enum channel_state state;
    struct dial *dial;
    struct transport *current; /* connecting or ready */
    LIST_HEAD(, transport) transports;
    struct call_list waiting;
    struct timer *deadline, *backoff;
    unsigned retries;
    uint64_t backoff_ms, started_ns;
    char *error; /* of the last attempt */
    bool pumping, gone;
};

struct call {
    TAILQ_ENTRY(call) next;
    struct channel *channel;
    struct transport *transport; /* NULL: waits for one */
    struct h2_stream *stream;
    char *path;
    const struct call_events *ev;
    void *arg;
    bool was_opened, retried, got_headers, end_sent;
    bool *alive; /* set to false when it is freed while its owner looks at a message */
    struct grpc_headers head;
    struct buf in;  /* gRPC frames */
    struct buf out; /* all that was sent, for grpc-go's transparent retry; until the server answers */
};

void channel_pump_later(struct channel *c);
/* The call has left its transport; an old one goes with its last call. */
void transport_maybe_free(struct transport *t);

/* Puts a waiting call onto a connection; false: the connection does not take it. */
bool call_open(struct call *c, struct transport *t);
/* Takes it off its lists, tells its owner, frees. */
void call_finish(struct call *c, int code, const char *message);
/* Back to waiting, if grpc-go would retry it behind its owner's back. */
bool call_retry(struct call *c);
