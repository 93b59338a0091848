/* Frames in any pieces, every rule that a peer can break, and the goodbyes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/net/conn_test.h"
#include "lib/proto/http2.h"
#include "lib/proto/websocket.h"

struct top {
    struct layer l;
    struct buf got;
    int chunks, opened, eof;
};

struct world {
    struct moments m;
    const char *at;
    const struct action *then;
    int from; /* the moments before this one are left alone */
    struct events *events;
    struct event_sub *sub;
    struct buf log, frames;
    struct conn *c;
    struct ws *ws;
    struct top *top;
};

static const struct action *at(struct moments *m, struct conn *c, int64_t stream, const char *moment,
                               const json_t *facts)
{
    struct world *w = (struct world *)m;
    if (!w->at || strcmp(moment, w->at) != 0)
        return NULL;
    return w->from-- > 0 ? NULL : w->then;
}

static bool cares(struct moments *m, const char *moment)
{
    struct world *w = (struct world *)m;
    return w->at && !strcmp(moment, w->at);
}

static void on_event(void *arg, const json_t *event)
{
    char *text = json_dumps(event, JSON_COMPACT);
    buf_addf(&((struct world *)arg)->log, "%s\n", text);
    free(text);
}

static void top_bytes(struct layer *l, const uint8_t *p, size_t n)
{
    struct top *t = (struct top *)l;
    buf_add(&t->got, p, n);
    t->chunks++;
}

static void top_signal(struct layer *l, enum layer_signal s, const char *reason)
{
    struct top *t = (struct top *)l;
    t->opened += s == LAYER_OPEN;
    t->eof += s == LAYER_EOF;
}

static void top_free(struct layer *l)
{
    buf_done(&((struct top *)l)->got);
    free(l);
}

static const struct layer_ops top_ops = {
    .name = "top", .bytes_up = top_bytes, .signal = top_signal, .free = top_free};

static struct world *world_new(const struct ws_options *o, const char *moment, const struct action *then)
{
    struct world *w = NEW(struct world);
    w->m = (struct moments){at, cares};
    w->at = moment;
    w->then = then;
    assert_int_equal(events_open(NULL, NULL, &w->events), 0);
    w->sub = events_subscribe(w->events, on_event, w);
    w->c = conn_fake_new(&w->m, w->events);
    w->ws = ws_push(w->c, o ? o : &(struct ws_options){.server = true});
    w->top = NEW(struct top);
    w->top->l.ops = &top_ops;
    conn_push(w->c, &w->top->l);
    conn_fake_open(w->c);
    return w;
}

static void world_free(struct world *w)
{
    if (w->c->dead)
        conn_fake_run(w->c); /* frees what is dead */
    conn_fake_free(w->c);
    events_unsubscribe(w->sub);
    events_free(w->events);
    buf_done(&w->log);
    buf_done(&w->frames);
    free(w);
}

/* A client's frame, masked, to be fed later. first: FIN, RSV and opcode. */
static void frame(struct world *w, uint8_t first, const void *payload, size_t n)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    uint8_t head[10] = {first, (uint8_t)(0x80 | (n < 126 ? n : n < 65536 ? 126 : 127))};
    size_t len = 2;
    if (n >= 65536)
        for (int i = 56; i >= 0; i -= 8)
            head[len++] = (uint8_t)((uint64_t)n >> i);
    else if (n >= 126)
        head[len++] = (uint8_t)(n >> 8), head[len++] = (uint8_t)n;
    buf_add(&w->frames, head, len);
    buf_add(&w->frames, mask, 4);
    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)(((const uint8_t *)payload)[i] ^ mask[i % 4]);
        buf_add(&w->frames, &c, 1);
    }
}

static void feed(struct world *w, size_t step)
{
    size_t n = buf_len(&w->frames);
    for (size_t i = 0; i < n; i += step)
        conn_fake_feed(w->c, buf_data(&w->frames) + i, i + step < n ? step : n - i);
    buf_consume(&w->frames, n);
}

#define ALL ((size_t)1 << 30)

static void assert_out(struct world *w, const void *expected, size_t n)
{
    struct buf *out = conn_fake_out(w->c);
    assert_int_equal(buf_len(out), n);
    if (n)
        assert_memory_equal(buf_data(out), expected, n);
    buf_consume(out, n);
}

#define ASSERT_OUT(w, literal) assert_out(w, literal, sizeof(literal) - 1)

static void assert_got(struct world *w, const char *expected)
{
    assert_int_equal(buf_len(&w->top->got), strlen(expected));
    assert_memory_equal(buf_data(&w->top->got), expected, strlen(expected));
}

static void assert_logged(struct world *w, const char *what)
{
    buf_add(&w->log, "", 1);
    w->log.end--;
    if (!strstr((const char *)buf_data(&w->log), what))
        fail_msg("not logged: %s\nlog:\n%s", what, (const char *)buf_data(&w->log));
}

/* The close frame that a broken rule is answered with. */
static void assert_failed(struct world *w, uint16_t code, const char *reason)
{
    uint8_t expected[127] = {0x88, (uint8_t)(2 + strlen(reason)), (uint8_t)(code >> 8), (uint8_t)code};
    memcpy(expected + 4, reason, strlen(reason));
    assert_out(w, expected, 4 + strlen(reason));
    assert_int_equal(w->top->eof, 1);
    assert_int_equal(conn_fake_closed(w->c), FAKE_CLOSED);
    assert_logged(w, "\"event\":\"ws.close\"");
    assert_logged(w, "\"by\":\"us\"");
}

/* reading */

static void pieces(void **state)
{
    static const size_t steps[] = {1, 2, 3, 7, 4096, ALL};
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        struct world *w = world_new(NULL, NULL, NULL);
        assert_int_equal(w->top->opened, 1);
        frame(w, 0x82, "one", 3);
        frame(w, 0x02, "tw", 2);
        frame(w, 0x89, "p", 1); /* control frames may stand between fragments */
        frame(w, 0x00, "o", 1);
        frame(w, 0x80, "", 0);
        frame(w, 0x82, "", 0);
        frame(w, 0x8a, "stray pong", 10);
        frame(w, 0x82, "three", 5);
        feed(w, steps[i]);
        assert_got(w, "onetwothree");
        ASSERT_OUT(w, "\x8a\x01p");
        world_free(w);
    }
}

static void one_turn_goes_up_together(void **state)
{
    struct world *w = world_new(NULL, NULL, NULL);
    for (int i = 0; i < 100; i++)
        frame(w, 0x82, "0123456789", 10);
    feed(w, ALL);
    assert_int_equal(buf_len(&w->top->got), 1000);
    assert_int_equal(w->top->chunks, 1);
    world_free(w);
}

static void big_message(void **state)
{
    struct world *w = world_new(NULL, NULL, NULL);
    size_t n = 10 << 20;
    _cleanup_(freep) uint8_t *p = xcalloc(1, n + 1);
    memset(p, 'x', n);
    frame(w, 0x82, p, n);
    feed(w, 100000);
    assert_int_equal(buf_len(&w->top->got), n);
    assert_memory_equal(buf_data(&w->top->got), p, n);
    frame(w, 0x82, p, n + 1);
    feed(w, 100000);
    assert_failed(w, 1009, "read limited at 10485761 bytes");
    world_free(w);
}

static void limit_holds_over_fragments(void **state)
{
    struct world *w = world_new(&(struct ws_options){.server = true, .max_message = 5}, NULL, NULL);
    frame(w, 0x02, "abc", 3);
    frame(w, 0x80, "def", 3);
    feed(w, ALL);
    assert_got(w, "abc");
    assert_failed(w, 1009, "read limited at 6 bytes");
    world_free(w);
}

static void broken_rules(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        uint16_t code;
        const char *reason;
    } cases[] = {
        {"\x82\x01x", 3, 1002, "received unmasked frame from client"},
        {"\xc2\x81\0\0\0\0x", 7, 1002, "received header with unexpected rsv bits set: true:false:false"},
        {"\x83\x81\0\0\0\0x", 7, 1002, "received unknown opcode 3"},
        {"\x8b\x81\0\0\0\0x", 7, 1002, "received unknown opcode 11"},
        {"\x80\x81\0\0\0\0x", 7, 1002, "received continuation frame without text or binary frame"},
        {"\x02\x81\0\0\0\0x\x82\x81\0\0\0\0x", 14, 1002,
         "received new data message without finishing the previous message"},
        {"\x81\x81\0\0\0\0x", 7, 1003, "unexpected frame type read (expected MessageBinary): MessageText"},
        {"\x09\x81\0\0\0\0x", 7, 1002, "received malformed frame header"}, /* a ping in fragments */
        {"\x89\xfe\0\x80", 4, 1002, "received malformed frame header"},    /* a ping too long */
        {"\x82\xfe\0\x01\0\0\0\0x", 9, 1002, "received malformed frame header"}, /* length not the shortest */
        {"\x82\xff\xff\0\0\0\0\0\0\0", 10, 1002, "received malformed frame header"}, /* beyond 63 bits */
        {"\x88\x81\0\0\0\0x", 7, 1002, "received invalid close payload"},
        {"\x88\x82\0\0\0\0\x03\xed", 8, 1002, "received invalid close payload"}, /* 1005 is never sent */
        {"\x88\x83\0\0\0\0\x03\xe8\xff", 9, 1007, "received invalid close payload"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (size_t step = 1; step < 20; step += 18) {
            struct world *w = world_new(NULL, NULL, NULL);
            buf_add(&w->frames, cases[i].bytes, cases[i].n);
            feed(w, step);
            assert_failed(w, cases[i].code, cases[i].reason);
            frame(w, 0x82, "late", 4);
            feed(w, ALL);
            assert_int_equal(buf_len(&w->top->got), cases[i].n == 14 ? 1 : 0);
            world_free(w);
        }
}

/* writing */

static void one_call_one_frame(void **state)
{
    struct world *w = world_new(NULL, NULL, NULL);
    uint8_t *big = xcalloc(1, 70000), head[10] = {0x82, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70};
    layer_down(&w->top->l, "hello", 5);
    ASSERT_OUT(w, "\x82\x05hello");
    layer_down(&w->top->l, big, 126);
    assert_memory_equal(buf_data(conn_fake_out(w->c)), "\x82\x7e\x00\x7e", 4);
    buf_consume(conn_fake_out(w->c), 130);
    layer_down(&w->top->l, big, 70000);
    assert_memory_equal(buf_data(conn_fake_out(w->c)), head, 10);
    assert_int_equal(buf_len(conn_fake_out(w->c)), 70010);
    buf_consume(conn_fake_out(w->c), 70010);
    ws_ping(w->ws, "", 0);
    ws_ping(w->ws, "a", 1);
    ASSERT_OUT(w, "\x89\0\x89\1a");
    free(big);
    world_free(w);
}

static void fragments(void **state)
{
    struct world *w = world_new(&(struct ws_options){.server = true, .fragment = 3}, NULL, NULL);
    layer_down(&w->top->l, "abcdefgh", 8);
    ASSERT_OUT(w, "\x02\x03"
                  "abc\x00\x03"
                  "def\x80\x02gh");
    layer_down(&w->top->l, "abc", 3);
    ASSERT_OUT(w, "\x82\x03"
                  "abc");
    world_free(w);
}

/* A client's frames are masked, and the server side understands them. */
static void client_side(void **state)
{
    struct world *server = world_new(NULL, NULL, NULL);
    struct world *client = world_new(&(struct ws_options){.server = false}, NULL, NULL);
    layer_down(&client->top->l, "to the server", 13);
    struct buf *out = conn_fake_out(client->c);
    assert_int_equal(buf_data(out)[1], 0x80 | 13);
    conn_fake_feed(server->c, buf_data(out), buf_len(out));
    assert_got(server, "to the server");
    conn_fake_feed(client->c, "\x82\x04"
                              "back",
                   6);
    assert_got(client, "back");
    world_free(client);
    world_free(server);
}

/* What a KAS 14.7 sends right after the 101. */
static void http2_speaks_first(void **state)
{
    struct conn *c = conn_fake_new(NULL, NULL);
    ws_push(c, &(struct ws_options){.server = true});
    h2_server_push(c, NULL, &(struct h2_owner){0});
    conn_fake_open(c);
    static const uint8_t expected[] = {0x82, 0x0f, 0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0x40, 0};
    assert_int_equal(buf_len(conn_fake_out(c)), sizeof(expected));
    assert_memory_equal(buf_data(conn_fake_out(c)), expected, sizeof(expected));
    conn_fake_free(c);
}

/* closing */

static void peer_closes(void **state)
{
    struct world *w = world_new(NULL, NULL, NULL);
    frame(w, 0x82, "last", 4);
    frame(w, 0x88, "\x03\xe9gone", 6);
    feed(w, ALL);
    assert_got(w, "last");
    ASSERT_OUT(w, "\x88\x02\x03\xe9");
    assert_int_equal(w->top->eof, 1);
    assert_int_equal(conn_fake_closed(w->c), FAKE_CLOSED);
    assert_logged(w, "\"code\":1001,\"reason\":\"gone\",\"by\":\"peer\"");
    world_free(w);

    w = world_new(NULL, NULL, NULL);
    frame(w, 0x88, "", 0);
    feed(w, 1);
    ASSERT_OUT(w, "\x88\x00");
    assert_logged(w, "\"code\":1005");
    world_free(w);
}

static void we_close(void **state)
{
    struct world *w = world_new(NULL, NULL, NULL);
    ws_close(w->ws, 1001, "Shutting down");
    ASSERT_OUT(w, "\x88\x0f\x03\xe9Shutting down");
    layer_down(&w->top->l, "too late", 8);
    ASSERT_OUT(w, "");
    frame(w, 0x82, "unheard", 7);
    feed(w, ALL);
    assert_int_equal(conn_fake_closed(w->c), FAKE_NOT_CLOSED);
    frame(w, 0x88, "\x03\xe9", 2);
    feed(w, ALL);
    assert_got(w, "");
    assert_int_equal(w->top->eof, 1);
    assert_int_equal(conn_fake_closed(w->c), FAKE_CLOSED);
    ASSERT_OUT(w, "");
    world_free(w);
}

static void we_close_and_nobody_answers(void **state)
{
    struct world *w = world_new(NULL, NULL, NULL);
    conn_close(w->c, LAYER_CLOSE);
    ASSERT_OUT(w, "\x88\x02\x03\xe8");
    conn_fake_run(w->c); /* the timer */
    assert_int_equal(conn_fake_closed(w->c), FAKE_CLOSED);
    world_free(w);
}

static void dies(void **state)
{
    for (int how = 0; how < 3; how++) {
        struct world *w = world_new(NULL, NULL, NULL);
        frame(w, 0x82, "half", 4);
        w->frames.end -= 2;
        feed(w, ALL);
        if (how == 0)
            conn_fake_eof(w->c);
        else if (how == 1)
            conn_fake_fail(w->c, "connection reset by peer");
        else
            conn_close(w->c, LAYER_RESET);
        assert_int_equal(w->top->eof, how == 0 ? 1 : 0);
        ASSERT_OUT(w, "");
        assert_int_not_equal(conn_fake_closed(w->c), FAKE_NOT_CLOSED);
        world_free(w);
    }
}

/* moments */

static void scenario_closes_with_a_code(void **state)
{
    json_t *args = json_pack("{s:i, s:s}", "code", 1011, "reason", "oops");
    struct action a = {"close", args, NULL};
    struct world *w = world_new(NULL, "ws.message", &a);
    w->from = 1;
    frame(w, 0x82, "first", 5);
    frame(w, 0x82, "second", 6);
    feed(w, ALL);
    assert_got(w, "first");
    ASSERT_OUT(w, "\x88\x06\x03\xf3oops");
    assert_logged(w, "\"opcode\":\"binary\",\"length\":6,\"fin\":true,\"direction\":\"received\"");
    world_free(w);
    json_decref(args);
}

static void scenario_delays_messages(void **state)
{
    json_t *ms = json_integer(5);
    struct action a = {"delay", ms, NULL};
    struct world *w = world_new(NULL, "ws.message", &a);
    frame(w, 0x82, "one", 3);
    frame(w, 0x82, "two", 3);
    feed(w, 5);
    assert_got(w, "");
    conn_fake_run(w->c);
    assert_got(w, "onetwo");
    layer_down(&w->top->l, "a", 1);
    layer_down(&w->top->l, "b", 1);
    layer_down(&w->top->l, "c", 1);
    ASSERT_OUT(w, "");
    conn_fake_run(w->c);
    ASSERT_OUT(w, "\x82\x01"
                  "a\x82\x02"
                  "bc");
    world_free(w);
    json_decref(ms);
}

static void scenario_withholds(void **state)
{
    struct action a = {"withhold", json_null(), NULL};
    struct world *w = world_new(NULL, "ws.message", &a);
    w->from = 1;
    frame(w, 0x02, "one", 3);
    frame(w, 0x80, "1", 1);
    frame(w, 0x02, "two", 3);
    frame(w, 0x80, "2", 1);
    feed(w, 1);
    assert_got(w, "one1");
    w->from = 0;
    layer_down(&w->top->l, "lost", 4);
    ASSERT_OUT(w, "");
    world_free(w);

    w = world_new(NULL, "ws.open", &a);
    frame(w, 0x82, "one", 3);
    feed(w, ALL);
    assert_int_equal(w->top->opened, 0);
    assert_got(w, "");
    world_free(w);

    w = world_new(NULL, "ws.ping", &a);
    frame(w, 0x89, "x", 1);
    feed(w, ALL);
    ASSERT_OUT(w, "");
    assert_logged(w, "\"data\":\"78\"");
    world_free(w);
}

static void scenario_sends_garbage(void **state)
{
    json_t *args = json_pack("{s:s}", "hex", "f0");
    struct action a = {"send", args, NULL};
    struct world *w = world_new(NULL, "ws.ping", &a);
    frame(w, 0x89, "x", 1);
    feed(w, ALL);
    ASSERT_OUT(w, "\xf0"); /* beneath the framing */
    world_free(w);
    json_decref(args);
}

static void accept_key(void **state)
{
    char out[29];
    ws_accept_key("dGhlIHNhbXBsZSBub25jZQ==", out); /* RFC 6455 §1.3 */
    assert_string_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces),
        cmocka_unit_test(one_turn_goes_up_together),
        cmocka_unit_test(big_message),
        cmocka_unit_test(limit_holds_over_fragments),
        cmocka_unit_test(broken_rules),
        cmocka_unit_test(one_call_one_frame),
        cmocka_unit_test(fragments),
        cmocka_unit_test(client_side),
        cmocka_unit_test(http2_speaks_first),
        cmocka_unit_test(peer_closes),
        cmocka_unit_test(we_close),
        cmocka_unit_test(we_close_and_nobody_answers),
        cmocka_unit_test(dies),
        cmocka_unit_test(scenario_closes_with_a_code),
        cmocka_unit_test(scenario_delays_messages),
        cmocka_unit_test(scenario_withholds),
        cmocka_unit_test(scenario_sends_garbage),
        cmocka_unit_test(accept_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
