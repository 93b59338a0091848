/* What the files of the WebSocket layer share; nobody else includes it.
 *
 *   websocket.c        the layer: opening, closing, moments
 *   websocket_read.c   frames of the peer
 *   websocket_write.c  our frames
 *   websocket_act.c    what a scenario does to them: frames by their fields, and the form of the usual ones
 */
#pragma once

#include <wslay/wslay.h>

#include "lib/base/buf.h"
#include "lib/net/conn.h"
#include "lib/proto/websocket.h"

enum { WS_MAX_MESSAGE = 10 * 1024 * 1024, WS_CONTROL_MAX = 125, WS_CLOSE_WAIT_MS = 1000 };

/* A frame by its fields, whatever the protocol says of them. */
struct ws_fields {
    uint8_t opcode, rsv;    /* 0 to 15; 0 to 7 */
    bool fin, mask;
    uint64_t length;        /* that the header tells */
};

/* What a scenario wants of the frames of our messages. */
struct ws_form {
    uint8_t opcode;         /* of the first frame of a message; 0: binary */
    uint8_t rsv;            /* of the first frame */
    uint8_t between;        /* opcode of a control frame behind each fragment but the last; 0: none */
    bool mask;              /* masked if ours should not be, and the other way round */
};

struct ws {
    struct layer l;
    struct ws_options o;
    struct ws_form form;
    wslay_frame_context_ptr frames; /* owned */
    struct timer *close_timer;      /* waits for the peer's close frame */
    struct buf in;                  /* read, not yet framed */
    struct buf up;                  /* payload of this turn */
    struct buf control;             /* payload of the control frame being read */
    struct buf out;                 /* our frames of this call */
    struct buf out_held;            /* payload behind a message that a scenario delays */
    size_t out_first;               /* … of which so much is that message's */
    uint64_t frame_left, message_size;
    uint8_t opcode;                 /* of the frame being read */
    bool fin : 1;
    bool in_frame : 1;
    bool in_message : 1;
    bool dropping : 1;              /* the message being read is withheld */
    bool reading : 1;
    bool opened : 1;                /* reads */
    bool in_waits : 1;              /* reading waits for a scenario's delay */
    bool out_waits : 1;
    bool deaf : 1;                  /* nothing more is read: closed by the peer, or broken */
    bool close_sent : 1;
    bool eof_below : 1;
    bool eof_told : 1;
    bool closed_below : 1;
};

/* websocket.c */
typedef void (*ws_decided_fn)(struct ws *w, bool carry_on);
void ws_moment(struct ws *w, const char *moment, json_t *facts, ws_decided_fn decided);
void ws_fail(struct ws *w, uint16_t code, const char *reason);
void ws_finish(struct ws *w);    /* says EOF above, closes beneath; once */

/* websocket_read.c */
void ws_read(struct ws *w);
ssize_t ws_frame_input(uint8_t *to, size_t n, int flags, void *arg);

/* websocket_write.c */
ssize_t ws_frame_output(const uint8_t *p, size_t n, int flags, void *arg);
int ws_frame_mask(uint8_t *to, size_t n, void *arg);
void ws_frame(struct ws *w, uint8_t opcode, const void *p, size_t n);
void ws_frame_fields(struct ws *w, const struct ws_fields *f, const void *p, size_t n); /* collected in w->out */
void ws_write_out(struct ws *w);
void ws_message(struct ws *w, const uint8_t *p, size_t n);
void ws_close_frame(struct ws *w, uint16_t code, const char *reason, size_t n); /* once */
