/* The HTTP/2 layer against nghttp2's own client, and against bytes written by hand: opening and calls. */
#include "lib/proto/http2_test_world.h"

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
    assert_string_equal(text(&w->seen), "ready;request 1 :method=POST :scheme=http :path=/a.B/C :authority=ws://host:80/x/ "
                                        "authorization=Bearer t end;closed 1 NO_ERROR;");
    assert_string_equal(text(&w->got), ":status=200 D:5 grpc-status=0 E ");
    assert_logged(w, "\"event\":\"h2.peer_settings\"");
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
        cmocka_unit_test(settings_withheld),
        cmocka_unit_test(settings_late),
        cmocka_unit_test(settings_replaced),
        cmocka_unit_test(settings_then_reset),
        cmocka_unit_test(bogus_greeting),
        cmocka_unit_test(broken_frames),
        cmocka_unit_test(head_too_big),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
