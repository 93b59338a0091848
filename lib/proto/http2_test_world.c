#include "lib/proto/http2_test_world.h"

static const struct action *at(struct moments *m, struct conn *c, int64_t stream, const char *moment,
                               const json_t *facts)
{
    struct world *w = (struct world *)m;
    return w->at && !strcmp(moment, w->at) ? w->then : NULL;
}

static bool cares(struct moments *m, const char *moment)
{
    struct world *w = (struct world *)m;
    return w->at && !strcmp(moment, w->at);
}

static void on_event(void *arg, const json_t *event)
{
    struct world *w = arg;
    char *text = json_dumps(event, JSON_COMPACT);
    buf_addf(&w->log, "%s\n", text);
    free(text);
}

/* the owner */

static void own_request(void *arg, struct h2_stream *s, const struct h2_header *h, size_t n, bool end)
{
    struct world *w = arg;
    w->stream = s;
    buf_addf(&w->seen, "request %d", h2_stream_id(s));
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(strlen(h[i].name), h[i].name_len);
        assert_int_equal(h[i].value[h[i].value_len], 0);
        if (h[i].value_len < 100)
            buf_addf(&w->seen, " %s=%s", h[i].name, h[i].value);
    }
    buf_addf(&w->seen, "%s;", end ? " end" : "");
    if (w->respond_at_once) {
        struct h2_header status = {":status", "200", 7, 3}, trailer = {"grpc-status", "0", 11, 1};
        h2_respond(s, &status, 1, false);
        h2_data(s, "hello", 5);
        h2_trailers(s, &trailer, 1);
    }
}

static void own_data(void *arg, struct h2_stream *s, const uint8_t *p, size_t n)
{
    buf_addf(&((struct world *)arg)->seen, "data %zu;", n);
}

static void own_end(void *arg, struct h2_stream *s)
{
    buf_addf(&((struct world *)arg)->seen, "end;");
}

static void own_closed(void *arg, struct h2_stream *s, uint32_t code)
{
    struct world *w = arg;
    buf_addf(&w->seen, "closed %d %s;", h2_stream_id(s), h2_error_name(code));
    if (w->stream == s)
        w->stream = NULL;
}

static void own_drained(void *arg, struct h2_stream *s)
{
    buf_addf(&((struct world *)arg)->seen, "drained;");
}

static void own_ready(void *arg, struct h2 *h)
{
    buf_addf(&((struct world *)arg)->seen, "ready;");
}

static void own_gone(void *arg, struct h2 *h)
{
    buf_addf(&((struct world *)arg)->seen, "gone;");
}

struct world *world_new(const struct h2_options *o, const char *moment, const struct action *then)
{
    struct world *w = NEW(struct world);
    w->m = (struct moments){at, cares};
    w->at = moment;
    w->then = then;
    assert_int_equal(events_open(NULL, NULL, &w->events), 0);
    w->sub = events_subscribe(w->events, on_event, w);
    w->c = conn_fake_new(&w->m, w->events);
    struct h2_owner owner = {.request = own_request, .data = own_data, .end = own_end, .closed = own_closed,
                             .drained = own_drained, .peer_ready = own_ready, .gone = own_gone, .arg = w};
    w->h = h2_server_push(w->c, o, &owner);
    conn_fake_open(w->c);
    return w;
}

/* A dead connection is freed by its loop. */
void conn_done(struct world *w)
{
    if (w->c && w->c->dead)
        conn_fake_run(w->c);
    w->c = conn_fake_free(w->c);
}

void world_free(struct world *w)
{
    nghttp2_session_del(w->client);
    conn_done(w);
    events_unsubscribe(w->sub);
    events_free(w->events);
    buf_done(&w->log);
    buf_done(&w->seen);
    buf_done(&w->got);
    free(w);
}

const char *text(struct buf *b)
{
    buf_add(b, "", 1);
    b->end--;
    return (const char *)buf_data(b);
}

void assert_logged(struct world *w, const char *what)
{
    if (!strstr(text(&w->log), what))
        fail_msg("not logged: %s\nlog:\n%s", what, text(&w->log));
}

/* the client */

static int client_frame(nghttp2_session *s, const nghttp2_frame *f, void *arg)
{
    struct world *w = arg;
    if (f->hd.type == NGHTTP2_DATA)
        buf_addf(&w->got, "D:%zu ", f->hd.length);
    if (f->hd.type == NGHTTP2_RST_STREAM)
        buf_addf(&w->got, "R:%s ", h2_error_name(f->rst_stream.error_code));
    if (f->hd.type == NGHTTP2_PING && f->hd.flags & NGHTTP2_FLAG_ACK)
        buf_addf(&w->got, "PONG ");
    if (f->hd.type == NGHTTP2_GOAWAY)
        buf_addf(&w->got, "G:%d:%s:%.*s ", f->goaway.last_stream_id, h2_error_name(f->goaway.error_code),
                 (int)f->goaway.opaque_data_len, (const char *)f->goaway.opaque_data);
    if ((f->hd.type == NGHTTP2_DATA || f->hd.type == NGHTTP2_HEADERS) && f->hd.flags & NGHTTP2_FLAG_END_STREAM)
        buf_addf(&w->got, "E ");
    return 0;
}

static int client_header(nghttp2_session *s, const nghttp2_frame *f, const uint8_t *name, size_t nn,
                         const uint8_t *value, size_t vn, uint8_t flags, void *arg)
{
    buf_addf(&((struct world *)arg)->got, "%.*s=%.*s ", (int)nn, (const char *)name, (int)vn, (const char *)value);
    return 0;
}

void client_new(struct world *w)
{
    nghttp2_session_callbacks *cbs;
    nghttp2_option *opt;
    nghttp2_session_callbacks_new(&cbs);
    nghttp2_option_new(&opt);
    nghttp2_option_set_no_http_messaging(opt, 1);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cbs, client_frame);
    nghttp2_session_callbacks_set_on_header_callback(cbs, client_header);
    nghttp2_session_client_new2(&w->client, cbs, w, opt);
    nghttp2_option_del(opt);
    nghttp2_session_callbacks_del(cbs);
    nghttp2_submit_settings(w->client, 0, NULL, 0);
}

/* Carries bytes between the two until both are silent. */
void exchange(struct world *w)
{
    for (bool moved = true; moved;) {
        const uint8_t *p;
        ssize_t n;
        moved = false;
        while ((n = nghttp2_session_mem_send(w->client, &p)) > 0) {
            moved = true;
            conn_fake_feed(w->c, p, (size_t)n);
        }
        conn_fake_run(w->c);
        struct buf *out = conn_fake_out(w->c);
        if (buf_len(out)) {
            moved = true;
            assert_int_equal(nghttp2_session_mem_recv(w->client, buf_data(out), buf_len(out)), buf_len(out));
            buf_consume(out, buf_len(out));
        }
    }
}

#define HEADER(n, v) {(uint8_t *)(n), (uint8_t *)(v), sizeof(n) - 1, sizeof(v) - 1, 0}

static ssize_t endless(nghttp2_session *s, int32_t id, uint8_t *to, size_t n, uint32_t *flags,
                       nghttp2_data_source *source, void *arg)
{
    return NGHTTP2_ERR_DEFERRED;
}

int32_t client_request(struct world *w, bool end)
{
    /* An authority that nghttp2's own checks refuse: agents send it. */
    static const nghttp2_nv nv[] = {HEADER(":method", "POST"), HEADER(":scheme", "http"), HEADER(":path", "/a.B/C"),
                                    HEADER(":authority", "ws://host:80/x/"), HEADER("authorization", "Bearer t")};
    nghttp2_data_provider open = {.read_callback = endless};
    return nghttp2_submit_request(w->client, NULL, nv, 5, end ? NULL : &open, NULL);
}
