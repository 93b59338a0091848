/* gRPC server calls on an HTTP/2 session: framing, gzip both ways, statuses, in grpc-go's words.
 *
 * Moments: grpc.request {service, method, path, authority, scheme, user_agent, encoding, accept_encoding, headers: {…}};
 * grpc.message {service, method, direction: "received"|"sent", n, message: {…decoded…}, size, compressed} (noisy: asked
 * for with events_want()); grpc.end (client half-closed); grpc.status {service, method, code, name, message} before a
 * status goes out; grpc.closed {service, method, code}.
 * Verbs at grpc.request, grpc.message, grpc.end and grpc.status, besides those of conn_act():
 *   status: {code, message}          (code by name or number, also `trailers_only: false`)
 *   rst_stream: CODE    goaway: {code, debug, last, graceful}    frame, settings (see h2_act())
 *   end                              END_STREAM without trailers
 *   message: {…}                     a reply, from YAML; at a message that is being sent: instead of it
 *   bytes: {hex}                     these bytes where a framed message would stand
 *   repeat: N                        at a message that is being sent: so many of it
 *   headers: {name: value}           in the response's HEADERS, over what would stand there; a value is a text, a
 *                                    number, {hex} and the like, or a list of such
 *   trailers: {name: value}          the end of the call with exactly these; before HEADERS with :status and content-type
 *   respond: {status, headers, body} an answer that is no gRPC, as a proxy gives it
 *   withhold                         nothing
 *   pass                             and then as if nothing had been said: the request is served, the message goes on
 * A `delay` holds this call alone, and its later messages stay behind the one that waits.
 * `authorization` never appears in an event: headers show "Bearer <token>".
 */
#pragma once

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "lib/proto/http2.h"

enum grpc_code {
    GRPC_OK, GRPC_CANCELLED, GRPC_UNKNOWN, GRPC_INVALID_ARGUMENT, GRPC_DEADLINE_EXCEEDED, GRPC_NOT_FOUND,
    GRPC_ALREADY_EXISTS, GRPC_PERMISSION_DENIED, GRPC_RESOURCE_EXHAUSTED, GRPC_FAILED_PRECONDITION, GRPC_ABORTED,
    GRPC_OUT_OF_RANGE, GRPC_UNIMPLEMENTED, GRPC_INTERNAL, GRPC_UNAVAILABLE, GRPC_DATA_LOSS, GRPC_UNAUTHENTICATED
};
const char *grpc_code_name(int code);               /* "Unauthenticated", as grpc-go prints it */
int grpc_code_parse(const json_t *v, int *ret);     /* 16, "UNAUTHENTICATED" or "Unauthenticated" */

struct grpc_call;
struct grpc_server;
struct grpc_session; /* one HTTP/2 connection of a server */

struct grpc_method {
    const char *path;                        /* "/gitlab.agent.reverse_tunnel.rpc.ReverseTunnel/Connect" */
    const ProtobufCMessageDescriptor *in, *out;
    bool client_streams, server_streams;
    void (*open)(struct grpc_call *call);    /* headers arrived, authenticate() said yes. May be NULL */
    void (*message)(struct grpc_call *call, const uint8_t *p, size_t n); /* one whole, decompressed message */
    void (*half_closed)(struct grpc_call *call);  /* may be NULL */
    void (*closed)(struct grpc_call *call);  /* last, once for each call that was opened, never from within another
                                                of the call's callbacks; free what user holds. May be NULL */
};

/* "Connect", "ReverseTunnel/Connect", or its path. */
bool grpc_method_is(const struct grpc_method *m, const char *pattern);

struct grpc_server_options {
    /* NULL-path-terminated; borrowed. */
    const struct grpc_method *methods;
    /* Called before open(), and for unknown methods not at all. Answers GRPC_OK, or the status to end the call with
     * (*ret_message is static or owned by the callee). */
    int (*authenticate)(void *arg, struct grpc_call *call, const char **ret_message);
    bool (*serves)(void *arg, const struct grpc_method *m);  /* false: as if unknown. NULL: all */
    /* Extra response headers for each call, e.g. x-gitlab-correlation-id: {name: value}; NULL: none. New reference. */
    json_t *(*headers)(void *arg, struct grpc_call *call); /* asked once, before the first HEADERS go out; not for
                                                              calls that end before authenticate() */
    bool no_gzip;             /* behaves as if no decompressor were installed */
    bool reply_gzip;          /* compress replies when the client accepts it */
    int as_grpc_go;           /* 42: refuses what is no gRPC as grpc-go 1.42 does; 0: in words for people too */
    size_t max_message;       /* received; 0: 4 MiB, then ResourceExhausted in grpc-go's words */
    struct h2_options h2;
    /* Calls that go on to another server (grpc_relay.h): what grpc-go would refuse is passed on. */
    bool relay;
    const struct grpc_method *any; /* serves each path that is in no row; NULL: those are refused */
    void (*drained)(void *arg, struct grpc_call *call); /* all replies of the call have gone. May be NULL */
    void (*ping)(void *arg, struct grpc_session *s, const uint8_t data[8], bool ack); /* see h2_owner */
    void (*goaway)(void *arg, struct grpc_session *s, uint32_t code, const char *debug);
    void (*session)(void *arg, struct grpc_session *s, bool open); /* came, goes. May be NULL */
    void *arg;
};

struct grpc_server *grpc_server_new(const struct grpc_server_options *o);
struct grpc_server *grpc_server_free(struct grpc_server *s); /* after its connections */
/* Pushes HTTP/2 on the connection and serves it. */
struct grpc_session *grpc_serve(struct grpc_server *s, struct conn *c);
struct h2 *grpc_session_h2(struct grpc_session *s);
void grpc_session_each_call(struct grpc_session *s, void (*fn)(void *arg, struct grpc_call *c), void *arg);
void grpc_session_set_user(struct grpc_session *s, void *user);
void *grpc_session_user(struct grpc_session *s);

/* Calls. */
const struct grpc_method *grpc_call_method(const struct grpc_call *c);
struct grpc_session *grpc_call_session(const struct grpc_call *c);
struct conn *grpc_call_conn(const struct grpc_call *c);
int32_t grpc_call_stream(const struct grpc_call *c);
const char *grpc_call_header(const struct grpc_call *c, const char *name); /* NULL: not there */
void *grpc_call_arg(const struct grpc_call *c);   /* options.arg */
void grpc_call_set_user(struct grpc_call *c, void *user);
void *grpc_call_user(const struct grpc_call *c);
bool grpc_call_half_closed(const struct grpc_call *c);
/* Replies. Each may be called when the call has already ended: then it does nothing. */
void grpc_send(struct grpc_call *c, const void *message, size_t n);
int grpc_send_json(struct grpc_call *c, const json_t *message, char **reterr); /* by method->out; reterr caller's */
/* Ends the call: trailers-only if nothing was sent and trailers_only semantics of grpc-go apply. */
void grpc_finish(struct grpc_call *c, int code, const char *message);
/* A scenario's verbs, outside of any moment. The list must live as long as the connection. */
void grpc_call_do(struct grpc_call *c, const struct action *list);
void grpc_call_rst(struct grpc_call *c, uint32_t h2_code);
