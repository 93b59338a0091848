/* What a head may hold, and what comes too late: against the HTTP/2 layer, frame by frame by hand. */
#include "lib/proto/http2_check.h"
#include "lib/proto/http2_test_world.h"

#define FINE {":method", "POST"}, {":scheme", "http"}, {":path", "/a.B/C"}

struct field {
    const char *name, *value;
};

static const struct head {
    struct field f[8];
    const char *wrong; /* NULL: well-formed */
} heads[] = {
    {{FINE}, NULL},
    {{FINE, {":authority", "ws://kas:8150/x/"}, {"te", "trailers"}, {"grpc-timeout", "1S"}}, NULL},
    {{FINE, {"x-odd", "\t\xff~"}}, NULL},
    {{{":method", "CONNECT"}, {":authority", "a:1"}}, NULL},
    {{FINE, {"", "x"}}, "invalid header field name"},
    {{FINE, {"a b", "x"}}, "invalid header field name"},
    {{FINE, {":unknown", "x"}}, "unknown pseudo-header field"},
    {{FINE, {":status", "200"}}, "unknown pseudo-header field"},
    {{FINE, {":path", "/again"}}, "duplicate pseudo-header field"},
    {{FINE, {"a", "b"}, {":authority", "late"}}, "pseudo-header field after regular"},
    {{{":method", "POST"}, {":scheme", "http"}, {":path", ""}}, "empty pseudo-header field"},
    {{{":scheme", "http"}, {":path", "/"}}, "no :method"},
    {{{":method", "POST"}, {":path", "/"}}, "no :scheme"},
    {{{":method", "POST"}, {":scheme", "http"}}, "no :path"},
    {{{":method", "CONNECT"}, {":path", "/"}}, ":scheme or :path in CONNECT"},
    {{FINE, {"connection", "keep-alive"}}, "connection-specific header field"},
    {{FINE, {"transfer-encoding", "chunked"}}, "connection-specific header field"},
    {{FINE, {"te", "trailers, deflate"}}, "te is not trailers"},
    {{FINE, {"content-length", "-1"}}, "invalid content-length"},
    {{FINE, {"content-length", "1"}, {"content-length", "2"}}, "invalid content-length"},
    {{FINE, {"content-length", "99999999999999999999"}}, "invalid content-length"},
    {{FINE, {"x", "a\nb"}}, "control character in a header field's value"},
    {{FINE, {"authorization", "Bearer t\n"}},
     "control character in authorization (does the token end in a newline?)"},
};

static int32_t request(struct world *w, const struct field *f, bool end)
{
    nghttp2_nv nv[8];
    size_t n = 0;
    for (; n < 8 && f[n].name; n++)
        nv[n] = (nghttp2_nv){(uint8_t *)f[n].name, (uint8_t *)f[n].value, strlen(f[n].name), strlen(f[n].value), 0};
    return nghttp2_submit_headers(w->client, end ? NGHTTP2_FLAG_END_STREAM : 0, -1, NULL, nv, n, NULL);
}

static void heads_are_judged(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
        struct world *w = world_new(NULL, NULL, NULL);
        w->respond_at_once = true;
        client_new(w);
        request(w, heads[i].f, true);
        exchange(w);
        if (!heads[i].wrong) {
            assert_string_equal(text(&w->got), ":status=200 D:5 grpc-status=0 E ");
        } else {
            _cleanup_(freep) char *reason = xasprintf("\"reason\":\"%s\"", heads[i].wrong);
            assert_string_equal(text(&w->got), "R:PROTOCOL_ERROR ");
            assert_string_equal(text(&w->seen), "ready;"); /* the owner never heard of it */
            assert_logged(w, "\"event\":\"h2.malformed\"");
            assert_logged(w, reason);
        }
        request(w, heads[0].f, true); /* the connection lives on */
        exchange(w);
        assert_non_null(strstr(text(&w->got), ":status=200 D:5 grpc-status=0 E "));
        world_free(w);
    }
}

static void frame(struct world *w, uint8_t type, uint8_t flags, int32_t id, const void *p, size_t n)
{
    uint8_t head[9] = {0, 0, (uint8_t)n, type, flags, 0, 0, 0, (uint8_t)id};
    conn_fake_feed(w->c, head, 4); /* heads may come in pieces */
    conn_fake_feed(w->c, head + 4, 5);
    if (n)
        conn_fake_feed(w->c, p, n);
}

enum { DATA = 0, HEADERS = 1, RST = 3, END = 1, END_HEADERS = 4 };
/* :method POST, :scheme http, :path / of HPACK's static table */
static const char block[] = {(char)0x83, (char)0x86, (char)0x84};

static struct world *by_hand(void)
{
    struct world *w = world_new(NULL, NULL, NULL);
    client_new(w);
    exchange(w);
    return w;
}

static void body_of(struct world *w, const char *length, int frames)
{
    struct field f[8] = {FINE, {"content-length", length}};
    request(w, f, false);
    exchange(w);
    for (int i = 0; i < frames; i++)
        frame(w, DATA, i + 1 == frames ? END : 0, 1, "1234", 4);
    exchange(w);
}

static void content_length(void **state)
{
    static const struct {
        const char *length;
        int frames;
        bool fits;
    } cases[] = {{"8", 2, true}, {"4", 1, true}, {"3", 1, false}, {"5", 2, false}, {"9", 2, false}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct world *w = by_hand();
        body_of(w, cases[i].length, cases[i].frames);
        assert_int_equal(strstr(text(&w->seen), "end;") != NULL, cases[i].fits);
        assert_string_equal(text(&w->got), cases[i].fits ? "" : "R:PROTOCOL_ERROR ");
        assert_int_equal(strstr(text(&w->seen), "closed 1 PROTOCOL_ERROR;") != NULL, !cases[i].fits);
        world_free(w);
    }
}

static void trailers(void **state)
{
    struct world *w = by_hand();
    frame(w, HEADERS, END_HEADERS, 1, block, 3);
    frame(w, HEADERS, END_HEADERS | END, 1, "\x40\1a\1b", 5);
    exchange(w);
    assert_non_null(strstr(text(&w->seen), "request 1 :method=POST :scheme=http :path=/;end;"));
    frame(w, HEADERS, END_HEADERS, 3, block, 3);
    frame(w, HEADERS, END_HEADERS, 3, "\x40\1a\1b", 5); /* without END_STREAM */
    frame(w, HEADERS, END_HEADERS, 5, block, 3);
    frame(w, HEADERS, END_HEADERS | END, 5, block, 1); /* :method */
    exchange(w);
    assert_non_null(strstr(text(&w->seen), "closed 3 PROTOCOL_ERROR;"));
    assert_non_null(strstr(text(&w->seen), "closed 5 PROTOCOL_ERROR;"));
    world_free(w);
}

/* nghttp2's client would write it in lower case. */
static void upper_case(void **state)
{
    struct world *w = by_hand();
    frame(w, HEADERS, END_HEADERS | END, 1, "\x83\x86\x84\x40\1A\1b", 8);
    conn_fake_run(w->c);
    assert_logged(w, "\"event\":\"h2.rst_stream\",\"by\":\"us\",\"code\":\"PROTOCOL_ERROR\"");
    assert_logged(w, "invalid header field name");
    world_free(w);
}

static void late_frames_of_streams_that_the_peer_closed(void **state)
{
    struct world *w = by_hand();
    frame(w, HEADERS, END_HEADERS, 1, block, 3);
    frame(w, RST, 0, 1, "\0\0\0\x8", 4);
    frame(w, DATA, 0, 1, "x", 1);
    conn_fake_run(w->c);
    assert_non_null(strstr(text(&w->log), "STREAM_CLOSED"));
    frame(w, HEADERS, END_HEADERS | END, 3, block, 3); /* and the connection lives */
    assert_non_null(strstr(text(&w->seen), "request 3"));
    frame(w, HEADERS, END_HEADERS | END, 1, block, 3);
    conn_fake_run(w->c);
    assert_logged(w, "\"event\":\"h2.goaway\",\"by\":\"us\",\"code\":\"STREAM_CLOSED\"");
    world_free(w);
}

/* What was under way when we reset a stream is no offence. */
static void late_frames_of_streams_that_we_closed(void **state)
{
    struct world *w = by_hand();
    frame(w, HEADERS, END_HEADERS, 1, block, 3);
    h2_rst(w->stream, NGHTTP2_CANCEL);
    conn_fake_run(w->c);
    frame(w, DATA, 0, 1, "x", 1);
    frame(w, HEADERS, END_HEADERS | END, 1, block, 3);
    frame(w, HEADERS, END_HEADERS | END, 3, block, 3);
    conn_fake_run(w->c);
    assert_null(strstr(text(&w->log), "STREAM_CLOSED"));
    assert_null(strstr(text(&w->log), "h2.goaway"));
    assert_non_null(strstr(text(&w->seen), "request 3"));
    world_free(w);
}

static void streams_must_rise(void **state)
{
    struct world *w = by_hand();
    frame(w, HEADERS, END_HEADERS, 5, block, 3);
    frame(w, HEADERS, END_HEADERS, 3, block, 3);
    conn_fake_run(w->c);
    assert_logged(w, "\"event\":\"h2.goaway\",\"by\":\"us\",\"code\":\"PROTOCOL_ERROR\"");
    assert_non_null(strstr(text(&w->seen), "closed 5"));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_judged),
        cmocka_unit_test(content_length),
        cmocka_unit_test(trailers),
        cmocka_unit_test(upper_case),
        cmocka_unit_test(late_frames_of_streams_that_the_peer_closed),
        cmocka_unit_test(late_frames_of_streams_that_we_closed),
        cmocka_unit_test(streams_must_rise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
