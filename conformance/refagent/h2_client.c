#include "conformance/refagent/h2_client.h"

#include <nghttp2/nghttp2.h>
#include <string.h>
#include <sys/queue.h>

#include "conformance/refagent/agent.h"
#include "conformance/refagent/gotext.h"
#include "conformance/refagent/grpc_status.h"
#include "conformance/refagent/pieces.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"

#define KEEPALIVE_MS 55000
#define KEEPALIVE_ACK_MS 20000
#define HEADERS_MAX 64

static const uint8_t bdp_ping[8] = {2, 4, 16, 16, 9, 14, 7, 7};

struct h2_stream {
    struct h2 *h2;
    LIST_ENTRY(h2_stream) next;
    int32_t id;
    struct buf out;
    bool end_out, end_in, left; /* left: its owner has gone */
    const struct h2_stream_events *ev;
    void *arg;
    struct h2_header head[HEADERS_MAX]; /* of the block that is being received */
    size_t n_head;
};

struct h2 {
    struct agent *agent;
    struct link *link;
    nghttp2_session *session;
    const struct h2_events *ev;
    void *arg;
    LIST_HEAD(, h2_stream) streams;
    bool ready, pumping, gone, over, bdp_out, broken /* what came was no HTTP/2 */, greeted, draining;
    struct pieces frames;
    char *verdict; /* what is wrong with it, in grpc-go's words; owned */
    uint64_t read_ns;
    struct timer *keepalive, *ack;
};

static void set_keepalive(struct h2 *h, uint64_t ms);
static void over(struct h2 *h, const char *why);

/* Out */

static void pump_now(struct h2 *h)
{
    const uint8_t *p;
    /* Each piece for itself, as grpc-go's first writes are: in a WebSocket that is a message each. */
    for (ssize_t n; !h->over && (n = nghttp2_session_mem_send(h->session, &p)) > 0;)
        link_send(h->link, p, (size_t)n);
}

static void on_pump(void *arg)
{
    struct h2 *h = arg;
    h->pumping = false;
    if (!h->gone) {
        pump_now(h);
        if (h->broken)
            over(h, h->verdict ? h->verdict : "error reading from server: http2: frame too large");
        return;
    }
    nghttp2_session_del(h->session);
    free(h->verdict);
    free(h);
}

static void pump(struct h2 *h)
{
    if (h->pumping)
        return;
    h->pumping = true;
    loop_defer(h->agent->loop, on_pump, h);
}

static ssize_t read_out(nghttp2_session *session, int32_t id, uint8_t *to, size_t max, uint32_t *flags,
                        nghttp2_data_source *source, void *arg)
{
    (void)session, (void)id, (void)arg;
    struct h2_stream *s = source->ptr;
    size_t n = buf_len(&s->out) < max ? buf_len(&s->out) : max;
    if (!n && !s->end_out)
        return NGHTTP2_ERR_DEFERRED;
    if (n)
        memcpy(to, buf_data(&s->out), n);
    buf_consume(&s->out, n);
    if (s->end_out && !buf_len(&s->out))
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

/* In */

static void drop_head(struct h2_stream *s)
{
    for (size_t i = 0; i < s->n_head; i++) {
        free((char *)s->head[i].name);
        free((char *)s->head[i].value);
    }
    s->n_head = 0;
}

static struct h2_stream *stream_of(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *f, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags, void *arg)
{
    (void)flags, (void)arg;
    struct h2_stream *s = stream_of(session, f->hd.stream_id);
    if (!s || s->n_head == HEADERS_MAX)
        return 0;
    s->head[s->n_head++] =
        (struct h2_header){xstrndup((const char *)name, name_len), xmemdup(value, value_len), value_len};
    return 0;
}

static int on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *p, size_t n,
                         void *arg)
{
    (void)flags;
    struct h2 *h = arg;
    struct h2_stream *s = stream_of(session, id);
    if (!h->bdp_out) { /* grpc-go measures the connection's bandwidth with a ping after data */
        h->bdp_out = true;
        nghttp2_submit_ping(session, 0, bdp_ping);
    }
    if (s && !s->left)
        s->ev->data(s->arg, p, n);
    return 0;
}

static void on_ping_ack(struct h2 *h, const uint8_t *payload)
{
    if (!memcmp(payload, bdp_ping, 8))
        h->bdp_out = false;
    else if (h->ack) {
        h->ack = timer_free(h->ack);
        set_keepalive(h, KEEPALIVE_MS);
    }
}

static void on_settings(struct h2 *h)
{
    if (h->ready)
        return;
    h->ready = true;
    set_keepalive(h, KEEPALIVE_MS);
    h->ev->ready(h->arg);
}

static void on_stream_frame(struct h2_stream *s, const nghttp2_frame *f)
{
    bool end = f->hd.flags & NGHTTP2_FLAG_END_STREAM;
    if (f->hd.type == NGHTTP2_HEADERS) {
        s->end_in |= end;
        if (!s->left)
            s->ev->headers(s->arg, s->head, s->n_head, end);
        drop_head(s);
    } else if (f->hd.type == NGHTTP2_DATA && end) {
        s->end_in = true;
        if (!s->left)
            s->ev->end(s->arg);
    } else if (f->hd.type == NGHTTP2_RST_STREAM && !s->left) {
        s->left = true;
        s->ev->reset(s->arg, f->rst_stream.error_code);
    }
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *f, void *arg)
{
    struct h2 *h = arg;
    if (h->over)
        return 0;
    h->draining |= f->hd.type == NGHTTP2_GOAWAY;
    if (f->hd.type == NGHTTP2_SETTINGS && !(f->hd.flags & NGHTTP2_FLAG_ACK))
        on_settings(h);
    else if (f->hd.type == NGHTTP2_PING && f->hd.flags & NGHTTP2_FLAG_ACK)
        on_ping_ack(h, f->ping.opaque_data);
    else if (f->hd.type == NGHTTP2_GOAWAY)
        h->ev->goaway(h->arg, f->goaway.error_code, f->goaway.opaque_data, f->goaway.opaque_data_len,
                      f->goaway.last_stream_id);
    struct h2_stream *s = f->hd.stream_id ? stream_of(session, f->hd.stream_id) : NULL;
    if (s)
        on_stream_frame(s, f);
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
    const struct h2 *h = arg;
    struct h2_stream *s = stream_of(session, id);
    if (!s)
        return 0;
    if (!s->left) { /* by nghttp2 itself: what came was no HTTP/2 */
        s->left = true;
        s->ev->reset(s->arg, h->draining && code == NGHTTP2_REFUSED_STREAM ? H2_DRAINING : code);
    }
    nghttp2_session_set_stream_user_data(session, id, NULL);
    LIST_REMOVE(s, next);
    drop_head(s);
    buf_done(&s->out);
    free(s);
    return 0;
}

static void judge(struct h2 *h, const nghttp2_goaway *g)
{
    static const char large[] = "too large frame size"; /* nghttp2's words */
    if (h->verdict || (g->opaque_data_len >= sizeof(large) - 1 && !memcmp(g->opaque_data, large, sizeof(large) - 1)))
        return;
    _cleanup_(freep) char *name = go_h2_code(g->error_code);
    h->verdict = xasprintf("error reading from server: connection error: %s", name);
}

/* nghttp2 says GOAWAY when what comes is no HTTP/2; grpc-go just hangs up. */
static int before_send(nghttp2_session *session, const nghttp2_frame *f, void *arg)
{
    (void)session;
    struct h2 *h = arg;
    if (f->hd.type == NGHTTP2_GOAWAY) {
        h->broken = true;
        judge(h, &f->goaway);
        return NGHTTP2_ERR_CANCEL;
    }
    bool ack = f->hd.type == NGHTTP2_SETTINGS && f->hd.flags & NGHTTP2_FLAG_ACK;
    return ack && mutant_is(h->agent, M_NO_SETTINGS_ACK) ? NGHTTP2_ERR_CANCEL : 0;
}

/* The link */

static void over(struct h2 *h, const char *why)
{
    if (h->over)
        return;
    h->over = true;
    h->keepalive = timer_free(h->keepalive);
    h->ack = timer_free(h->ack);
    h->ev->closed(h->arg, why);
}

static void on_data(void *arg, const uint8_t *p, size_t n)
{
    struct h2 *h = arg;
    if (h->over)
        return;
    h->read_ns = clock_ns();
    pieces_feed(&h->frames, p, n);
    bool first = !h->greeted;
    h->greeted = true; /* it may come in pieces */
    if (first && !h->ready && n >= 4 &&
        p[3] != NGHTTP2_SETTINGS) { /* grpc-go wants to see SETTINGS before all else */
        over(h, "preface");
        return;
    }
    h->broken |= nghttp2_session_mem_recv(h->session, p, n) < 0;
    pump(h);
}

static void on_closed(void *arg, const char *error)
{
    const struct h2 *h = arg;
    _cleanup_(freep) char *why = xasprintf("error reading from server: %s", pieces_end(&h->frames, error));
    over(arg, why);
}

/* Keep-alive */

static void on_no_ack(void *arg)
{
    over(arg, "keepalive ping failed to receive ACK within timeout");
}

static void on_keepalive(void *arg)
{
    struct h2 *h = arg;
    uint64_t idle_ms = (clock_ns() - h->read_ns) / 1000000u;
    if (idle_ms + 1 < KEEPALIVE_MS) {
        set_keepalive(h, KEEPALIVE_MS - idle_ms);
        return;
    }
    h->keepalive = timer_free(h->keepalive);
    nghttp2_submit_ping(h->session, 0, NULL);
    h->ack = timer_new(h->agent->loop, KEEPALIVE_ACK_MS, on_no_ack, h);
    pump(h);
}

static void set_keepalive(struct h2 *h, uint64_t ms)
{
    h->keepalive = timer_free(h->keepalive);
    h->keepalive = timer_new(h->agent->loop, ms, on_keepalive, h);
}

/* From outside */

static nghttp2_session *session_new(struct h2 *h)
{
    nghttp2_session *session;
    nghttp2_session_callbacks *cb;
    nghttp2_session_callbacks_new(&cb);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data_chunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    nghttp2_session_callbacks_set_before_frame_send_callback(cb, before_send);
    nghttp2_option *option;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_http_messaging(option,
                                         1); /* a token may end with a newline, an :authority hold a URL */
    if (mutant_is(h->agent, M_NO_PING_ACK))
        nghttp2_option_set_no_auto_ping_ack(option, 1);
    nghttp2_session_client_new2(&session, cb, h, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(cb);
    return session;
}

struct h2 *h2_new(struct agent *a, struct link *link, const struct h2_events *ev, void *arg)
{
    struct h2 *h = NEW(struct h2);
    *h = (struct h2){.agent = a, .link = link, .ev = ev, .arg = arg, .frames = PIECES_HTTP2};
    LIST_INIT(&h->streams);
    h->session = session_new(h);
    link_set_up(link, (struct link_up){on_data, on_closed}, h);
    nghttp2_submit_settings(h->session, 0, NULL, 0);
    pump(h);
    return h;
}

struct h2 *h2_free(struct h2 *h)
{
    if (!h)
        return NULL;
    if (!h->over)
        pump_now(h);
    h->over = h->gone = true;
    h->keepalive = timer_free(h->keepalive);
    h->ack = timer_free(h->ack);
    h->link = link_free(h->link);
    struct h2_stream *s, *next;
    for (s = LIST_FIRST(&h->streams); s; s = next) { /* nghttp2 does not tell of streams it takes with it */
        next = LIST_NEXT(s, next);
        nghttp2_session_set_stream_user_data(h->session, s->id, NULL);
        drop_head(s);
        buf_done(&s->out);
        free(s);
    }
    LIST_INIT(&h->streams);
    pump(h);
    return NULL;
}

struct h2_stream *h2_open(struct h2 *h, const struct h2_header *head, size_t n,
                          const struct h2_stream_events *ev, void *arg)
{
    nghttp2_nv nv[HEADERS_MAX];
    for (size_t i = 0; i < n; i++)
        nv[i] = (nghttp2_nv){.name = (uint8_t *)head[i].name,
                             .namelen = strlen(head[i].name),
                             .value = (uint8_t *)head[i].value,
                             .valuelen = head[i].value_len};
    struct h2_stream *s = NEW(struct h2_stream);
    *s = (struct h2_stream){.h2 = h, .ev = ev, .arg = arg};
    nghttp2_data_provider body = {.source.ptr = s, .read_callback = read_out};
    s->id = h->over ? -1 : nghttp2_submit_request(h->session, NULL, nv, n, &body, s);
    if (s->id < 0) {
        free(s);
        return NULL;
    }
    LIST_INSERT_HEAD(&h->streams, s, next);
    pump(h);
    return s;
}

int32_t h2_stream_id(const struct h2_stream *s)
{
    return s->id;
}

void h2_stream_send(struct h2_stream *s, const void *p, size_t n, bool end)
{
    buf_add(&s->out, p, n);
    s->end_out = end;
    nghttp2_session_resume_data(s->h2->session, s->id);
    pump(s->h2);
}

void h2_stream_leave(struct h2_stream *s, uint32_t code)
{
    if (s->left)
        return;
    s->left = true;
    if (s->h2->over || (s->end_in && s->end_out && !buf_len(&s->out)))
        return;
    nghttp2_submit_rst_stream(s->h2->session, 0, s->id, code);
    pump(s->h2);
}

void h2_stream_abandon(struct h2_stream *s)
{
    s->left = true;
}
