/* Frames of the peer (RFC 6455 §5): wslay cuts and unmasks them, here stands what they may be.
 *
 * Nothing is kept of a message: payload goes up as it comes, all of one turn together. Reasons of close frames are
 * those of a KAS, which its peer prints.
 */
#include "lib/proto/websocket_session.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"

enum { UP_CHUNK = 64 * 1024 };

ssize_t ws_frame_input(uint8_t *to, size_t n, int flags, void *arg)
{
    struct ws *w = arg;
    size_t have = buf_len(&w->in);
    if (have == 0)
        return -1; /* wslay: want read */
    if (n > have)
        n = have;
    memcpy(to, buf_data(&w->in), n);
    buf_consume(&w->in, n);
    return (ssize_t)n;
}

static void flush_up(struct ws *w)
{
    if (w->in_waits || !buf_len(&w->up))
        return;
    struct buf up = w->up;
    w->up = BUF_NULL;
    layer_up(&w->l, buf_data(&up), buf_len(&up));
    buf_done(&up);
}

/* The peer has broken the rules; what it said before that still counts. */
static void fail(struct ws *w, uint16_t code, const char *why)
{
    flush_up(w);
    if (!w->l.conn->dead)
        ws_fail(w, code, why);
}

/* control frames */

static void pong(struct ws *w, bool carry_on)
{
    if (carry_on && !w->close_sent)
        ws_frame(w, WSLAY_PONG, buf_data(&w->control), buf_len(&w->control));
}

static void ping_came(struct ws *w)
{
    char hex[2 * WS_CONTROL_MAX + 1] = "";
    for (size_t i = 0; i < buf_len(&w->control); i++)
        snprintf(hex + 2 * i, 3, "%02x", buf_data(&w->control)[i]);
    ws_moment(w, "ws.ping", json_pack("{s:s, s:s}", "by", "peer", "data", hex), pong);
}

static void answer_close(struct ws *w, bool carry_on)
{
    uint16_t code = WSLAY_CODE_NO_STATUS_RCVD;
    if (!carry_on && !w->close_sent)
        return;
    if (buf_len(&w->control) >= 2)
        code = (uint16_t)(buf_data(&w->control)[0] << 8 | buf_data(&w->control)[1]);
    ws_close_frame(w, code, "", 0);
    if (!w->l.conn->dead)
        ws_finish(w);
}

static bool code_may_be_sent(uint16_t code)
{
    if (code >= 3000 && code < 5000)
        return true;
    return code >= 1000 && code <= 1014 && code != 1004 && code != WSLAY_CODE_NO_STATUS_RCVD &&
           code != WSLAY_CODE_ABNORMAL_CLOSURE;
}

static void close_came(struct ws *w)
{
    const uint8_t *p = buf_data(&w->control);
    size_t n = buf_len(&w->control);
    uint16_t code = (uint16_t)(n >= 2 ? p[0] << 8 | p[1] : WSLAY_CODE_NO_STATUS_RCVD);
    json_t *reason = n > 2 ? json_stringn((const char *)p + 2, n - 2) : json_string("");
    if (n == 1 || (n >= 2 && !code_may_be_sent(code)) || !reason) {
        fail(w, reason ? WSLAY_CODE_PROTOCOL_ERROR : WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA,
             "received invalid close payload");
        json_decref(reason);
        return;
    }
    flush_up(w);
    if (w->l.conn->dead) {
        json_decref(reason);
        return;
    }
    w->deaf = true;
    ws_moment(w, "ws.close", json_pack("{s:i, s:o, s:s}", "code", code, "reason", reason, "by", "peer"),
              answer_close);
}

bool ws_peer_close(const struct ws *w, uint16_t *code, const char **reason, size_t *n)
{
    const uint8_t *p = buf_data(&w->control);
    if (!w->deaf || w->opcode != WSLAY_CONNECTION_CLOSE)
        return false;
    bool coded = buf_len(&w->control) >= 2;
    *code = (uint16_t)(coded ? p[0] << 8 | p[1] : WSLAY_CODE_NO_STATUS_RCVD);
    *reason = (const char *)p + (coded ? 2 : 0);
    *n = coded ? buf_len(&w->control) - 2 : 0;
    return true;
}

/* messages */

static void message_decided(struct ws *w, bool carry_on)
{
    bool waited = w->in_waits;
    w->in_waits = false;
    if (!carry_on) {
        w->dropping = w->in_message;
        buf_done(&w->up);
    }
    if (waited && !w->reading)
        ws_read(w);
}

static void message_begins(struct ws *w, const struct wslay_frame_iocb *f)
{
    w->in_message = true;
    w->message_size = 0;
    w->dropping = false;
    if (!conn_cares(w->l.conn, "ws.message"))
        return;
    flush_up(w); /* what came before is not this message's */
    if (w->l.conn->dead)
        return;
    w->in_waits = true;
    ws_moment(w, "ws.message",
              json_pack("{s:s, s:I, s:b, s:s}", "opcode", f->opcode == WSLAY_TEXT_FRAME ? "text" : "binary", "length",
                        (json_int_t)f->payload_length, "fin", f->fin, "direction", "received"),
              message_decided);
}

/* frames */

/* What is wrong with the header of a frame: a close code, and why; 0: nothing. */
static uint16_t frame_wrong(struct ws *w, const struct wslay_frame_iocb *f, char why[96])
{
    const size_t n = 96;
    uint16_t code = WSLAY_CODE_PROTOCOL_ERROR;
    if (f->rsv)
        snprintf(why, n, "received header with unexpected rsv bits set: %s:%s:%s", f->rsv & 4 ? "true" : "false",
                 f->rsv & 2 ? "true" : "false", f->rsv & 1 ? "true" : "false");
    else if (w->o.server && !f->mask)
        snprintf(why, n, "received unmasked frame from client");
    else if (!w->o.server && f->mask)
        snprintf(why, n, "received masked frame from server");
    else if (f->opcode > WSLAY_PONG || (f->opcode > WSLAY_BINARY_FRAME && f->opcode < WSLAY_CONNECTION_CLOSE))
        snprintf(why, n, "received unknown opcode %d", f->opcode);
    else if (wslay_is_ctrl_frame(f->opcode))
        code = 0;
    else if (f->opcode == WSLAY_CONTINUATION_FRAME && !w->in_message)
        snprintf(why, n, "received continuation frame without text or binary frame");
    else if (f->opcode != WSLAY_CONTINUATION_FRAME && w->in_message)
        snprintf(why, n, "received new data message without finishing the previous message");
    else
        code = 0;
    return code;
}

/* false: reading ends here. */
static bool frame_begins(struct ws *w, const struct wslay_frame_iocb *f)
{
    char why[96];
    uint16_t wrong = frame_wrong(w, f, why);
    if (wrong) {
        fail(w, wrong, why);
        return false;
    }
    w->in_frame = true;
    w->opcode = f->opcode;
    w->fin = f->fin;
    w->frame_left = f->payload_length;
    if (wslay_is_ctrl_frame(f->opcode)) {
        buf_done(&w->control);
        return true;
    }
    if (f->opcode != WSLAY_CONTINUATION_FRAME)
        message_begins(w, f);
    if (w->l.conn->dead || w->deaf)
        return false;
    if (f->opcode == WSLAY_TEXT_FRAME) {
        fail(w, WSLAY_CODE_UNSUPPORTED_DATA, "unexpected frame type read (expected MessageBinary): MessageText");
        return false;
    }
    if (f->payload_length > w->o.max_message || w->message_size + f->payload_length > w->o.max_message) {
        snprintf(why, sizeof(why), "read limited at %zu bytes", w->o.max_message + 1);
        fail(w, WSLAY_CODE_MESSAGE_TOO_BIG, why);
        return false;
    }
    w->message_size += f->payload_length;
    return true;
}

static void frame_ends(struct ws *w)
{
    w->in_frame = false;
    switch (w->opcode) {
    case WSLAY_PING:
        ping_came(w);
        break;
    case WSLAY_PONG:
        break;
    case WSLAY_CONNECTION_CLOSE:
        close_came(w);
        break;
    default:
        if (w->fin)
            w->in_message = w->dropping = false;
    }
}

static void payload_came(struct ws *w, const uint8_t *p, size_t n)
{
    if (wslay_is_ctrl_frame(w->opcode))
        buf_add(&w->control, p, n);
    else if (!w->dropping && !w->close_sent) /* what comes after our goodbye is not heard */
        buf_add(&w->up, p, n);
}

static bool may_read(const struct ws *w)
{
    return w->opened && !w->in_waits && !w->deaf && !w->l.conn->dead;
}

void ws_read(struct ws *w)
{
    if (w->reading)
        return;
    w->reading = true;
    while (may_read(w)) {
        struct wslay_frame_iocb f;
        ssize_t n = wslay_frame_recv(w->frames, &f);
        if (n == WSLAY_ERR_WANT_READ)
            break;
        if (n < 0) {
            fail(w, WSLAY_CODE_PROTOCOL_ERROR, "received malformed frame header");
            break;
        }
        if (!w->in_frame && !frame_begins(w, &f))
            break;
        payload_came(w, f.data, f.data_length);
        w->frame_left -= f.data_length;
        if (w->frame_left == 0)
            frame_ends(w);
        if (buf_len(&w->up) >= UP_CHUNK)
            flush_up(w);
    }
    if (may_read(w))
        flush_up(w);
    w->reading = false;
    if (w->deaf)
        buf_done(&w->in);
    else
        buf_trim(&w->in);
}
