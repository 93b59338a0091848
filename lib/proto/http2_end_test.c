/* How HTTP/2 sessions end: GOAWAY, pings, verbs, and connections that die. */
#include "lib/proto/http2_test_world.h"

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
    for (int i = 0; i < 5; i++)
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
        else if (how == 3)
            conn_close(w->c, LAYER_RESET);
        if (how == 2) {
            conn_close(w->c, LAYER_CLOSE);
            conn_close(w->c, LAYER_CLOSE); /* one goodbye is enough */
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
        cmocka_unit_test(goaway_in_two_steps),
        cmocka_unit_test(goaway_waits_for_the_ping),
        cmocka_unit_test(goaway_at_once),
        cmocka_unit_test(too_many_pings),
        cmocka_unit_test(data_forgives_pings),
        cmocka_unit_test(ping_unanswered),
        cmocka_unit_test(peer_speaks_of_itself),
        cmocka_unit_test(dies_with_streams),
        cmocka_unit_test(verbs),
        cmocka_unit_test(names_of_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
