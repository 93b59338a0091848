/* What the files of gRPC share; nobody else includes it.
 *
 *   grpc_server.c   methods, sessions, and whether a request becomes a call
 *   grpc_call.c     a call's life and what may be asked of it
 *   grpc_receive.c  bytes of the client: framing, gzip, messages
 *   grpc_send.c     headers, messages and statuses to the client
 *   grpc_act.c      moments: what a scenario wants instead
 *   grpc_facts.c    what is written of them
 *   grpc_relay.c    calls that go on to another server
 *   grpc_code.c     statuses by name, and the encoding of their text
 *
 *        data ─► in ─(whole?)─► gunzip ─► moment received ─► method->message()
 *   grpc_send() ─► out (only while something waits) ─► moment sent ─► h2_data()
 *
 * A call is kept by `busy` while any function up the C stack works on it; when its stream has closed and nobody does,
 * it goes. A session is kept by its calls.
 */
#pragma once

#include <sys/queue.h>

#include "lib/base/buf.h"
#include "lib/net/conn.h"
#include "lib/proto/grpc.h"

enum grpc_encoding { GRPC_ENC_NONE, GRPC_ENC_GZIP, GRPC_ENC_OTHER };
enum grpc_moment { GRPC_AT_REQUEST, GRPC_AT_RECEIVED, GRPC_AT_END, GRPC_AT_SENT, GRPC_AT_STATUS, GRPC_AT_STEP };

/* A reply, or the status that ends them. */
struct grpc_item {
    STAILQ_ENTRY(grpc_item) link;
    bool is_status;
    int code;
    char *text;           /* of a status; owned */
    uint8_t *bytes;       /* a message; owned */
    size_t n;
};

/* A moment that was answered with actions, until they are done. */
struct grpc_step {
    LIST_ENTRY(grpc_step) link;
    struct grpc_call *call;
    enum grpc_moment at;
    struct grpc_item *item; /* owned; NULL at request and end */
    bool pass;
};

struct grpc_call {
    struct grpc_session *session; /* kept */
    struct h2_stream *stream;     /* NULL once closed */
    const struct grpc_method *method; /* NULL: unknown */
    void *user;
    int32_t id;
    int busy;
    uint32_t n_received, n_sent, close_code;
    enum grpc_encoding encoding;
    bool listed : 1;       /* in the session's list */
    bool admitted : 1;     /* known method and encoding: response headers may be asked for */
    bool opened : 1;       /* the method's functions know it */
    bool plain : 1;        /* no gRPC client: answered as HTTP, when its request has ended */
    bool taken : 1;        /* a scenario has it: they never will, or no longer */
    bool in_held : 1;      /* a received message waits */
    bool in_pumping : 1;
    bool peer_ended : 1;
    bool end_told : 1;
    bool out_held : 1;     /* a reply waits */
    bool finishing : 1;    /* a status is under way: nothing more is taken from the method */
    bool ended : 1;        /* … and has gone */
    bool headers_asked : 1;
    bool headers_sent : 1;
    bool compress : 1;
    bool stream_closed : 1;
    json_t *extra_headers; /* owned */
    json_t *extra_trailers; /* owned; beside the status, of a call that is relayed */
    struct buf in;
    STAILQ_HEAD(, grpc_item) out;
    LIST_HEAD(, grpc_step) steps;
    TAILQ_ENTRY(grpc_call) link;
    const char *path, *service, *name; /* of the path; service is not terminated */
    size_t service_len;
    size_t n_headers;
    struct h2_header headers[]; /* and their text behind them */
};
TAILQ_HEAD(grpc_call_list, grpc_call);

struct grpc_session {
    struct grpc_server *server;
    struct conn *conn;
    struct h2 *h2;          /* NULL once gone */
    void *user;
    size_t keepers;         /* calls, and the HTTP/2 session itself */
    struct grpc_call_list calls;
};

struct grpc_method_entry;
struct grpc_service_entry;
struct grpc_server {
    struct grpc_server_options o;
    struct grpc_method_entry *methods;   /* by path; owned */
    struct grpc_service_entry *services; /* by name; owned */
    /* Lent to one message at a time, so that a connection that is idle holds neither. */
    struct buf plain; /* the message being given out, decompressed */
    struct buf frame; /* the message being sent */
};

/* grpc_server.c */
void grpc_accept(struct grpc_call *call); /* no scenario is in the way: refuse or open it */
void grpc_session_unkeep(struct grpc_session *s);

/* grpc_call.c */
struct grpc_call *grpc_call_new(struct grpc_session *s, struct h2_stream *stream, const struct h2_header *h, size_t n);
void grpc_call_keep(struct grpc_call *call);
void grpc_call_unkeep(struct grpc_call *call); /* may free it */
void grpc_call_stream_closed(struct grpc_call *call, uint32_t code);
void grpc_item_free(struct grpc_item *item);

/* grpc_receive.c */
void grpc_data(struct grpc_call *call, const uint8_t *p, size_t n);
void grpc_pump_in(struct grpc_call *call);
void grpc_deliver(struct grpc_call *call, const uint8_t *p, size_t n);
void grpc_deliver_end(struct grpc_call *call);

/* grpc_send.c: these write at once and ask nobody. */
void grpc_write_message(struct grpc_call *call, const void *p, size_t n);
void grpc_write_raw(struct grpc_call *call, const void *p, size_t n);
enum { GRPC_TRAILERS_AUTO = -1 };
void grpc_write_status(struct grpc_call *call, int code, const char *text, int trailers_only);
void grpc_write_refusal(struct grpc_call *call, int http_status, int code, const char *text);
void grpc_write_trailers(struct grpc_call *call, const json_t *trailers);
void grpc_write_plain(struct grpc_call *call, int http_status, const char *text); /* to who speaks no gRPC */
void grpc_write_end(struct grpc_call *call);
void grpc_write_respond(struct grpc_call *call, int status, const json_t *headers, const void *body, size_t n);
void grpc_set_headers(struct grpc_call *call, const json_t *headers);
void grpc_pump_out(struct grpc_call *call);

/* grpc_act.c: true if a scenario answered: its steps go on from there. `item` is then stolen. */
bool grpc_loud(const struct grpc_call *call, const char *moment); /* would anybody hear of it? */
bool grpc_act(struct grpc_call *call, enum grpc_moment at, json_t *facts, struct grpc_item *(*item)(void *arg),
              void *arg);
void grpc_steps_cancel(struct grpc_call *call);
void grpc_closed_moment(struct grpc_call *call);

bool grpc_out_waits(const struct grpc_call *call); /* replies wait behind a delayed one */
void grpc_headers_now(struct grpc_call *call);     /* HEADERS, if they have not gone out */

/* grpc_facts.c */
json_t *grpc_facts(const struct grpc_call *call); /* {service, method} */
json_t *grpc_request_facts(const struct grpc_call *call);
json_t *grpc_message_facts(const struct grpc_call *call, bool sent, uint32_t n, const uint8_t *p, size_t size,
                           bool compressed);
json_t *grpc_status_facts(const struct grpc_call *call, int code, const char *text);

/* grpc_code.c */
char *grpc_encode_text(const char *text); /* for grpc-message; a new string */
char *grpc_quote(const char *text);       /* as Go's %q; a new string */
