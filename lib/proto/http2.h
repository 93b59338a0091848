/* HTTP/2 server session as a layer (nghttp2, without sockets; HTTP-messaging checks off, because agents send an
 * :authority that nghttp2 refuses and a token may end in a newline).
 *
 * Moments: h2.settings {} before ours go out (verbs: withhold, pass, and conn_act's); h2.peer_settings {…};
 * h2.ping {ack, data} (noisy); h2.goaway {by, code, last, debug}; h2.rst_stream {by, code}; h2.frame (noisy);
 * h2.failed {reason}. `by` is "peer" or "us". Streams are told to the owner, which is lib/proto/grpc or a test.
 * What is queued here goes out at the end of the turn, in one write beneath.
 * Keepalive enforcement as KAS has it: min_ping_ms 20 000 between client pings without data, beyond two strikes GOAWAY
 * ENHANCE_YOUR_CALM "too_many_pings"; 0: tolerate all.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/net/layer.h"

struct action;
struct h2;
struct h2_stream;

struct h2_header {
    const char *name, *value; /* not NUL-safe beyond value_len; NUL-terminated all the same */
    size_t name_len, value_len;
};

struct h2_owner {
    void (*request)(void *arg, struct h2_stream *s, const struct h2_header *h, size_t n, bool end);
    void (*data)(void *arg, struct h2_stream *s, const uint8_t *p, size_t n);
    void (*end)(void *arg, struct h2_stream *s);               /* END_STREAM after data or trailers; not called when
                                                                  request() said end */
    void (*closed)(void *arg, struct h2_stream *s, uint32_t code); /* last call for s; also when the session dies */
    void (*drained)(void *arg, struct h2_stream *s);           /* everything queued on s has gone; may be NULL */
    void (*peer_ready)(void *arg, struct h2 *h);               /* preface and SETTINGS arrived; may be NULL */
    /* For whoever passes pings and goodbyes on: then no ping is answered here. May be NULL. */
    void (*ping)(void *arg, struct h2 *h, const uint8_t data[8], bool ack);
    void (*goaway)(void *arg, struct h2 *h, uint32_t code, const char *debug);
    void (*gone)(void *arg, struct h2 *h);                     /* the session is over, after closed() of every
                                                                  stream: last call of all; may be NULL */
    void *arg;
};

struct h2_options {
    uint32_t max_frame_size;        /* announced; 0: 16384, as KAS announces */
    uint32_t max_concurrent;        /* announced if not 0 */
    uint32_t window;                /* announced INITIAL_WINDOW_SIZE if not 0 */
    uint32_t max_header_list;       /* enforced; 0: 16 MiB as grpc-go */
    uint32_t min_ping_ms;           /* see above */
    bool manual_window;             /* h2_hold() works: a stream's window opens when its owner can take more */
};

struct h2 *h2_server_push(struct conn *c, const struct h2_options *o, const struct h2_owner *owner);
struct layer *h2_layer(struct h2 *h);
struct conn *h2_conn(const struct h2 *h);
bool h2_ended(const struct h2 *h); /* the connection has ended, or is about to */

int32_t h2_stream_id(const struct h2_stream *s);
struct h2 *h2_stream_session(const struct h2_stream *s);
void h2_stream_set_user(struct h2_stream *s, void *user);
void *h2_stream_user(const struct h2_stream *s);
struct h2_stream *h2_find(struct h2 *h, int32_t id);
void h2_each_stream(struct h2 *h, void (*fn)(void *arg, struct h2_stream *s), void *arg);
size_t h2_stream_count(const struct h2 *h);
size_t h2_queued(const struct h2_stream *s); /* not yet given to the connection */
void h2_hold(struct h2_stream *s, bool hold); /* while held, the peer's window for it is not opened again */

/* Response HEADERS; end: END_STREAM (trailers-only). Values are copied. */
void h2_respond(struct h2_stream *s, const struct h2_header *h, size_t n, bool end);
void h2_data(struct h2_stream *s, const void *p, size_t n); /* queued; cut by window and frame size */
void h2_trailers(struct h2_stream *s, const struct h2_header *h, size_t n); /* after what is queued, END_STREAM */
void h2_end(struct h2_stream *s);                           /* END_STREAM without trailers */
void h2_rst(struct h2_stream *s, uint32_t code);
/* last < 0: the last stream processed. graceful: 2^31-1 first, as grpc-go does, then the real one after the peer's
 * ping acknowledgement or 1 s. */
void h2_goaway(struct h2 *h, uint32_t code, const char *debug, int32_t last, bool graceful);
/* Exactly this frame; what is open stays so. */
void h2_goaway_frame(struct h2 *h, uint32_t code, const char *debug, int32_t last);
void h2_pong(struct h2 *h, const uint8_t data[8]);
void h2_ping(struct h2 *h, const uint8_t data[8]);
/* The verbs goaway: {code, debug, last, graceful}, rst_stream: CODE or {code} (s may be NULL: not known then), and
 *   frame: {type, flags, stream, payload, length, count}   a frame by its fields; stream is by default s's, length what
 *                                                          the header tells, count how often it is sent
 *   settings: {max_concurrent_streams: 0, "0x99": 1, …}    SETTINGS; at h2.settings in place of ours
 * false: another verb. */
bool h2_act(struct h2 *h, struct h2_stream *s, const struct action *a);
const char *h2_error_name(uint32_t code);       /* "ENHANCE_YOUR_CALM" */
int h2_error_code(const char *name, uint32_t *ret); /* by name or number; -EINVAL */
