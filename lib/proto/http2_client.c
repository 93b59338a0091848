/* The HTTP/2 client session. As in http2.c, nghttp2 is not entered again from its own callbacks: everything only
 * submits, and pump() runs when the outermost call is done, or at the end of the turn. */
#include "lib/proto/http2_client_session.h"

#include <string.h>

#include "lib/base/mem.h"

enum { QUEUE_MAX = 256 * 1024, WRITE_CHUNK = 64 * 1024 };

/* sending */

static void reap(struct h2c *h)
{
    struct h2c_stream *s;
    while (!h->depth && (s = TAILQ_FIRST(&h->graves))) {
        TAILQ_REMOVE(&h->graves, s, link);
        buf_done(&s->out);
        free(s);
    }
}

void h2c_stream_over(struct h2c_stream *s, uint32_t code)
{
    struct h2c *h = s->h;
    if (s->closed)
        return;
    s->closed = true;
    nghttp2_session_set_stream_user_data(h->session, s->id, NULL);
    TAILQ_REMOVE(&h->streams, s, link);
    TAILQ_INSERT_TAIL(&h->graves, s, link);
    if (!h->forgotten)
        h->owner.closed(h->owner.arg, s, code);
}

static void end_session(struct h2c *h)
{
    struct h2c_stream *s;
    if (h->over)
        return;
    h->over = true;
    h->depth++;
    while ((s = TAILQ_FIRST(&h->streams)))
        h2c_stream_over(s, NGHTTP2_CANCEL);
    if (!h->forgotten)
        h->owner.gone(h->owner.arg);
    h->depth--;
    reap(h);
}

static void fail(struct h2c *h, const char *reason)
{
    conn_event(h->l.conn, 0, "h2.failed", json_pack("{s:s}", "reason", reason));
    end_session(h);
    layer_close_down(&h->l, LAYER_CLOSE);
}

static void free_memory(void *arg)
{
    struct h2c *h = arg;
    reap(h);
    nghttp2_session_del(h->session);
    buf_done(&h->out);
    buf_done(&h->head_bytes);
    free(h->heads);
    free(h);
}

static void tell_drained(struct h2c *h)
{
    struct h2c_stream *s, *next;
    h->any_drain = false;
    for (s = TAILQ_FIRST(&h->streams); s && !h2c_over(h); s = next) {
        next = TAILQ_NEXT(s, link);
        if (s->drain_pending && !buf_len(&s->out)) {
            s->drain_pending = false;
            h->owner.drained(h->owner.arg, s);
        }
    }
}

static void schedule(struct h2c *h)
{
    if (!h->depth && !h2c_over(h))
        turn_schedule(&h->turn, h->l.conn->loop);
}

static void pump(void *arg)
{
    struct h2c *h = arg;
    if (h->depth || !h->opened || h2c_over(h))
        return;
    h->depth++;
    const uint8_t *p;
    ssize_t n = 1;
    while (n > 0 && !h2c_over(h) && layer_queued(h->l.below) <= QUEUE_MAX) {
        while (buf_len(&h->out) < WRITE_CHUNK && (n = nghttp2_session_mem_send(h->session, &p)) > 0)
            buf_add(&h->out, p, (size_t)n);
        struct buf out = h->out; /* a callback beneath may make us add to it */
        h->out = BUF_NULL;
        layer_down(&h->l, buf_data(&out), buf_len(&out));
        buf_done(&out);
    }
    if (n < 0 && !h2c_over(h))
        fail(h, nghttp2_strerror((int)n));
    if (h->any_drain && !h2c_over(h))
        tell_drained(h);
    h->depth--;
    reap(h);
    if (h2c_over(h))
        return;
    if (n == 0 && nghttp2_session_want_write(h->session))
        schedule(h); /* drained() brought more */
    else if (!nghttp2_session_want_read(h->session) && !nghttp2_session_want_write(h->session)) {
        end_session(h);
        layer_close_down(&h->l, LAYER_CLOSE);
    }
}

static ssize_t read_data(nghttp2_session *session, int32_t id, uint8_t *to, size_t room, uint32_t *flags,
                         nghttp2_data_source *source, void *arg)
{
    struct h2c_stream *s = source->ptr;
    size_t n = buf_len(&s->out);
    if (s->closed || (n == 0 && !s->finished)) {
        s->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    if (n > room)
        n = room;
    memcpy(to, buf_data(&s->out), n);
    buf_consume(&s->out, n);
    if (buf_len(&s->out))
        return (ssize_t)n;
    buf_trim(&s->out);
    s->drain_pending = s->h->any_drain = true;
    if (s->finished)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

/* what the owner says */

struct h2c_stream *h2c_request(struct h2c *h, int32_t id, const struct h2_header *head, size_t n, void *user)
{
    if (h2c_over(h))
        return NULL;
    struct h2c_stream *s = NEW(struct h2c_stream);
    nghttp2_nv *nv = xcalloc(n ? n : 1, sizeof(*nv));
    nghttp2_data_provider provider = {.source.ptr = s, .read_callback = read_data};
    for (size_t i = 0; i < n; i++)
        nv[i] = (nghttp2_nv){(uint8_t *)head[i].name, (uint8_t *)head[i].value, head[i].name_len, head[i].value_len,
                             NGHTTP2_NV_FLAG_NONE};
    s->h = h;
    s->user = user;
    if (id > 0 && (uint32_t)id > nghttp2_session_get_next_stream_id(h->session))
        nghttp2_session_set_next_stream_id(h->session, id);
    s->id = nghttp2_submit_request(h->session, NULL, nv, n, &provider, s);
    free(nv);
    if (s->id < 0) {
        free(s);
        return NULL;
    }
    TAILQ_INSERT_TAIL(&h->streams, s, link);
    schedule(h);
    return s;
}

void *h2c_user(const struct h2c_stream *s)
{
    return s->user;
}

void h2c_set_user(struct h2c_stream *s, void *user)
{
    s->user = user;
}

int32_t h2c_id(const struct h2c_stream *s)
{
    return s->id;
}

static void wake(struct h2c_stream *s)
{
    if (s->deferred) {
        s->deferred = false;
        nghttp2_session_resume_data(s->h->session, s->id);
    }
    schedule(s->h);
}

void h2c_data(struct h2c_stream *s, const void *p, size_t n)
{
    if (s->closed || s->finished || h2c_over(s->h))
        return;
    buf_add(&s->out, p, n);
    wake(s);
}

void h2c_end(struct h2c_stream *s)
{
    if (s->closed || s->finished || h2c_over(s->h))
        return;
    s->finished = true;
    wake(s);
}

void h2c_rst(struct h2c_stream *s, uint32_t code)
{
    if (s->closed || h2c_over(s->h))
        return;
    nghttp2_submit_rst_stream(s->h->session, NGHTTP2_FLAG_NONE, s->id, code);
    schedule(s->h);
}

size_t h2c_queued(const struct h2c_stream *s)
{
    return buf_len(&s->out);
}

void h2c_give_back(struct h2c_stream *s)
{
    if (s->held || !s->owed || s->closed)
        return;
    nghttp2_session_consume_stream(s->h->session, s->id, s->owed);
    s->owed = 0;
}

void h2c_hold(struct h2c_stream *s, bool hold)
{
    s->held = hold;
    if (h2c_over(s->h))
        return;
    h2c_give_back(s);
    schedule(s->h);
}

void h2c_ping(struct h2c *h, const uint8_t data[8], bool ack)
{
    if (h2c_over(h))
        return;
    nghttp2_submit_ping(h->session, ack ? NGHTTP2_FLAG_ACK : NGHTTP2_FLAG_NONE, data);
    schedule(h);
}

void h2c_goaway(struct h2c *h, uint32_t code, const char *debug)
{
    if (h2c_over(h))
        return;
    nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE, 0, code, (const uint8_t *)debug, strlen(debug));
    schedule(h);
}

/* the layer */

static void open_session(struct h2c *h)
{
    if (h->opened || h2c_over(h))
        return;
    h->opened = true;
    int r = nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, NULL, 0); /* as grpc-go's client: none */
    if (r < 0)
        fail(h, nghttp2_strerror(r));
    else
        pump(h);
}

static void bytes_up(struct layer *l, const uint8_t *p, size_t n)
{
    struct h2c *h = CONTAINER_OF(l, struct h2c, l);
    if (h2c_over(h))
        return;
    h->depth++;
    ssize_t r = nghttp2_session_mem_recv(h->session, p, n);
    h->depth--;
    if (r < 0 && !h2c_over(h))
        fail(h, nghttp2_strerror((int)r));
    reap(h);
    pump(h);
}

static void signal_from_below(struct layer *l, enum layer_signal s, const char *reason)
{
    struct h2c *h = CONTAINER_OF(l, struct h2c, l);
    if (s == LAYER_OPEN)
        open_session(h);
    else if (s == LAYER_DRAINED)
        pump(h);
    layer_signal_up(l, s, reason); /* who stands above hears how it ended before the streams do */
    if (s == LAYER_EOF || s == LAYER_FAILED)
        end_session(h);
}

static void bytes_down(struct layer *l, const uint8_t *p, size_t n)
{
    layer_down(l, p, n);
}

static void close_layer(struct layer *l, enum layer_close how)
{
    struct h2c *h = CONTAINER_OF(l, struct h2c, l);
    if (how == LAYER_CLOSE)
        pump(h); /* what was said last */
    if (!l->conn->dead)
        layer_close_down(l, how);
}

static void free_layer(struct layer *l)
{
    struct h2c *h = CONTAINER_OF(l, struct h2c, l);
    end_session(h);
    turn_free(&h->turn);
}

static const struct layer_ops ops = {
    .name = "h2",
    .bytes_up = bytes_up,
    .signal = signal_from_below,
    .bytes_down = bytes_down,
    .close = close_layer,
    .free = free_layer,
};

static void start_nghttp2(struct h2c *h)
{
    nghttp2_session_callbacks *cbs;
    nghttp2_option *opt;
    if (nghttp2_session_callbacks_new(&cbs) || nghttp2_option_new(&opt))
        abort(); /* only for want of memory */
    h2c_receive_callbacks(cbs);
    nghttp2_option_set_no_http_messaging(opt, 1);
    nghttp2_option_set_no_auto_ping_ack(opt, 1);
    nghttp2_option_set_no_auto_window_update(opt, 1);
    nghttp2_option_set_no_closed_streams(opt, 1);
    nghttp2_option_set_peer_max_concurrent_streams(opt, 0xffffffffu);
    if (nghttp2_session_client_new2(&h->session, cbs, h, opt))
        abort();
    nghttp2_option_del(opt);
    nghttp2_session_callbacks_del(cbs);
}

struct h2c *h2c_push(struct conn *c, const struct h2c_owner *owner)
{
    struct h2c *h = NEW(struct h2c);
    h->l.ops = &ops;
    h->turn = (struct turn){.work = pump, .free = free_memory, .arg = h};
    h->owner = *owner;
    TAILQ_INIT(&h->streams);
    TAILQ_INIT(&h->graves);
    start_nghttp2(h);
    conn_push(c, &h->l);
    return h;
}

void h2c_forget(struct h2c *h)
{
    h->forgotten = true;
    end_session(h);
}

struct conn *h2c_conn(const struct h2c *h)
{
    return h->l.conn;
}
