/* SPDY/3.1, the server's side: frames in and out, and the streams that they belong to. */
#include "fakekube/spdy.h"

#include <string.h>

#include "lib/base/mem.h"

enum { HEAD = 8, CONTROL_MAX = 64 * 1024, STREAMS_MAX = 256, DATA_MAX = 64 * 1024, HIGH = 256 * 1024 };

struct spdy {
    struct layer l; /* first */
    struct spdy_owner owner;
    struct spdy_block *block; /* owned */
    struct buf frame;         /* what has come of the head of a frame, or of a whole one of control */
    uint32_t data_id, left;   /* the frame of data that is under way, and what is still to come of it */
    bool data_fin;
    uint32_t last;            /* the highest number that the peer has given a stream */
    size_t n;
    bool away;                /* the peer opens no more streams */
    bool over;                /* the connection ends: nothing is read any more */
    TAILQ_HEAD(, spdy_stream) streams;
};

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static struct spdy_stream *find(const struct spdy *s, uint32_t id)
{
    struct spdy_stream *one;
    TAILQ_FOREACH (one, &s->streams, link)
        if (one->id == id)
            return one;
    return NULL;
}

struct spdy_stream *spdy_first(const struct spdy *s)
{
    return TAILQ_FIRST(&s->streams);
}

/* ---- out ---- */

static void send_all(struct spdy *s, struct buf *b)
{
    layer_down(&s->l, buf_data(b), buf_len(b));
    buf_done(b);
    if (!s->l.conn->dead)
        conn_hold(s->l.conn, layer_queued(&s->l) > HIGH);
}

static void send_two(struct spdy *s, enum spdy_frame type, uint32_t a, uint32_t b)
{
    struct buf out = BUF_NULL;
    spdy_frame_head(&out, type, 0, 8);
    spdy_put32(&out, a);
    spdy_put32(&out, b);
    send_all(s, &out);
}

static void end(struct spdy *s)
{
    s->over = true;
    layer_close_down(&s->l, LAYER_CLOSE);
}

static void goodbye(struct spdy *s, uint32_t status)
{
    if (s->over)
        return;
    send_two(s, SPDY_GOAWAY, s->last, status);
    end(s);
}

static void send_data(struct spdy_stream *s, const uint8_t *p, size_t n, uint8_t flags)
{
    struct buf out = BUF_NULL;
    spdy_put32(&out, s->id);
    spdy_put32(&out, (uint32_t)flags << 24 | (uint32_t)n);
    buf_add(&out, p, n);
    send_all(s->spdy, &out);
}

static void stream_free(struct spdy_stream *one)
{
    struct spdy *s = one->spdy;
    TAILQ_REMOVE(&s->streams, one, link);
    s->n--;
    s->owner.gone(s->owner.arg, one);
    json_decref(one->headers);
    free(one);
    if (s->away && !s->n && !s->over)
        end(s);
}

void spdy_send(struct spdy_stream *s, const void *p, size_t n)
{
    const uint8_t *at = p;
    while (s && n && !s->done && !s->spdy->l.conn->dead) {
        size_t piece = n < DATA_MAX ? n : DATA_MAX;
        send_data(s, at, piece, 0);
        at += piece;
        n -= piece;
    }
}

void spdy_end(struct spdy_stream *s)
{
    if (!s || s->done)
        return;
    s->done = true;
    send_data(s, NULL, 0, SPDY_FIN);
    if (s->ended)
        stream_free(s);
}

/* ---- streams in ---- */

static void peer_ended(struct spdy *s, uint32_t id)
{
    struct spdy_stream *one = find(s, id);
    if (!one || one->ended)
        return;
    one->ended = true;
    if (one->done)
        stream_free(one);
    else
        s->owner.ended(s->owner.arg, one);
}

/* headers: taken. */
static void open_stream(struct spdy *s, uint32_t id, uint8_t flags, json_t *headers)
{
    struct buf out = BUF_NULL;
    bool wrong = !(id & 1) || id <= s->last;
    if (wrong || s->n >= STREAMS_MAX || s->away || !s->owner.accepts(s->owner.arg, s, headers)) {
        send_two(s, SPDY_RST_STREAM, id, wrong ? SPDY_PROTOCOL_ERROR : SPDY_REFUSED_STREAM);
        s->last = wrong ? s->last : id;
        json_decref(headers);
        return;
    }
    struct spdy_stream *one = NEW(struct spdy_stream);
    *one = (struct spdy_stream){.id = s->last = id, .spdy = s, .headers = headers};
    TAILQ_INSERT_TAIL(&s->streams, one, link);
    s->n++;
    struct buf block = BUF_NULL;
    spdy_block_write(s->block, NULL, &block);
    spdy_frame_head(&out, SPDY_SYN_REPLY, 0, 4 + buf_len(&block));
    spdy_put32(&out, id);
    buf_add(&out, buf_data(&block), buf_len(&block));
    buf_done(&block);
    send_all(s, &out);
    s->owner.opened(s->owner.arg, one);
    if (flags & SPDY_FIN)
        peer_ended(s, id);
}

static void on_reset(struct spdy *s, uint32_t id)
{
    struct spdy_stream *one = find(s, id);
    if (one)
        stream_free(one);
}

/* ---- frames in ---- */

/* Those with a block of headers: what stands before it is `fixed` bytes long. NULL: the connection is over. */
static json_t *headers_of(struct spdy *s, const uint8_t *p, size_t n, size_t fixed)
{
    json_t *headers = n >= fixed ? spdy_block_read(s->block, p + fixed, n - fixed) : NULL;
    if (!headers)
        goodbye(s, SPDY_PROTOCOL_ERROR);
    return headers;
}

static void on_ping(struct spdy *s, uint32_t id)
{
    struct buf out = BUF_NULL;
    if (!(id & 1)) /* an answer to one of ours, and we send none */
        return;
    spdy_frame_head(&out, SPDY_PING, 0, 4);
    spdy_put32(&out, id);
    send_all(s, &out);
}

/* How long a frame is that has one length only; 0: it may have any. */
static size_t length_of(unsigned type)
{
    return type == SPDY_RST_STREAM || type == SPDY_GOAWAY || type == SPDY_WINDOW_UPDATE ? 8 : type == SPDY_PING ? 4 : 0;
}

static void control(struct spdy *s, unsigned type, uint8_t flags, const uint8_t *p, size_t n)
{
    json_t *headers;
    if (length_of(type) && n != length_of(type))
        goodbye(s, SPDY_PROTOCOL_ERROR);
    else if (type == SPDY_SYN_STREAM && (headers = headers_of(s, p, n, 10)))
        open_stream(s, get32(p) & INT32_MAX, flags, headers);
    else if ((type == SPDY_SYN_REPLY || type == SPDY_HEADERS) && (headers = headers_of(s, p, n, 4)))
        json_decref(headers);
    else if (type == SPDY_RST_STREAM)
        on_reset(s, get32(p) & INT32_MAX);
    else if (type == SPDY_PING)
        on_ping(s, get32(p));
    else if (type == SPDY_GOAWAY && !s->away) {
        s->away = true;
        if (!s->n)
            end(s);
    }
}

static void begin_data(struct spdy *s, const uint8_t *head)
{
    s->data_id = get32(head);
    s->left = get32(head + 4) & 0xffffff;
    s->data_fin = head[4] & SPDY_FIN;
    buf_consume(&s->frame, HEAD);
    if (!s->data_id || s->data_id > s->last)
        send_two(s, SPDY_RST_STREAM, s->data_id, SPDY_INVALID_STREAM); /* to one that has gone it is late, no more */
    if (!s->left && s->data_fin)
        peer_ended(s, s->data_id);
}

/* Adds what is wanted until `want` bytes are there. */
static size_t gather(struct spdy *s, size_t want, const uint8_t *p, size_t n)
{
    size_t more = want - buf_len(&s->frame);
    if (more > n)
        more = n;
    buf_add(&s->frame, p, more);
    return more;
}

static size_t frame_bytes(struct spdy *s, const uint8_t *p, size_t n)
{
    size_t used = buf_len(&s->frame) < HEAD ? gather(s, HEAD, p, n) : 0;
    if (buf_len(&s->frame) < HEAD)
        return used;
    const uint8_t *head = buf_data(&s->frame);
    size_t len = get32(head + 4) & 0xffffff;
    if (!(head[0] & 0x80)) {
        begin_data(s, head);
        return used;
    }
    if ((get32(head) >> 16 & 0x7fff) != 3 || len > CONTROL_MAX) {
        goodbye(s, SPDY_PROTOCOL_ERROR);
        return n;
    }
    used += gather(s, HEAD + len, p + used, n - used);
    if (buf_len(&s->frame) < HEAD + len)
        return used;
    head = buf_data(&s->frame);
    control(s, get32(head) & 0xffff, head[4], head + HEAD, len);
    buf_consume(&s->frame, HEAD + len);
    buf_trim(&s->frame);
    return used;
}

static size_t data_bytes(struct spdy *s, const uint8_t *p, size_t n)
{
    size_t used = n < s->left ? n : s->left;
    struct spdy_stream *one = find(s, s->data_id);
    s->left -= (uint32_t)used;
    if (one && !one->ended)
        s->owner.data(s->owner.arg, one, p, used);
    if (!s->left && s->data_fin)
        peer_ended(s, s->data_id);
    return used;
}

static void bytes_up(struct layer *l, const uint8_t *p, size_t n)
{
    struct spdy *s = (struct spdy *)l;
    while (n && !s->over && !l->conn->dead) {
        size_t used = s->left ? data_bytes(s, p, n) : frame_bytes(s, p, n);
        p += used;
        n -= used;
    }
}

/* ---- the layer ---- */

static void on_signal(struct layer *l, enum layer_signal sig, const char *reason)
{
    (void)reason;
    if (sig == LAYER_DRAINED)
        conn_hold(l->conn, false);
    else if (sig == LAYER_EOF)
        end((struct spdy *)l);
    else if (sig == LAYER_FAILED)
        conn_kill(l->conn, reason);
}

static void on_close(struct layer *l, enum layer_close how)
{
    if (how == LAYER_CLOSE)
        goodbye((struct spdy *)l, 0);
    else
        layer_close_down(l, how);
}

static void on_free(struct layer *l)
{
    struct spdy *s = (struct spdy *)l;
    struct spdy_stream *one;
    while ((one = TAILQ_FIRST(&s->streams))) {
        TAILQ_REMOVE(&s->streams, one, link);
        json_decref(one->headers);
        free(one);
    }
    s->owner.free(s->owner.arg);
    spdy_block_free(s->block);
    buf_done(&s->frame);
    free(s);
}

static const struct layer_ops ops = {.name = "spdy", .bytes_up = bytes_up, .signal = on_signal, .close = on_close, .free = on_free};

void spdy_push(struct conn *c, const struct spdy_owner *owner)
{
    struct spdy *s = NEW(struct spdy);
    s->l.ops = &ops;
    s->owner = *owner;
    s->block = spdy_block_new();
    TAILQ_INIT(&s->streams);
    conn_push(c, &s->l);
}
