/* SPDY/3.1 as far as kubectl speaks it: the server's side of exec and port-forward, as a layer behind a 101.
 *
 * The peer opens streams, each with headers; bytes go both ways on it until each side has ended its own. Frames: SYN_STREAM, SYN_REPLY,
 * DATA, RST_STREAM, PING, GOAWAY, HEADERS (read and forgotten), SETTINGS and WINDOW_UPDATE (likewise). Windows are not counted: the
 * clients that there are neither count them nor say how much they have read. A client that does not read is not read of (conn_hold()).
 * What breaks the protocol is answered with GOAWAY, and the connection ends. Limits: 64 KiB of headers a frame, 256 streams at once.
 *
 * SPDY Protocol - Draft 3.1, sections 2.2, 2.6 and 2.6.10.
 */
#pragma once

#include <jansson.h>
#include <sys/queue.h>

#include "lib/base/buf.h"
#include "lib/net/conn.h"

enum spdy_frame {
    SPDY_SYN_STREAM = 1,
    SPDY_SYN_REPLY,
    SPDY_RST_STREAM,
    SPDY_SETTINGS,
    SPDY_PING = 6,
    SPDY_GOAWAY,
    SPDY_HEADERS,
    SPDY_WINDOW_UPDATE
};
enum { SPDY_FIN = 1 }; /* flag: the sender's half ends with this frame */
enum spdy_status { SPDY_PROTOCOL_ERROR = 1, SPDY_INVALID_STREAM, SPDY_REFUSED_STREAM };

struct spdy;

/* Owned by the layer; freed when both halves have ended, when either side resets it, and with the connection. */
struct spdy_stream {
    uint32_t id;
    struct spdy *spdy;
    json_t *headers; /* lower-case name -> text */
    bool ended;      /* the peer's half */
    bool done;       /* ours */
    TAILQ_ENTRY(spdy_stream) link;
};

struct spdy_owner {
    bool (*accepts)(void *arg, struct spdy *s, const json_t *headers); /* false: the stream is refused */
    void (*opened)(void *arg, struct spdy_stream *s);                  /* accepted, and told so */
    void (*data)(void *arg, struct spdy_stream *s, const uint8_t *p, size_t n);
    void (*ended)(void *arg, struct spdy_stream *s); /* the peer sends no more on it */
    void (*gone)(void *arg, struct spdy_stream *s);  /* it is freed as soon as this returns; not said when all go with the connection */
    void (*free)(void *arg);                         /* the connection is gone */
    void *arg;
};

void spdy_push(struct conn *c, const struct spdy_owner *owner);
struct spdy_stream *spdy_first(const struct spdy *s); /* of those that are open; the others by TAILQ_NEXT(…, link) */
/* Both cope with NULL, and with a stream that we have ended. */
void spdy_send(struct spdy_stream *s, const void *p, size_t n);
void spdy_end(struct spdy_stream *s); /* may free it */

/* ---- header blocks (spdy_block.c) ---- */

/* zlib's state of one end, for both directions: each block builds on those before it. */
struct spdy_block;
struct spdy_block *spdy_block_new(void);
struct spdy_block *spdy_block_free(struct spdy_block *b);
/* Names and their first values, a new object. NULL: it is none, or too large, and nothing after it can be read. */
json_t *spdy_block_read(struct spdy_block *b, const uint8_t *p, size_t n);
void spdy_block_write(struct spdy_block *b, const json_t *headers, struct buf *out);
/* The head of a control frame; n: how long what follows is. */
void spdy_frame_head(struct buf *out, enum spdy_frame type, uint8_t flags, size_t n);
void spdy_put32(struct buf *out, uint32_t v);
