/* Our frames, and the key of the handshake. */
#include "lib/proto/websocket_session.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/mem.h"

ssize_t ws_frame_output(const uint8_t *p, size_t n, int flags, void *arg)
{
    struct ws *w = arg;
    buf_add(&w->out, p, n);
    return (ssize_t)n;
}

int ws_frame_mask(uint8_t *to, size_t n, void *arg)
{
    return getrandom(to, n, 0) == (ssize_t)n ? 0 : -1;
}

static void add_frame(struct ws *w, uint8_t opcode, bool fin, const void *p, size_t n)
{
    struct wslay_frame_iocb f = {.fin = fin, .opcode = opcode, .payload_length = n, .mask = !w->o.server, .data = p,
                                 .data_length = n};
    wslay_frame_send(w->frames, &f); /* ws_frame_output() takes everything: it is whole after one call */
}

void ws_write_out(struct ws *w)
{
    struct buf out = w->out;
    w->out = BUF_NULL;
    layer_down(&w->l, buf_data(&out), buf_len(&out));
    buf_done(&out);
}

void ws_frame(struct ws *w, uint8_t opcode, const void *p, size_t n)
{
    add_frame(w, opcode, true, p, n);
    ws_write_out(w);
}

void ws_frame_fields(struct ws *w, const struct ws_fields *f, const void *p, size_t n)
{
    static const uint8_t key[4] = {0x5a, 0xa5, 0x3c, 0xc3};
    uint8_t head[10] = {(uint8_t)(f->fin << 7 | (f->rsv & 7) << 4 | (f->opcode & 15))}, mask = f->mask ? 0x80 : 0;
    size_t len = 2, wide = f->length < 126 ? 0 : f->length < 65536 ? 2 : 8;
    head[1] = (uint8_t)(mask | (wide == 0 ? f->length : wide == 2 ? 126 : 127));
    for (size_t i = wide; i > 0; i--)
        head[len++] = (uint8_t)(f->length >> (8 * (i - 1)));
    buf_add(&w->out, head, len);
    if (!f->mask) {
        buf_add(&w->out, p, n);
        return;
    }
    buf_add(&w->out, key, sizeof(key));
    uint8_t *to = buf_reserve(&w->out, n);
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)(((const uint8_t *)p)[i] ^ key[i % 4]);
    buf_added(&w->out, n);
}

static void send_binary(struct ws *w, const uint8_t *p, size_t n)
{
    size_t most = w->o.fragment ? w->o.fragment : n;
    struct ws_fields f = {.opcode = w->form.opcode ? w->form.opcode : WSLAY_BINARY_FRAME, .rsv = w->form.rsv};
    bool plain = !w->form.mask && !w->form.rsv;
    do {
        size_t part = n < most ? n : most;
        f.fin = part == n;
        f.length = part;
        f.mask = !w->o.server != w->form.mask;
        if (plain)
            add_frame(w, f.opcode, f.fin, p, part);
        else
            ws_frame_fields(w, &f, p, part);
        if (!f.fin && w->form.between)
            add_frame(w, w->form.between, true, "", 0);
        f.opcode = WSLAY_CONTINUATION_FRAME;
        f.rsv = 0;
        p += part;
        n -= part;
    } while (n);
    ws_write_out(w);
}

static void send_decided(struct ws *w, bool carry_on)
{
    struct buf held = w->out_held;
    w->out_held = BUF_NULL;
    w->out_waits = false;
    if (carry_on && !w->close_sent)
        send_binary(w, buf_data(&held), w->out_first);
    buf_consume(&held, w->out_first);
    if (buf_len(&held) && !w->l.conn->dead)
        ws_message(w, buf_data(&held), buf_len(&held)); /* what came meanwhile is the next message */
    buf_done(&held);
}

void ws_message(struct ws *w, const uint8_t *p, size_t n)
{
    if (w->close_sent)
        return;
    if (w->out_waits) {
        buf_add(&w->out_held, p, n);
        return;
    }
    if (!conn_cares(w->l.conn, "ws.message")) {
        send_binary(w, p, n);
        return;
    }
    w->out_waits = true;
    w->out_first = n;
    buf_add(&w->out_held, p, n);
    ws_moment(w, "ws.message",
              json_pack("{s:s, s:I, s:b, s:s}", "opcode", "binary", "length", (json_int_t)n, "fin", !w->o.fragment,
                        "direction", "sent"),
              send_decided);
}

void ws_close_frame(struct ws *w, uint16_t code, const char *reason, size_t n)
{
    uint8_t payload[WS_CONTROL_MAX] = {(uint8_t)(code >> 8), (uint8_t)code};
    if (w->close_sent || w->closed_below || w->l.conn->dead)
        return;
    w->close_sent = true;
    if (n > sizeof(payload) - 2)
        n = sizeof(payload) - 2;
    memcpy(payload + 2, reason, n);
    json_t *text = json_stringn(reason, n);
    conn_event(w->l.conn, 0, "ws.close",
               json_pack("{s:i, s:o, s:s}", "code", code, "reason", text ? text : json_string(""), "by", "us"));
    /* 1005 is the word for a close frame without a code. */
    ws_frame(w, WSLAY_CONNECTION_CLOSE, payload, code == WSLAY_CODE_NO_STATUS_RCVD ? 0 : n + 2);
}

void ws_accept_key(const char *key, char out[29])
{
    uint8_t digest[SHA_DIGEST_LENGTH];
    _cleanup_(freep) char *text = xasprintf("%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    SHA1((const uint8_t *)text, strlen(text), digest);
    EVP_EncodeBlock((uint8_t *)out, digest, sizeof(digest));
}
