/* The client's side of upgrade, WebSocket and HTTP/2: what goes out, and what is made of the answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/net/conn_test.h"
#include "lib/proto/http1_client.h"
#include "lib/proto/http2_client.h"
#include "lib/proto/websocket.h"

/* the upgrade */

struct up {
    struct conn *c;
    struct buf seen;
    bool push_ws;
};

static void upgraded(void *arg, const json_t *headers)
{
    struct up *u = arg;
    buf_addf(&u->seen, "upgraded server=%s;", json_string_value(json_object_get(headers, "server")));
    if (u->push_ws)
        ws_push(u->c, &(struct ws_options){.server = false});
}

static void refused(void *arg, int status, const char *reason, const json_t *headers, const void *body, size_t n)
{
    struct up *u = arg;
    buf_addf(&u->seen, "refused %d %s location=%s body=%.*s;", status, reason,
             json_string_value(json_object_get(headers, "location")), (int)n, (const char *)body);
}

static void failed(void *arg, const char *why)
{
    buf_addf(&((struct up *)arg)->seen, "failed %s;", why);
}

static struct up *up_new(void)
{
    struct up *u = NEW(struct up);
    json_t *headers = json_pack("{ss s[ss]}", "user-agent", "x/1", "x-two", "a", "b");
    struct http1_client_options o = {.target = "/-/k/?a=b", .host = "kas:80", .headers = headers,
                                     .subprotocol = "ws-tunnel", .upgraded = upgraded, .refused = refused,
                                     .failed = failed, .arg = u};
    u->c = conn_fake_new(NULL, NULL);
    http1_client_push(u->c, &o);
    json_decref(headers);
    conn_fake_open(u->c);
    return u;
}

static void up_free(struct up *u)
{
    conn_fake_free(u->c);
    buf_done(&u->seen);
    free(u);
}

static char *out_text(struct conn *c)
{
    struct buf *out = conn_fake_out(c);
    char *text = xstrndup((const char *)buf_data(out), buf_len(out));
    buf_consume(out, buf_len(out));
    return text;
}

static void feed(struct up *u, const char *text)
{
    conn_fake_feed(u->c, text, strlen(text));
}

static void assert_seen(struct buf *b, const char *wanted)
{
    _cleanup_(freep) char *got = xstrndup((const char *)buf_data(b), buf_len(b));
    assert_string_equal(got, wanted);
}

/* The 101 that belongs to the request. */
static char *answer(struct up *u, const char *more)
{
    _cleanup_(freep) char *request = out_text(u->c);
    const char *key = strstr(request, "Sec-WebSocket-Key: ");
    char accept[29];
    assert_non_null(key);
    _cleanup_(freep) char *k = xstrndup(key + 19, 24);
    ws_accept_key(k, accept);
    return xasprintf("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nServer: "
                     "x\r\nSec-WebSocket-Accept: %s\r\n\r\n%s", accept, more);
}

static void asks_for_an_upgrade(void **state)
{
    struct up *u = up_new();
    _cleanup_(freep) char *request = out_text(u->c);
    assert_ptr_equal(strstr(request, "GET /-/k/?a=b HTTP/1.1\r\nHost: kas:80\r\n"), request);
    assert_non_null(strstr(request, "User-Agent: x/1\r\nX-Two: a\r\nX-Two: b\r\n"));
    assert_non_null(strstr(request, "Sec-WebSocket-Protocol: ws-tunnel\r\n\r\n"));
    up_free(u);
}

static void what_follows_the_101_goes_up(void **state)
{
    struct up *u = up_new();
    u->push_ws = true;
    _cleanup_(freep) char *a = answer(u, "\x89\x02hi"); /* a ping in the same segment */
    feed(u, a);
    assert_seen(&u->seen, "upgraded server=x;");
    struct buf *out = conn_fake_out(u->c);
    uint8_t pong[8];
    assert_int_equal(buf_len(out), sizeof pong);
    memcpy(pong, buf_data(out), sizeof pong);
    assert_int_equal(pong[0], 0x8a);
    assert_int_equal(pong[1], 0x82); /* masked: we are a client */
    assert_int_equal(pong[6] ^ pong[2], 'h');
    up_free(u);
}

static void byte_by_byte(void **state)
{
    struct up *u = up_new();
    _cleanup_(freep) char *a = answer(u, "");
    for (const char *c = a; *c; c++)
        conn_fake_feed(u->c, c, 1);
    assert_seen(&u->seen, "upgraded server=x;");
    up_free(u);
}

static void a_wrong_accept_is_no_upgrade(void **state)
{
    struct up *u = up_new();
    feed(u, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Accept: AAAA\r\n\r\n");
    assert_seen(&u->seen, "failed Sec-WebSocket-Accept is not the one for our key;");
    up_free(u);
}

static void other_answers_are_refusals(void **state)
{
    struct up *u = up_new();
    feed(u, "HTTP/1.1 301 Moved Permanently\r\nLocation: /x/\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    assert_int_equal(buf_len(&u->seen), 0); /* not before it is whole */
    feed(u, "0\r\n\r\n");
    assert_seen(&u->seen, "refused 301 Moved Permanently location=/x/ body=abc;");
    up_free(u);
}

static void no_http_and_no_answer(void **state)
{
    struct up *u = up_new();
    feed(u, "SSH-2.0-x\r\n");
    assert_ptr_equal(strstr((const char *)buf_data(&u->seen), "failed "), buf_data(&u->seen));
    up_free(u);
    u = up_new();
    conn_fake_eof(u->c);
    assert_seen(&u->seen, "failed EOF;");
    up_free(u);
}

/* HTTP/2, against our own server session */

struct pair {
    struct conn *near, *far;
    struct h2c *client;
    struct h2 *server;
    struct h2_stream *at_server;
    struct buf seen;
    bool hold;
};

static void s_request(void *arg, struct h2_stream *s, const struct h2_header *h, size_t n, bool end)
{
    struct pair *p = arg;
    p->at_server = s;
    buf_addf(&p->seen, "request %d %s;", h2_stream_id(s), h[0].value);
}

static void s_data(void *arg, struct h2_stream *s, const uint8_t *b, size_t n)
{
    buf_addf(&((struct pair *)arg)->seen, "got %zu;", n);
}

static void s_end(void *arg, struct h2_stream *s)
{
    buf_addf(&((struct pair *)arg)->seen, "got end;");
}

static void s_closed(void *arg, struct h2_stream *s, uint32_t code)
{
    struct pair *p = arg;
    p->at_server = NULL;
    buf_addf(&p->seen, "closed at server %s;", h2_error_name(code));
}

static void c_response(void *arg, struct h2c_stream *s, const struct h2_header *h, size_t n, bool end)
{
    struct pair *p = arg;
    buf_addf(&p->seen, "response %s%s;", h[0].value, end ? " end" : "");
    h2c_hold(s, p->hold);
}

static void c_data(void *arg, struct h2c_stream *s, const uint8_t *b, size_t n)
{
    struct pair *p = arg;
    if (!p->hold)
        buf_addf(&p->seen, "data %zu;", n);
}

static void c_trailers(void *arg, struct h2c_stream *s, const struct h2_header *h, size_t n)
{
    buf_addf(&((struct pair *)arg)->seen, "trailers %s=%s;", h[0].name, h[0].value);
}

static void c_end(void *arg, struct h2c_stream *s)
{
    buf_addf(&((struct pair *)arg)->seen, "end;");
}

static void c_closed(void *arg, struct h2c_stream *s, uint32_t code)
{
    buf_addf(&((struct pair *)arg)->seen, "closed %s;", h2_error_name(code));
}

static void c_drained(void *arg, struct h2c_stream *s)
{
}

static void c_ping(void *arg, const uint8_t data[8], bool ack)
{
    struct pair *p = arg;
    buf_addf(&p->seen, "ping %.8s%s;", (const char *)data, ack ? " ack" : "");
    if (!ack)
        h2c_ping(p->client, data, true);
}

static void c_goaway(void *arg, uint32_t code, int32_t last, const char *debug)
{
    buf_addf(&((struct pair *)arg)->seen, "goaway %s %d %s;", h2_error_name(code), last, debug);
}

static void c_gone(void *arg)
{
    buf_addf(&((struct pair *)arg)->seen, "gone;");
}

static bool carry(struct conn *from, struct conn *to)
{
    struct buf *out = conn_fake_out(from), bytes = *out;
    *out = BUF_NULL;
    bool any = buf_len(&bytes) > 0;
    if (any)
        conn_fake_feed(to, buf_data(&bytes), buf_len(&bytes));
    buf_done(&bytes);
    return any;
}

static void talk(struct pair *p)
{
    do {
        conn_fake_run(p->near);
        conn_fake_run(p->far);
    } while (carry(p->near, p->far) | carry(p->far, p->near));
}

static struct pair *pair_new(void)
{
    struct pair *p = NEW(struct pair);
    struct h2_owner so = {.request = s_request, .data = s_data, .end = s_end, .closed = s_closed, .arg = p};
    struct h2c_owner co = {c_response, c_data, c_trailers, c_end, c_closed, c_drained, c_ping, c_goaway, c_gone, p};
    p->near = conn_fake_new(NULL, NULL);
    p->far = conn_fake_new(NULL, NULL);
    p->client = h2c_push(p->near, &co);
    p->server = h2_server_push(p->far, NULL, &so);
    conn_fake_open(p->near);
    conn_fake_open(p->far);
    talk(p);
    return p;
}

static void pair_free(struct pair *p)
{
    conn_fake_free(p->near);
    conn_fake_free(p->far);
    buf_done(&p->seen);
    free(p);
}

static const struct h2_header head[] = {
    {":method", "POST", 7, 4}, {":scheme", "http", 7, 4}, {":path", "/a/b", 5, 4}, {":authority", "x", 10, 1}};

static void a_call_and_its_answer(void **state)
{
    struct pair *p = pair_new();
    struct h2c_stream *s = h2c_request(p->client, 7, head, ARRAY_SIZE(head), NULL);
    assert_int_equal(h2c_id(s), 7); /* the one that was asked for */
    h2c_data(s, "hello", 5);
    h2c_end(s);
    talk(p);
    assert_seen(&p->seen, "request 7 POST;got 5;got end;");
    buf_consume(&p->seen, buf_len(&p->seen));
    struct h2_header status = {":status", "200", 7, 3}, trailer = {"grpc-status", "0", 11, 1};
    h2_respond(p->at_server, &status, 1, false);
    h2_data(p->at_server, "hi", 2);
    h2_trailers(p->at_server, &trailer, 1);
    talk(p);
    assert_seen(&p->seen, "closed at server NO_ERROR;response 200;data 2;trailers grpc-status=0;closed NO_ERROR;");
    s = h2c_request(p->client, 3, head, ARRAY_SIZE(head), NULL);
    assert_int_equal(h2c_id(s), 9); /* 3 is over */
    pair_free(p);
}

static void resets_pings_and_goodbyes(void **state)
{
    struct pair *p = pair_new();
    h2c_request(p->client, 1, head, ARRAY_SIZE(head), NULL);
    talk(p);
    h2_rst(p->at_server, 11);
    h2_ping(p->server, (const uint8_t *)"12345678");
    h2_goaway_frame(p->server, 0, "max_age", 0x7fffffff);
    talk(p);
    assert_seen(&p->seen, "request 1 POST;closed at server ENHANCE_YOUR_CALM;goaway NO_ERROR 2147483647 max_age;"
                          "ping 12345678;closed ENHANCE_YOUR_CALM;gone;");
    pair_free(p);
}

static void a_held_stream_stops_its_sender_alone(void **state)
{
    struct pair *p = pair_new();
    struct h2_header status = {":status", "200", 7, 3};
    uint8_t *much = xcalloc(1, 1000000);
    p->hold = true;
    struct h2c_stream *s = h2c_request(p->client, 1, head, ARRAY_SIZE(head), NULL);
    talk(p);
    struct h2_stream *first = p->at_server;
    h2_respond(first, &status, 1, false);
    h2_data(first, much, 1000000);
    talk(p);
    assert_int_equal(h2_queued(first), 1000000 - 65535); /* one window, and no more */
    p->hold = false;
    h2c_request(p->client, 3, head, ARRAY_SIZE(head), NULL);
    talk(p);
    h2_respond(p->at_server, &status, 1, false);
    h2_data(p->at_server, much, 3);
    h2_end(p->at_server);
    talk(p);
    _cleanup_(freep) char *seen = xstrndup((const char *)buf_data(&p->seen), buf_len(&p->seen));
    assert_non_null(strstr(seen, "data 3;end;"));
    h2c_hold(s, false);
    talk(p);
    assert_int_equal(h2_queued(first), 0);
    free(much);
    pair_free(p);
}

static void bad_answers_end_the_session(void **state)
{
    struct pair *p = pair_new();
    h2c_request(p->client, 1, head, ARRAY_SIZE(head), NULL);
    talk(p);
    buf_consume(&p->seen, buf_len(&p->seen));
    conn_fake_feed(p->near, "\xff\xff\xff\x00\x00\x00\x00\x00\x01", 9); /* larger than any frame may be */
    conn_fake_run(p->near);
    assert_seen(&p->seen, "closed CANCEL;gone;");
    assert_null(h2c_request(p->client, 3, head, ARRAY_SIZE(head), NULL));
    pair_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_an_upgrade),
        cmocka_unit_test(what_follows_the_101_goes_up),
        cmocka_unit_test(byte_by_byte),
        cmocka_unit_test(a_wrong_accept_is_no_upgrade),
        cmocka_unit_test(other_answers_are_refusals),
        cmocka_unit_test(no_http_and_no_answer),
        cmocka_unit_test(a_call_and_its_answer),
        cmocka_unit_test(resets_pings_and_goodbyes),
        cmocka_unit_test(a_held_stream_stops_its_sender_alone),
        cmocka_unit_test(bad_answers_end_the_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
