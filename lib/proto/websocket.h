/* WebSocket frames (RFC 6455 §5) as a layer: binary messages carry a byte stream (wslay frames and checks).
 *
 * Up go the payloads of binary messages, as one stream. Down goes each call of bytes_down as one binary message,
 * unless a scenario cuts it. Receive limit a message: 10 MiB, then close 1009. Text: close 1003. Pings are answered.
 *
 * Moments: ws.open; ws.message {opcode, length, direction} (noisy); ws.ping; ws.close {code, reason, by}.
 * ws.message is asked when a message begins; length is that of its first frame. `by` is "peer" or "us".
 * Verbs: close: {code, reason} (a close frame, then the connection); withhold (ws.open: nothing goes up; ws.message: the
 * message is lost; ws.ping: no pong; ws.close: no answer); everything of conn_act(); `send` gives raw bytes beneath the
 * framing; and those of ws_act():
 *   ws_frame: {opcode, fin, rsv, mask, payload, length, count}   one frame by its fields; length is what its header
 *                                                                tells, count how often it is sent
 *   fragment: N, or {size, opcode, rsv, mask, between}           the form of our messages from here on: payload bytes
 *                                                                a frame (0: whole), and what is odd about them;
 *                                                                between: a control frame behind each fragment
 *   pass                                                         and then as if nothing had been said
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/net/layer.h"

struct ws_options {
    bool server;               /* false: frames are masked */
    size_t max_message;        /* 0: 10 MiB */
    size_t fragment;           /* 0: whole messages; else payload bytes per frame */
};

struct ws *ws_push(struct conn *c, const struct ws_options *o);
struct layer *ws_layer(struct ws *w);
void ws_close(struct ws *w, uint16_t code, const char *reason); /* then the connection, when the peer has answered */
/* What the peer's close frame said; false: it sent none. The reason is not terminated. */
bool ws_peer_close(const struct ws *w, uint16_t *code, const char **reason, size_t *n);
void ws_ping(struct ws *w, const void *p, size_t n);
/* false: another verb. What is wrong with its arguments is an event fault.failed. */
struct action;
bool ws_act(struct ws *w, const struct action *a);
/* base64(SHA-1(key + GUID)), RFC 6455 §4.2.2; out holds 29 bytes. */
void ws_accept_key(const char *key, char out[29]);
