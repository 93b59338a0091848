/* SPDY on the server's side: streams, their ends, and what is no SPDY. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fakekube/spdy_test.h"
#include "lib/net/conn_test.h"

struct world {
    struct conn *c;
    struct spdy_block *client;
    struct buf out; /* what the client is about to send */
    struct spdy_stream *last;
    int ended, gone, freed;
    char *got;
};

static bool accepts(void *arg, struct spdy *s, const json_t *headers)
{
    return !json_object_get(headers, "refuse");
}

static void opened(void *arg, struct spdy_stream *s)
{
    ((struct world *)arg)->last = s;
}

static void data(void *arg, struct spdy_stream *s, const uint8_t *p, size_t n)
{
    spdy_send(s, p, n);
}

static void ended(void *arg, struct spdy_stream *s)
{
    ((struct world *)arg)->ended++;
    spdy_end(s);
}

static void gone(void *arg, struct spdy_stream *s)
{
    ((struct world *)arg)->gone++;
}

static void freed(void *arg)
{
    ((struct world *)arg)->freed++;
}

static struct world *world_new(void)
{
    struct world *w = NEW(struct world);
    w->client = spdy_block_new();
    w->c = conn_fake_new(NULL, NULL);
    spdy_push(w->c, &(struct spdy_owner){accepts, opened, data, ended, gone, freed, w});
    conn_fake_open(w->c);
    return w;
}

static void world_free(struct world *w)
{
    conn_fake_free(w->c);
    assert_int_equal(w->freed, 1);
    spdy_block_free(w->client);
    buf_done(&w->out);
    free(w->got);
    free(w);
}

/* Sends what is in w->out in pieces of that size. */
static const char *exchange(struct world *w, size_t piece)
{
    while (buf_len(&w->out)) {
        size_t n = buf_len(&w->out) < piece ? buf_len(&w->out) : piece;
        conn_fake_feed(w->c, buf_data(&w->out), n);
        buf_consume(&w->out, n);
    }
    free(w->got);
    w->got = client_read(w->client, conn_fake_out(w->c));
    return w->got;
}

static void test_streams(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 4000; piece *= 3) {
        struct world *w = world_new();
        client_open(w->client, &w->out, 1, 0, "{\"streamtype\":\"stdin\"}");
        assert_string_equal(exchange(w, piece), "reply 1");
        assert_string_equal(json_string_value(json_object_get(w->last->headers, "streamtype")), "stdin");
        client_open(w->client, &w->out, 3, 0, "{\"streamtype\":\"error\",\"port\":\"80\"}");
        assert_string_equal(exchange(w, piece), "reply 3");
        assert_string_equal(json_string_value(json_object_get(w->last->headers, "port")), "80");
        client_data(&w->out, 1, 0, "hello");
        assert_string_equal(exchange(w, 4000), "data 1 'hello'");
        client_data(&w->out, 1, SPDY_FIN, "");
        assert_string_equal(exchange(w, piece), "data 1 fin ''");
        assert_int_equal(w->gone, 1); /* both have ended */
        client_data(&w->out, 1, 0, "late");
        assert_string_equal(exchange(w, piece), "");
        spdy_end(w->last);
        assert_string_equal(exchange(w, piece), "data 3 fin ''");
        assert_int_equal(w->gone, 1);
        client_open(w->client, &w->out, 5, SPDY_FIN, "{}");
        assert_string_equal(exchange(w, piece), "reply 5, data 5 fin ''");
        assert_int_equal(w->ended, 2);
        world_free(w);
    }
}

static void test_refusals(void **state)
{
    struct world *w = world_new();
    (void)state;
    client_open(w->client, &w->out, 1, 0, "{\"refuse\":\"me\"}");
    assert_string_equal(exchange(w, 100), "rst 1 3");
    client_open(w->client, &w->out, 1, 0, "{}"); /* a number that was */
    assert_string_equal(exchange(w, 100), "rst 1 1");
    client_open(w->client, &w->out, 4, 0, "{}"); /* one of ours */
    assert_string_equal(exchange(w, 100), "rst 4 1");
    client_open(w->client, &w->out, 7, 0, "{\"a\":\"b\"}"); /* the state of zlib is still that of both */
    assert_string_equal(exchange(w, 100), "reply 7");
    client_data(&w->out, 9, 0, "x");
    assert_string_equal(exchange(w, 100), "rst 9 2");
    spdy_frame_head(&w->out, SPDY_RST_STREAM, 0, 8);
    spdy_put32(&w->out, 7);
    spdy_put32(&w->out, 5);
    assert_string_equal(exchange(w, 100), "");
    assert_int_equal(w->gone, 1);
    world_free(w);
}

static void test_frames_of_the_connection(void **state)
{
    struct world *w = world_new();
    (void)state;
    spdy_frame_head(&w->out, SPDY_PING, 0, 4);
    spdy_put32(&w->out, 5);
    assert_string_equal(exchange(w, 100), "ping 5");
    spdy_frame_head(&w->out, SPDY_PING, 0, 4);
    spdy_put32(&w->out, 6);
    spdy_frame_head(&w->out, SPDY_SETTINGS, 0, 4);
    spdy_put32(&w->out, 0);
    spdy_frame_head(&w->out, SPDY_WINDOW_UPDATE, 0, 8);
    spdy_put32(&w->out, 1);
    spdy_put32(&w->out, 1);
    assert_string_equal(exchange(w, 100), "");
    client_open(w->client, &w->out, 1, 0, "{}");
    spdy_frame_head(&w->out, SPDY_GOAWAY, 0, 8);
    spdy_put32(&w->out, 0);
    spdy_put32(&w->out, 0);
    client_open(w->client, &w->out, 3, 0, "{}"); /* it has said that it would not */
    assert_string_equal(exchange(w, 100), "reply 1, rst 3 3");
    assert_int_equal(conn_fake_closed(w->c), FAKE_NOT_CLOSED);
    client_data(&w->out, 1, SPDY_FIN, "");
    assert_string_equal(exchange(w, 100), "data 1 fin ''");
    assert_int_equal(conn_fake_closed(w->c), FAKE_CLOSED);
    world_free(w);
}

static void check_broken(const void *p, size_t n)
{
    struct world *w = world_new();
    buf_add(&w->out, p, n);
    assert_string_equal(exchange(w, n), "goaway 0 1");
    assert_int_equal(conn_fake_closed(w->c), FAKE_CLOSED);
    world_free(w);
}

static void test_broken(void **state)
{
    (void)state;
    check_broken("\200\2\0\1\0\0\0\0", 8);                           /* SPDY/2 */
    check_broken("\200\3\0\6\0\0\0\5abcde", 13);                     /* a ping of 5 bytes */
    check_broken("\200\3\0\1\0\0\0\4abcd", 12);                      /* a stream without a block */
    check_broken("\200\3\0\1\0\0\0\16\0\0\0\1\0\0\0\0\0\0abcd", 22); /* what is no zlib */
    check_broken("\200\3\0\1\0\1\0\1", 8);                           /* more than is kept */
}

static void test_too_much_text(void **state)
{
    struct world *w = world_new();
    (void)state;
    char *value = xcalloc(1, 100001);
    memset(value, 'a', 100000);
    _cleanup_(freep) char *json = xasprintf("{\"a\":\"%s\"}", value);
    client_open(w->client, &w->out, 1, 0, json);
    assert_in_range(buf_len(&w->out), 100, 5000); /* small on the wire */
    assert_string_equal(exchange(w, 100000), "goaway 0 1");
    free(value);
    world_free(w);
}

static void test_many(void **state)
{
    struct world *w = world_new();
    (void)state;
    for (uint32_t i = 0; i < 256; i++)
        client_open(w->client, &w->out, 2 * i + 1, 0, "{}");
    exchange(w, 1000);
    client_open(w->client, &w->out, 601, 0, "{}");
    assert_string_equal(exchange(w, 1000), "rst 601 3");
    world_free(w);
}

static void test_slow_client(void **state)
{
    struct world *w = world_new();
    (void)state;
    client_open(w->client, &w->out, 1, 0, "{}");
    exchange(w, 100);
    conn_fake_queue(w->c, 1024 * 1024);
    client_data(&w->out, 1, 0, "x");
    exchange(w, 100);
    assert_true(w->c->held);
    conn_fake_queue(w->c, 0);
    conn_fake_drained(w->c);
    assert_false(w->c->held);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_frames_of_the_connection),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_too_much_text),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_slow_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
