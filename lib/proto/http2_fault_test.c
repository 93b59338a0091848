/* Frames and SETTINGS as a scenario has written them: the very bytes, and a session that survives them. */
#include "lib/proto/http2_test_world.h"

#include <jansson.h>

#include "lib/base/buf.h"
#include "lib/net/conn.h"

static void act(struct world *w, struct h2_stream *s, const char *verb, const char *args)
{
    json_t *v = json_loads(args, 0, NULL);
    assert_non_null(v);
    assert_true(h2_act(w->h, s, &(struct action){verb, v, NULL}));
    json_decref(v);
    conn_fake_run(w->c);
}

static void assert_out(struct world *w, const char *expected, size_t n)
{
    struct buf *out = conn_fake_out(w->c);
    assert_int_equal(buf_len(out), n);
    assert_memory_equal(buf_data(out), expected, n);
    buf_consume(out, n);
}

static struct world *opened(void)
{
    struct world *w = world_new(NULL, NULL, NULL);
    client_new(w);
    client_request(w, false);
    exchange(w);
    return w;
}

static void frames_by_their_fields(void **state)
{
    static const struct {
        const char *args, *bytes;
        size_t n;
    } cases[] = {
        {"{\"type\":\"PING\",\"payload\":\"12345678\"}", "\0\0\x08\x06\0\0\0\0\0" "12345678", 17},
        {"{\"type\":187,\"flags\":255,\"stream\":4294967295}", "\0\0\0\xbb\xff\xff\xff\xff\xff", 9},
        {"{\"type\":\"HEADERS\",\"flags\":[\"END_HEADERS\",\"END_STREAM\"],\"stream\":2,\"payload\":{\"hex\":\"88\"}}",
         "\0\0\x01\x01\x05\0\0\0\x02\x88", 10},
        {"{\"type\":\"CONTINUATION\",\"stream\":1,\"count\":2}", "\0\0\0\x09\0\0\0\0\x01\0\0\0\x09\0\0\0\0\x01", 18},
        {"{\"type\":\"DATA\",\"stream\":1,\"length\":16385,\"payload\":\"x\"}", "\0\x40\x01\0\0\0\0\0\x01x", 10},
        {"{\"type\":\"WINDOW_UPDATE\",\"payload\":{\"hex\":\"7fffffff\"}}", "\0\0\x04\x08\0\0\0\0\0\x7f\xff\xff\xff", 13},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct world *w = opened();
        act(w, NULL, "frame", cases[i].args);
        assert_out(w, cases[i].bytes, cases[i].n);
        world_free(w);
    }
}

static void stream_is_the_moments(void **state)
{
    struct world *w = opened();
    act(w, w->stream, "frame", "{\"type\":\"RST_STREAM\",\"payload\":{\"hex\":\"00000008\"}}");
    assert_out(w, "\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08", 13);
    world_free(w);
}

static void mistakes_are_told(void **state)
{
    static const char *const bad[] = {"{}", "{\"type\":\"DATUM\"}", "{\"type\":256}", "{\"type\":0,\"flags\":\"ENDED\"}",
                                      "{\"type\":0,\"payload\":{\"hex\":\"0\"}}",
                                      "{\"type\":0,\"payload\":\"12345678\",\"count\":99999999}"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct world *w = opened();
        act(w, NULL, "frame", bad[i]);
        assert_logged(w, "fault.failed");
        assert_out(w, "", 0);
        world_free(w);
    }
    struct world *w = opened();
    act(w, NULL, "settings", "{\"window\":1}");
    assert_logged(w, "fault.failed");
    world_free(w);
}

/* Those that nghttp2 writes and those that it would not, in a row: each acknowledged, none too many. */
static void settings_in_mid_connection(void **state)
{
    struct world *w = opened();
    act(w, NULL, "settings", "{\"max_concurrent_streams\":1}");
    assert_memory_equal(buf_data(conn_fake_out(w->c)), "\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x01", 15);
    exchange(w);
    act(w, NULL, "frame", "{\"type\":\"SETTINGS\",\"payload\":{\"hex\":\"009900000001\"},\"count\":3}");
    assert_int_equal(buf_len(conn_fake_out(w->c)), 45);
    exchange(w);
    act(w, NULL, "settings", "{\"initial_window_size\":70000,\"0x99\":1}");
    exchange(w);
    assert_null(strstr(text(&w->log), "h2.failed"));
    assert_int_equal(conn_fake_closed(w->c), FAKE_NOT_CLOSED);
    act(w, NULL, "settings", "{\"initial_window_size\":4294967295}");
    assert_out(w, "\0\0\x06\x04\0\0\0\0\0\0\x04\xff\xff\xff\xff", 15);
    world_free(w);
}

static void settings_in_place_of_ours(void **state)
{
    json_t *args = json_loads("{\"max_concurrent_streams\":0}", 0, NULL);
    struct action pass = {"pass", json_null(), NULL}, a = {"settings", args, NULL};
    struct world *w = world_new(NULL, "h2.settings", &a);
    assert_out(w, "\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\0", 15);
    client_new(w);
    exchange(w);
    assert_null(strstr(text(&w->log), "h2.failed"));
    world_free(w);

    json_object_set_new(args, "max_concurrent_streams", json_integer(9));
    a.next = &pass;
    w = world_new(NULL, "h2.settings", &a);
    client_new(w);
    exchange(w); /* two, both acknowledged */
    client_request(w, true);
    exchange(w);
    assert_null(strstr(text(&w->log), "h2.failed"));
    assert_non_null(strstr(text(&w->seen), "request 1"));
    world_free(w);
    json_decref(args);
}

static void ping_answered_all_the_same(void **state)
{
    json_t *args = json_loads("{\"type\":170}", 0, NULL);
    struct action pass = {"pass", json_null(), NULL}, a = {"frame", args, &pass};
    struct world *w = world_new(NULL, "h2.ping", &a);
    client_new(w);
    nghttp2_submit_ping(w->client, 0, (const uint8_t *)"12345678");
    exchange(w);
    assert_string_equal(text(&w->got), "PONG ");
    world_free(w);
    json_decref(args);
}

static void rst_at_a_frame(void **state)
{
    json_t *code = json_integer(99);
    struct action a = {"rst_stream", code, NULL};
    struct world *w = world_new(NULL, "h2.frame", &a);
    client_new(w);
    client_request(w, false);
    exchange(w);
    nghttp2_submit_rst_stream(w->client, 0, 1, NGHTTP2_CANCEL); /* a frame on a stream that is known */
    exchange(w);
    assert_null(strstr(text(&w->log), "fault.failed"));
    world_free(w);
    json_decref(code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_by_their_fields),
        cmocka_unit_test(stream_is_the_moments),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(settings_in_mid_connection),
        cmocka_unit_test(settings_in_place_of_ours),
        cmocka_unit_test(ping_answered_all_the_same),
        cmocka_unit_test(rst_at_a_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
