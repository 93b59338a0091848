/* The HTTP/2 session as a layer: made, opened with our SETTINGS, pumped, ended.
 *
 * nghttp2 is the state machine; what it wants to say is collected for a turn and goes down in one write.
 */
#include "lib/proto/http2_session.h"

#include <string.h>

#include "lib/base/mem.h"

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/* sending */

static void write_out(struct h2 *h)
{
    if (!buf_len(&h->out))
        return;
    struct buf out = h->out; /* a callback beneath may make us add to h->out */
    h->out = BUF_NULL;
    layer_down(&h->l, buf_data(&out), buf_len(&out));
    buf_done(&out);
}

static bool opens_header_block(const uint8_t *frame, size_t n)
{
    if (n < 9)
        return false;
    uint8_t type = frame[3], flags = frame[4];
    return (type == NGHTTP2_HEADERS || type == NGHTTP2_CONTINUATION) && !(flags & NGHTTP2_FLAG_END_HEADERS);
}

/* Collects frames until there is enough for a write. false: nghttp2 has no more to say now. */
static bool collect(struct h2 *h)
{
    bool open_block = false; /* nothing may stand between HEADERS and its CONTINUATION */
    for (;;) {
        if (!open_block && buf_len(&h->raw)) {
            buf_add(&h->out, buf_data(&h->raw), buf_len(&h->raw));
            buf_done(&h->raw);
        }
        if (!open_block && buf_len(&h->out) >= H2_WRITE_CHUNK)
            return true;
        const uint8_t *p;
        ssize_t n = nghttp2_session_mem_send(h->session, &p);
        if (h2_over(h))
            return false;
        if (n < 0) {
            h2_fail(h, nghttp2_strerror((int)n));
            return false;
        }
        if (n == 0 && !buf_len(&h->raw))
            return false;
        if (h2_settings_dropped(h, p, (size_t)n))
            continue;
        buf_add(&h->out, p, (size_t)n);
        open_block = opens_header_block(p, (size_t)n);
    }
}

static void reap(struct h2 *h)
{
    struct h2_stream *s;
    if (h->depth)
        return;
    while ((s = TAILQ_FIRST(&h->graves))) {
        TAILQ_REMOVE(&h->graves, s, link);
        buf_done(&s->out);
        free(s->trailers);
        free(s);
    }
}

static void tell_drained(struct h2 *h)
{
    struct h2_stream *s, *next;
    h->any_drain = false;
    for (s = TAILQ_FIRST(&h->streams); s && !h2_over(h); s = next) {
        next = TAILQ_NEXT(s, link); /* nothing leaves the list while depth is held, but by the session's end */
        if (!s->drain_pending)
            continue;
        s->drain_pending = false;
        if (!buf_len(&s->out))
            h->owner.drained(h->owner.arg, s);
    }
}

static void pump(void *arg)
{
    h2_pump(arg);
}

void h2_pump(struct h2 *h)
{
    if (h->depth || h->held || h2_over(h))
        return;
    h->depth++;
    bool more = true;
    while (more && !h2_over(h) && layer_queued(h->l.below) <= H2_QUEUE_MAX) {
        more = collect(h);
        write_out(h);
    }
    if (h->any_drain && !h2_over(h))
        tell_drained(h);
    h->depth--;
    reap(h);
    if (h2_over(h))
        return;
    bool wants = nghttp2_session_want_write(h->session) || buf_len(&h->raw);
    if (!more && wants) {
        h2_schedule(h); /* drained() brought more */
    } else if (h->ending || (!wants && !nghttp2_session_want_read(h->session))) {
        h2_end_session(h);
        layer_close_down(&h->l, LAYER_CLOSE);
    }
}

static void free_memory(void *arg)
{
    struct h2 *h = arg;
    reap(h);
    nghttp2_session_del(h->session);
    h2_head_reset(h);
    h2_head_trim(h);
    buf_done(&h->out);
    buf_done(&h->raw);
    free(h->goaway_debug);
    free(h);
}

void h2_schedule(struct h2 *h)
{
    if (!h->depth && !h2_over(h))
        turn_schedule(&h->turn, h->l.conn->loop);
}

/* ending */

void h2_stream_over(struct h2_stream *s, uint32_t code)
{
    struct h2 *h = s->h;
    if (s->closed)
        return;
    s->closed = true;
    nghttp2_session_set_stream_user_data(h->session, s->id, NULL);
    TAILQ_REMOVE(&h->streams, s, link);
    TAILQ_INSERT_TAIL(&h->graves, s, link);
    h->count--;
    if (s->announced)
        h->owner.closed(h->owner.arg, s, code);
}

void h2_end_session(struct h2 *h)
{
    struct h2_stream *s;
    if (h->over)
        return;
    h->over = true;
    h->drain_timer = timer_free(h->drain_timer);
    h->depth++;
    /* nghttp2 does not report streams that are open when its session goes: ours are listed here for that. */
    while ((s = TAILQ_FIRST(&h->streams)))
        h2_stream_over(s, NGHTTP2_CANCEL);
    if (h->owner.gone)
        h->owner.gone(h->owner.arg, h);
    h->depth--;
    reap(h);
}

void h2_fail(struct h2 *h, const char *reason)
{
    h2_moment(h, 0, "h2.failed", json_pack("{s:s}", "reason", reason));
    if (h2_over(h))
        return;
    h2_end_session(h);
    layer_close_down(&h->l, LAYER_CLOSE);
}

/* moments */

/* A list of actions at a moment that belongs to a stream, or to none. */
struct acting {
    struct h2 *h;
    int32_t stream;
};

static bool own_action(void *arg, const struct action *a)
{
    struct acting *x = arg;
    return !strcmp(a->verb, "withhold") || !strcmp(a->verb, "pass") ||
           h2_act(x->h, h2_over(x->h) ? NULL : h2_find(x->h, x->stream), a);
}

static void nothing_waits(void *arg, bool carry_on)
{
    free(arg);
}

void h2_moment(struct h2 *h, int32_t stream, const char *name, json_t *facts)
{
    const struct action *a = conn_moment(h->l.conn, stream, name, facts);
    if (!a || h->l.conn->dead)
        return;
    struct acting *x = NEW(struct acting);
    *x = (struct acting){h, stream};
    conn_act_all(h->l.conn, &h->l, a, own_action, nothing_waits, x);
}

/* opening */

static void settings_decided(void *arg, bool carry_on)
{
    struct h2 *h = arg;
    if (h2_over(h))
        return;
    if (!carry_on && !h->settings_pass)
        buf_done(&h->out); /* the scenario has said something else in their place, or wants silence */
    else if (h->settings_replaced && nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, NULL, 0) == 0)
        h2_settings_counted(h, true);
    if (h->withheld)
        return;
    h->held = false;
    h->depth++;
    write_out(h);
    h->depth--;
    h2_schedule(h);
}

static bool own_settings_action(void *arg, const struct action *a)
{
    struct h2 *h = arg;
    if (!strcmp(a->verb, "withhold")) {
        h->withheld = true;
        return true;
    }
    if (!strcmp(a->verb, "pass")) {
        h->settings_pass = true;
        return true;
    }
    return h2_act(h, NULL, a);
}

/* Our SETTINGS are made first, so that nghttp2 counts on their acknowledgement, and held until the scenario agrees.
 * With exactly the defaults they are the 15 bytes of a KAS. */
static void open_session(struct h2 *h)
{
    nghttp2_settings_entry iv[3];
    size_t n = 0;
    if (h->opened || h2_over(h))
        return;
    h->opened = true;
    iv[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_MAX_FRAME_SIZE, h->o.max_frame_size};
    if (h->o.max_concurrent)
        iv[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, h->o.max_concurrent};
    if (h->o.window)
        iv[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, h->o.window};
    int r = nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, iv, n);
    if (r < 0) {
        h2_fail(h, nghttp2_strerror(r));
        return;
    }
    h->held = true;
    h->depth++;
    collect(h);
    h->depth--;
    const struct action *a = conn_moment(h->l.conn, 0, "h2.settings", NULL);
    if (!h->l.conn->dead)
        conn_act_all(h->l.conn, &h->l, a, own_settings_action, settings_decided, h);
}

/* the layer */

/* What was sent instead of the preface, as Go would quote it. */
static char *bogus_greeting(const struct h2 *h, const uint8_t *p, size_t n)
{
    struct buf b = BUF_NULL;
    size_t total = h->preface_seen + n;
    buf_addf(&b, "bogus greeting from client: \"");
    for (size_t i = 0; i < total && i < H2_PREFACE_LEN; i++) {
        uint8_t c = i < h->preface_seen ? (uint8_t)preface[i] : p[i - h->preface_seen];
        if (c == '\r' || c == '\n')
            buf_addf(&b, "\\%c", c == '\r' ? 'r' : 'n');
        else if (c == '"' || c == '\\')
            buf_addf(&b, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            buf_addf(&b, "\\x%02x", c);
        else
            buf_addf(&b, "%c", c);
    }
    buf_add(&b, "\"", 1);
    char *text = xstrndup((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return text;
}

static void received_error(struct h2 *h, int error, const uint8_t *p, size_t n)
{
    _cleanup_(freep) char *reason = error == NGHTTP2_ERR_BAD_CLIENT_MAGIC ? bogus_greeting(h, p, n)
                                                                           : xstrdup(nghttp2_strerror(error));
    h2_fail(h, reason);
}

/* A frame at a time: the end of one decides what the next one is. */
static void read_frames(struct h2 *h, const uint8_t *p, size_t n)
{
    bool begins;
    ssize_t r = 0;
    for (size_t from, at = 0; at < n && r >= 0 && !h2_over(h);) {
        from = at;
        at += h2_cut_next(&h->cut, p + at, n - at, &begins);
        if (begins) {
            h2_frame_begins(h);
            at += h->cut.left ? h2_cut_next(&h->cut, p + at, n - at, &begins) : 0;
        }
        r = nghttp2_session_mem_recv(h->session, p + from, at - from);
        if (r < 0 && !h2_over(h))
            received_error(h, (int)r, p + from, at - from);
    }
}

static void bytes_up(struct layer *l, const uint8_t *p, size_t n)
{
    struct h2 *h = CONTAINER_OF(l, struct h2, l);
    open_session(h);
    if (h2_over(h))
        return;
    h->depth++;
    read_frames(h, p, n);
    h->depth--;
    if (h->preface_seen < H2_PREFACE_LEN)
        h->preface_seen = (uint8_t)(n < (size_t)(H2_PREFACE_LEN - h->preface_seen) ? h->preface_seen + n
                                                                                   : H2_PREFACE_LEN);
    h2_head_trim(h);
    reap(h);
    h2_pump(h);
}

static void signal_from_below(struct layer *l, enum layer_signal s, const char *reason)
{
    struct h2 *h = CONTAINER_OF(l, struct h2, l);
    switch (s) {
    case LAYER_OPEN:
        open_session(h);
        break;
    case LAYER_DRAINED:
        h2_pump(h);
        break;
    case LAYER_EOF: /* a peer that has ended reads no answers either, says grpc-go: all is over */
        h2_pump(h);
        h2_end_session(h);
        break;
    case LAYER_FAILED:
        h2_end_session(h);
        break;
    }
    layer_signal_up(l, s, reason);
}

/* Nobody stands above with bytes; a scenario's raw bytes pass. */
static void bytes_down(struct layer *l, const uint8_t *p, size_t n)
{
    layer_down(l, p, n);
}

static void close_layer(struct layer *l, enum layer_close how)
{
    struct h2 *h = CONTAINER_OF(l, struct h2, l);
    if (how == LAYER_CLOSE && h->ending && !h2_over(h))
        return; /* has said goodbye already */
    if (how != LAYER_CLOSE || h2_over(h) || !h->opened || h->held) {
        layer_close_down(l, how);
        return;
    }
    h2_goaway(h, NGHTTP2_NO_ERROR, "", -1, false);
    h->ending = true;
}

static size_t queued(const struct layer *l)
{
    const struct h2 *h = CONTAINER_OF(l, struct h2, l);
    return buf_len(&h->out) + buf_len(&h->raw) + layer_queued(l->below);
}

static void free_layer(struct layer *l)
{
    struct h2 *h = CONTAINER_OF(l, struct h2, l);
    h2_end_session(h);
    turn_free(&h->turn);
}

static const struct layer_ops ops = {
    .name = "h2",
    .bytes_up = bytes_up,
    .signal = signal_from_below,
    .bytes_down = bytes_down,
    .close = close_layer,
    .queued = queued,
    .free = free_layer,
};

static void start_nghttp2(struct h2 *h)
{
    nghttp2_session_callbacks *cbs;
    nghttp2_option *opt;
    if (nghttp2_session_callbacks_new(&cbs) || nghttp2_option_new(&opt))
        abort(); /* only for want of memory */
    h2_receive_callbacks(cbs);
    nghttp2_option_set_no_http_messaging(opt, 1);
    nghttp2_option_set_no_auto_ping_ack(opt, 1); /* a scenario may withhold it */
    nghttp2_option_set_no_closed_streams(opt, 1);
    nghttp2_option_set_no_auto_window_update(opt, h->o.manual_window);
    nghttp2_option_set_max_send_header_block_length(opt, H2_SEND_HEADERS_MAX); /* a scenario's may be absurd */
    /* Agents reset streams as they like; a fake is not under attack. */
    nghttp2_option_set_stream_reset_rate_limit(opt, 1000000, 1000000);
    if (nghttp2_session_server_new2(&h->session, cbs, h, opt))
        abort();
    nghttp2_option_del(opt);
    nghttp2_session_callbacks_del(cbs);
}

struct h2 *h2_server_push(struct conn *c, const struct h2_options *o, const struct h2_owner *owner)
{
    struct h2 *h = NEW(struct h2);
    h->l.ops = &ops;
    h->turn = (struct turn){.work = pump, .free = free_memory, .arg = h};
    h->owner = *owner;
    if (o)
        h->o = *o;
    if (!h->o.max_frame_size)
        h->o.max_frame_size = 16384;
    if (!h->o.max_header_list)
        h->o.max_header_list = 16 * 1024 * 1024;
    TAILQ_INIT(&h->streams);
    TAILQ_INIT(&h->graves);
    h->cut.left = H2_PREFACE_LEN;
    start_nghttp2(h);
    conn_push(c, &h->l);
    return h;
}

struct layer *h2_layer(struct h2 *h)
{
    return &h->l;
}

bool h2_ended(const struct h2 *h)
{
    return h2_over(h);
}

struct conn *h2_conn(const struct h2 *h)
{
    return h->l.conn;
}
