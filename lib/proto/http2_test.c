/* The HTTP/2 layer against nghttp2's own client, and against bytes written by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/net/conn_test.h"
#include "lib/proto/http2.h"

/* A scenario of one moment, and a log that is remembered as text. */
struct world {
    struct moments m;
    const char *at;
    const struct action *then;
    struct events *events;
    struct event_sub *sub;
    struct buf log;
    struct conn *c;
    struct h2 *h;
    /* what the owner saw */
    struct buf seen;
    struct h2_stream *stream;
    bool respond_at_once;
    /* the client */
    nghttp2_session *client;
    struct buf got; /* "H:status=200 D:5 T:grpc-status=0 E R:8 G:…" as it came */
};

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

static struct world *world_new(const struct h2_options *o, const char *moment, const struct action *then)
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
static void conn_done(struct world *w)
{
    if (w->c && w->c->dead)
        conn_fake_run(w->c);
    w->c = conn_fake_free(w->c);
}

static void world_free(struct world *w)
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

static const char *text(struct buf *b)
{
    buf_add(b, "", 1);
    b->end--;
    return (const char *)buf_data(b);
}

static void assert_logged(struct world *w, const char *what)
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

static void client_new(struct world *w)
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
static void exchange(struct world *w)
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

static int32_t client_request(struct world *w, bool end)
{
    /* An authority that nghttp2's own checks refuse, and a token that ends in a newline: agents send both. */
    static const nghttp2_nv nv[] = {HEADER(":method", "POST"), HEADER(":path", "/a.B/C"),
                                    HEADER(":authority", "ws://host:80/x/"),
                                    HEADER("authorization", "Bearer t\n")};
    nghttp2_data_provider open = {.read_callback = endless};
    return nghttp2_submit_request(w->client, NULL, nv, 4, end ? NULL : &open, NULL);
}

/* the tests */

static const uint8_t kas_settings[15] = {0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0x40, 0};

static void speaks_first(void **state)
{
    struct world *w = world_new(NULL, NULL, NULL);
    struct buf *out = conn_fake_out(w->c);
    assert_int_equal(buf_len(out), sizeof(kas_settings));
    assert_memory_equal(buf_data(out), kas_settings, sizeof(kas_settings));
    assert_logged(w, "\"event\":\"h2.settings\"");
    world_free(w);
}

static void announces_what_it_is_told(void **state)
{
    struct h2_options o = {.max_concurrent = 7, .window = 1000};
    struct world *w = world_new(&o, NULL, NULL);
    static const uint8_t expected[] = {0, 0, 18, 4, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0x40, 0, 0, 3, 0, 0, 0, 7, 0, 4, 0, 0,
                                       3, 0xe8};
    assert_int_equal(buf_len(conn_fake_out(w->c)), sizeof(expected));
    assert_memory_equal(buf_data(conn_fake_out(w->c)), expected, sizeof(expected));
    world_free(w);
}

static void unary_call(void **state)
{
    struct world *w = world_new(NULL, NULL, NULL);
    w->respond_at_once = true;
    client_new(w);
    client_request(w, true);
    exchange(w);
    assert_string_equal(text(&w->seen), "ready;request 1 :method=POST :path=/a.B/C :authority=ws://host:80/x/ "
                                        "authorization=Bearer t\n end;closed 1 NO_ERROR;");
    assert_string_equal(text(&w->got), ":status=200 D:5 grpc-status=0 E ");
    assert_int_equal(h2_stream_count(w->h), 0);
    assert_null(h2_find(w->h, 1));
    world_free(w);
}

static void byte_by_byte(void **state)
{
    struct world *w = world_new(NULL, NULL, NULL);
    const uint8_t *p;
    ssize_t n;
    w->respond_at_once = true;
    client_new(w);
    client_request(w, true);
    while ((n = nghttp2_session_mem_send(w->client, &p)) > 0)
        for (ssize_t i = 0; i < n; i++)
            conn_fake_feed(w->c, p + i, 1);
    exchange(w);
    assert_non_null(strstr(text(&w->seen), "closed 1 NO_ERROR;"));
    assert_string_equal(text(&w->got), ":status=200 D:5 grpc-status=0 E ");
    world_free(w);
}

/* A call that ends while its client still talks is reset with NO_ERROR behind the trailers, as grpc-go does. */
static void early_end(void **state)
{
    struct world *w = world_new(NULL, NULL, NULL);
    struct h2_header status = {":status", "200", 7, 3}, trailer = {"grpc-status", "0", 11, 1};
    client_new(w);
    client_request(w, false);
    exchange(w);
    assert_non_null(w->stream);
    assert_ptr_equal(h2_find(w->h, 1), w->stream);
    h2_respond(w->stream, &status, 1, false);
    exchange(w);
    h2_trailers(w->stream, &trailer, 1); /* without an empty DATA before them */
    exchange(w);
    assert_string_equal(text(&w->got), ":status=200 grpc-status=0 E R:NO_ERROR ");
    assert_logged(w, "\"by\":\"us\",\"code\":\"NO_ERROR\"");
    assert_null(w->stream);
    world_free(w);
}

static void ends_without_trailers(void **state)
{
    struct world *w = world_new(NULL, NULL, NULL);
    struct h2_header status = {":status", "200", 7, 3};
    client_new(w);
    client_request(w, true);
    exchange(w);
    h2_respond(w->stream, &status, 1, false);
    h2_end(w->stream);
    h2_data(w->stream, "late", 4); /* ignored */
    exchange(w);
    assert_string_equal(text(&w->got), ":status=200 D:0 E ");
    world_free(w);
}

static void resets_both_ways(void **state)
{
    struct world *w = world_new(NULL, NULL, NULL);
    client_new(w);
    client_request(w, false);
    exchange(w);
    h2_rst(w->stream, NGHTTP2_REFUSED_STREAM);
    exchange(w);
    assert_string_equal(text(&w->got), "R:REFUSED_STREAM ");
    int32_t id = client_request(w, false);
    exchange(w);
    nghttp2_submit_rst_stream(w->client, 0, id, NGHTTP2_CANCEL);
    exchange(w);
    assert_non_null(strstr(text(&w->seen), "closed 3 CANCEL;"));
    assert_logged(w, "\"by\":\"peer\",\"code\":\"CANCEL\"");
    world_free(w);
}

/* Ten megabytes pass windows and back-pressure, and nothing is pulled while the queue beneath is long. */
static void big_answer(void **state)
{
    struct world *w = world_new(NULL, NULL, NULL);
    struct h2_header status = {":status", "200", 7, 3}, trailer = {"grpc-status", "0", 11, 1};
    size_t size = 10 << 20;
    _cleanup_(freep) char *data = xcalloc(1, size);
    client_new(w);
    client_request(w, true);
    exchange(w);
    conn_fake_queue(w->c, 300 * 1024);
    h2_respond(w->stream, &status, 1, false);
    h2_data(w->stream, data, size);
    h2_trailers(w->stream, &trailer, 1);
    conn_fake_run(w->c);
    assert_int_equal(buf_len(conn_fake_out(w->c)), 0);
    conn_fake_drained(w->c);
    assert_int_not_equal(buf_len(conn_fake_out(w->c)), 0);
    exchange(w);
    assert_non_null(strstr(text(&w->got), "grpc-status=0 E "));
    assert_null(w->stream);
    world_free(w);
}

static void drained_is_told(void **state)
{
    struct world *w = world_new(NULL, NULL, NULL);
    struct h2_header status = {":status", "200", 7, 3};
    client_new(w);
    client_request(w, true);
    exchange(w);
    h2_respond(w->stream, &status, 1, false);
    h2_data(w->stream, "x", 1);
    exchange(w);
    assert_non_null(strstr(text(&w->seen), "drained;"));
    world_free(w);
}

static void goaway_in_two_steps(void **state)
{
    struct world *w = world_new(NULL, NULL, NULL);
    client_new(w);
    client_request(w, true);
    exchange(w);
    h2_goaway(w->h, NGHTTP2_NO_ERROR, "max_age", -1, true);
    conn_fake_run(w->c); /* also waits for the second step's timer: the client has not answered the ping */
    exchange(w);
    assert_string_equal(text(&w->got), "G:2147483647:NO_ERROR:max_age G:1:NO_ERROR:max_age ");
    assert_logged(w, "\"by\":\"us\",\"code\":\"NO_ERROR\",\"last\":2147483647,\"debug\":\"max_age\"");
    assert_int_equal(conn_fake_closed(w->c), FAKE_NOT_CLOSED); /* a stream lives */
    struct h2_header status = {":status", "200", 7, 3};
    h2_respond(w->stream, &status, 1, true);
    exchange(w);
    assert_int_equal(conn_fake_closed(w->c), FAKE_CLOSED);
    assert_non_null(strstr(text(&w->seen), "closed 1 NO_ERROR;gone;"));
    world_free(w);
}

/* Between the two steps new streams are still served. */
static void goaway_waits_for_the_ping(void **state)
{
    struct world *w = world_new(NULL, NULL, NULL);
    const uint8_t *p;
    ssize_t n;
    client_new(w);
    exchange(w);
    client_request(w, false);
    exchange(w);
    client_request(w, false);
    h2_goaway(w->h, NGHTTP2_NO_ERROR, "max_age", -1, true);
    while ((n = nghttp2_session_mem_send(w->client, &p)) > 0)
        conn_fake_feed(w->c, p, (size_t)n); /* stream 3, sent before the GOAWAY came */
    assert_non_null(h2_find(w->h, 3));
    exchange(w);
    assert_non_null(strstr(text(&w->got), "G:3:NO_ERROR:max_age "));
    world_free(w);
}

static void goaway_at_once(void **state)
{
    struct world *w = world_new(NULL, NULL, NULL);
    client_new(w);
    client_request(w, false);
    client_request(w, false);
    exchange(w);
    h2_goaway(w->h, NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings", 1, false);
    exchange(w);
    assert_string_equal(text(&w->got), "G:1:ENHANCE_YOUR_CALM:too_many_pings ");
    assert_non_null(strstr(text(&w->seen), "closed 3 REFUSED_STREAM;"));
    assert_null(strstr(text(&w->log), "h2.failed"));
    world_free(w);
}

static void too_many_pings(void **state)
{
    struct h2_options o = {.min_ping_ms = 20000};
    struct world *w = world_new(&o, NULL, NULL);
    client_new(w);
    for (int i = 0; i < 4; i++)
        nghttp2_submit_ping(w->client, 0, (const uint8_t *)"12345678");
    exchange(w);
    assert_string_equal(text(&w->got), "PONG PONG PONG PONG G:0:ENHANCE_YOUR_CALM:too_many_pings ");
    assert_int_equal(conn_fake_closed(w->c), FAKE_CLOSED);
    world_free(w);
}

static void data_forgives_pings(void **state)
{
    struct h2_options o = {.min_ping_ms = 20000};
    struct world *w = world_new(&o, NULL, NULL);
    w->respond_at_once = true;
    client_new(w);
    for (int i = 0; i < 8; i++) {
        client_request(w, true);
        exchange(w);
        nghttp2_submit_ping(w->client, 0, NULL);
        nghttp2_submit_ping(w->client, 0, NULL);
        exchange(w);
    }
    assert_int_equal(conn_fake_closed(w->c), FAKE_NOT_CLOSED);
    world_free(w);
}

static void ping_unanswered(void **state)
{
    struct action a = {"withhold", json_null(), NULL};
    struct world *w = world_new(NULL, "h2.ping", &a);
    client_new(w);
    nghttp2_submit_ping(w->client, 0, (const uint8_t *)"12345678");
    exchange(w);
    assert_string_equal(text(&w->got), "");
    assert_logged(w, "\"data\":\"3132333435363738\"");
    world_free(w);
}

static void settings_withheld(void **state)
{
    struct action a = {"withhold", json_null(), NULL};
    struct world *w = world_new(NULL, "h2.settings", &a);
    client_new(w);
    nghttp2_submit_ping(w->client, 0, NULL);
    exchange(w);
    assert_int_equal(buf_len(conn_fake_out(w->c)), 0);
    assert_string_equal(text(&w->got), "");
    conn_close(w->c, LAYER_CLOSE);
    assert_int_equal(conn_fake_closed(w->c), FAKE_CLOSED);
    world_free(w);
}

static void settings_late(void **state)
{
    json_t *ms = json_string("10ms");
    struct action a = {"delay", ms, NULL};
    struct world *w = world_new(NULL, "h2.settings", &a);
    assert_int_equal(buf_len(conn_fake_out(w->c)), 0);
    conn_fake_run(w->c);
    assert_int_equal(buf_len(conn_fake_out(w->c)), 15);
    world_free(w);
    json_decref(ms);
}

/* A scenario's SETTINGS take the place of ours, and the session goes on. */
static void settings_replaced(void **state)
{
    json_t *bytes = json_pack("{s:s}", "hex", "000000040000000000");
    struct action a = {"send", bytes, NULL};
    struct world *w = world_new(NULL, "h2.settings", &a);
    assert_int_equal(buf_len(conn_fake_out(w->c)), 9);
    w->respond_at_once = true;
    client_new(w);
    client_request(w, true);
    exchange(w);
    assert_string_equal(text(&w->got), ":status=200 D:5 grpc-status=0 E ");
    world_free(w);
    json_decref(bytes);
}

static void settings_then_reset(void **state)
{
    struct action a = {"reset", json_null(), NULL};
    struct world *w = world_new(NULL, "h2.settings", &a);
    assert_int_equal(conn_fake_closed(w->c), FAKE_RESET);
    world_free(w);
}

static void bogus_greeting(void **state)
{
    static const char hello[] = "PRI * HTTP/1.1\r\nHost: \"x\"\r\n\r\n";
    struct world *w = world_new(NULL, NULL, NULL);
    conn_fake_feed(w->c, hello, 5);
    conn_fake_feed(w->c, hello + 5, sizeof(hello) - 6);
    assert_int_equal(conn_fake_closed(w->c), FAKE_CLOSED);
    assert_logged(w, "\"h2.failed\"");
    assert_logged(w, "bogus greeting from client: \\\"PRI * HTTP/1.1\\\\r\\\\nHost: \\\\\\\"x\\\"");
    assert_string_equal(text(&w->seen), "gone;");
    world_free(w);
}

static void broken_frames(void **state)
{
    static const char bytes[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0" /* SETTINGS */
                                "\0\0\1\0\0\0\0\0\0x";                               /* DATA on stream 0 */
    struct world *w = world_new(NULL, NULL, NULL);
    conn_fake_feed(w->c, bytes, sizeof(bytes) - 1);
    conn_fake_run(w->c);
    assert_int_equal(conn_fake_closed(w->c), FAKE_CLOSED);
    assert_logged(w, "\"h2.failed\"");
    assert_logged(w, "\"PROTOCOL_ERROR\"");
    world_free(w);
}

static void head_too_big(void **state)
{
    struct h2_options o = {.max_header_list = 190};
    struct world *w = world_new(&o, NULL, NULL);
    client_new(w);
    client_request(w, true); /* four fields: 32 each beside their text */
    exchange(w);
    assert_string_equal(text(&w->seen), "ready;");
    assert_string_equal(text(&w->got), "R:FRAME_SIZE_ERROR ");
    assert_int_equal(h2_stream_count(w->h), 0);
    world_free(w);
}

static void peer_speaks_of_itself(void **state)
{
    struct world *w = world_new(NULL, NULL, NULL);
    nghttp2_settings_entry iv[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 70000}, {0x99, 1}};
    client_new(w);
    nghttp2_submit_settings(w->client, 0, iv, 2);
    nghttp2_submit_goaway(w->client, 0, 0, NGHTTP2_NO_ERROR, (const uint8_t *)"bye", 3);
    exchange(w);
    assert_logged(w, "\"initial_window_size\":70000");
    assert_logged(w, "\"by\":\"peer\",\"code\":\"NO_ERROR\",\"last\":0,\"debug\":\"bye\"");
    world_free(w);
}

/* Every stream that was told of is told to have closed, however the connection ends. */
static void dies_with_streams(void **state)
{
    for (int how = 0; how < 5; how++) {
        struct world *w = world_new(NULL, NULL, NULL);
        client_new(w);
        client_request(w, false);
        client_request(w, false);
        exchange(w);
        if (how == 0)
            conn_fake_eof(w->c);
        else if (how == 1)
            conn_fake_fail(w->c, "connection reset by peer");
        else if (how == 2)
            conn_close(w->c, LAYER_CLOSE);
        else if (how == 3)
            conn_close(w->c, LAYER_RESET);
        if (how == 2) {
            exchange(w);
            assert_string_equal(text(&w->got), "G:3:NO_ERROR: ");
        }
        conn_done(w);
        assert_non_null(strstr(text(&w->seen), "closed 1 CANCEL;closed 3 CANCEL;gone;"));
        world_free(w);
    }
}

static void verbs(void **state)
{
    struct world *w = world_new(NULL, NULL, NULL);
    json_t *args = json_pack("{s:s, s:s}", "code", "ENHANCE_YOUR_CALM", "debug", "hush");
    json_t *bad = json_pack("{s:s}", "code", "NOISE"), *code = json_integer(2);
    client_new(w);
    client_request(w, false);
    exchange(w);
    assert_false(h2_act(w->h, NULL, &(struct action){"dance", json_null(), NULL}));
    assert_true(h2_act(w->h, NULL, &(struct action){"goaway", bad, NULL}));
    assert_logged(w, "no such HTTP/2 error code");
    assert_true(h2_act(w->h, w->stream, &(struct action){"rst_stream", code, NULL}));
    assert_true(h2_act(w->h, NULL, &(struct action){"goaway", args, NULL}));
    exchange(w);
    assert_string_equal(text(&w->got), "R:INTERNAL_ERROR G:1:ENHANCE_YOUR_CALM:hush ");
    world_free(w);
    json_decref(args);
    json_decref(bad);
    json_decref(code);
}

static void names_of_errors(void **state)
{
    uint32_t code = 99;
    assert_int_equal(h2_error_code("enhance_your_calm", &code), 0);
    assert_int_equal(code, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_int_equal(h2_error_code("0x7", &code), 0);
    assert_int_equal(code, 7);
    assert_true(h2_error_code("", &code) < 0);
    assert_true(h2_error_code("-1", &code) < 0);
    assert_true(h2_error_code("CALM", &code) < 0);
    assert_int_equal(code, 7);
    assert_string_equal(h2_error_name(NGHTTP2_HTTP_1_1_REQUIRED), "HTTP_1_1_REQUIRED");
    assert_string_equal(h2_error_name(77), "UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speaks_first),
        cmocka_unit_test(announces_what_it_is_told),
        cmocka_unit_test(unary_call),
        cmocka_unit_test(byte_by_byte),
        cmocka_unit_test(early_end),
        cmocka_unit_test(ends_without_trailers),
        cmocka_unit_test(resets_both_ways),
        cmocka_unit_test(big_answer),
        cmocka_unit_test(drained_is_told),
        cmocka_unit_test(goaway_in_two_steps),
        cmocka_unit_test(goaway_waits_for_the_ping),
        cmocka_unit_test(goaway_at_once),
        cmocka_unit_test(too_many_pings),
        cmocka_unit_test(data_forgives_pings),
        cmocka_unit_test(ping_unanswered),
        cmocka_unit_test(settings_withheld),
        cmocka_unit_test(settings_late),
        cmocka_unit_test(settings_replaced),
        cmocka_unit_test(settings_then_reset),
        cmocka_unit_test(bogus_greeting),
        cmocka_unit_test(broken_frames),
        cmocka_unit_test(head_too_big),
        cmocka_unit_test(peer_speaks_of_itself),
        cmocka_unit_test(dies_with_streams),
        cmocka_unit_test(verbs),
        cmocka_unit_test(names_of_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
