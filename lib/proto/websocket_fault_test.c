/* What a scenario can do to frames and to the 101 before them: the very bytes that go out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/net/conn_test.h"
#include "lib/proto/http1.h"
#include "lib/proto/websocket.h"
#include "lib/script/actions.h"

struct world {
    struct moments m;
    const char *at;
    json_t *what;
    struct action *then;
    struct events *events;
    struct event_sub *sub;
    int failed;
    struct conn *c;
    struct ws *ws;
    struct http1 *http;
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
    ((struct world *)arg)->failed += !strcmp(json_string_value(json_object_get(event, "event")), "fault.failed");
}

static struct world *world_new(const char *moment, const char *list)
{
    struct world *w = NEW(struct world);
    w->m = (struct moments){at, cares};
    w->at = moment;
    w->what = json_loads(list, JSON_DECODE_ANY, NULL);
    assert_non_null(w->what);
    w->then = actions_new(w->what);
    assert_int_equal(events_open(NULL, NULL, &w->events), 0);
    w->sub = events_subscribe(w->events, on_event, w);
    w->c = conn_fake_new(&w->m, w->events);
    return w;
}

static struct world *ws_world(const char *moment, const char *list)
{
    struct world *w = world_new(moment, list);
    w->ws = ws_push(w->c, &(struct ws_options){.server = true});
    conn_fake_open(w->c);
    return w;
}

static void world_free(struct world *w)
{
    if (w->c->dead)
        conn_fake_run(w->c);
    conn_fake_free(w->c);
    events_unsubscribe(w->sub);
    events_free(w->events);
    actions_free(w->then);
    json_decref(w->what);
    free(w);
}

static void assert_out(struct world *w, const char *expected, size_t n)
{
    struct buf *out = conn_fake_out(w->c);
    assert_int_equal(buf_len(out), n);
    assert_memory_equal(buf_data(out), expected, n);
    buf_consume(out, n);
}

#define ASSERT_OUT(w, literal) assert_out(w, literal, sizeof(literal) - 1)

static void say(struct world *w, const char *bytes)
{
    struct layer *l = ws_layer(w->ws);
    l->ops->bytes_down(l, (const uint8_t *)bytes, strlen(bytes));
}

static void frames_by_their_fields(void **state)
{
    static const struct {
        const char *args, *bytes;
        size_t n;
    } cases[] = {
        {"{\"payload\":\"hi\"}", "\x82\x02hi", 4},
        {"{\"opcode\":\"text\",\"payload\":\"hi\"}", "\x81\x02hi", 4},
        {"{\"opcode\":\"ping\",\"count\":3}", "\x89\0\x89\0\x89\0", 6},
        {"{\"opcode\":11,\"rsv\":5}", "\xdb\0", 2},
        {"{\"opcode\":\"continuation\",\"fin\":false,\"payload\":{\"hex\":\"00ff\"}}", "\x00\x02\x00\xff", 4},
        {"{\"mask\":true,\"payload\":{\"hex\":\"5aa53cc35a\"}}", "\x82\x85\x5a\xa5\x3c\xc3\0\0\0\0\0", 11},
        {"{\"length\":70000,\"payload\":\"x\"}", "\x82\x7f\0\0\0\0\0\x01\x11\x70x", 11},
        {"{\"opcode\":\"ping\",\"payload\":{\"text\":\"a\",\"times\":3},\"length\":126}", "\x89\x7e\0\x7e" "aaa", 7},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct world *w = ws_world(NULL, "\"pass\"");
        json_t *args = json_loads(cases[i].args, 0, NULL);
        assert_true(ws_act(w->ws, &(struct action){"ws_frame", args, NULL}));
        assert_out(w, cases[i].bytes, cases[i].n);
        json_decref(args);
        world_free(w);
    }
}

static void big_payload(void **state)
{
    struct world *w = ws_world("ws.open", "[{\"ws_frame\":{\"payload\":{\"of\":[{\"hex\":\"ff\"},"
                                          "{\"hex\":\"00\",\"times\":9}],\"times\":1048576}}},\"pass\"]");
    const uint8_t *p = buf_data(conn_fake_out(w->c));
    assert_int_equal(buf_len(conn_fake_out(w->c)), 10 + (10 << 20));
    assert_memory_equal(p, "\x82\x7f\0\0\0\0\0\xa0\0\0\xff\0", 12);
    assert_int_equal(p[10 + 10], 0xff);
    world_free(w);
}

static void form_of_messages(void **state)
{
    static const struct {
        const char *list, *bytes;
        size_t n;
    } cases[] = {
        {"[{\"fragment\":1},\"pass\"]", "\x02\x01" "a\x00\x01" "b\x80\x01" "c", 9},
        {"[{\"fragment\":{\"size\":2,\"between\":\"ping\"}},\"pass\"]", "\x02\x02" "ab\x89\0\x80\x01" "c", 9},
        {"[{\"fragment\":{\"opcode\":\"text\"}},\"pass\"]", "\x81\x03" "abc", 5},
        {"[{\"fragment\":{\"rsv\":4,\"size\":2}},\"pass\"]", "\x42\x02" "ab\x80\x01" "c", 7},
        {"[{\"fragment\":{\"mask\":true}},\"pass\"]", "\x82\x83\x5a\xa5\x3c\xc3;\xc7_", 9},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct world *w = ws_world("ws.open", cases[i].list);
        say(w, "abc");
        assert_out(w, cases[i].bytes, cases[i].n);
        world_free(w);
    }
}

static void mistakes_are_told(void **state)
{
    static const char *const lists[] = {
        "{\"ws_frame\":{\"opcode\":\"txt\"}}", "{\"ws_frame\":{\"opcode\":16}}", "{\"ws_frame\":{\"payload\":{\"hex\":\"0\"}}}",
        "{\"fragment\":-1}", "{\"fragment\":\"x\"}", "{\"fragment\":{\"between\":\"pang\"}}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        struct world *w = ws_world("ws.open", lists[i]);
        assert_int_equal(w->failed, 1);
        ASSERT_OUT(w, "");
        world_free(w);
    }
}

/* the 101 */

static void upgrade(void *arg, struct http1 *h, const struct http1_request *r)
{
    struct world *w = arg;
    json_t *headers = json_pack("{s:s, s:s}", "Sec-Websocket-Accept", "right", "Upgrade", "websocket");
    http1_upgrade(h, headers);
    json_decref(headers);
    if (!w->c->dead)
        w->ws = ws_push(w->c, &(struct ws_options){.server = true});
}

static struct world *asked(const char *list)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    struct world *w = world_new("ws.handshake", list);
    w->http = http1_server_push(w->c, &(struct http1_owner){upgrade, w});
    conn_fake_open(w->c);
    conn_fake_feed(w->c, request, sizeof(request) - 1);
    conn_fake_run(w->c);
    return w;
}

#define SWITCH "HTTP/1.1 101 Switching Protocols\r\n"

static void the_101(void **state)
{
    struct world *w = asked("[{\"headers\":{\"sec-websocket-accept\":\"wrong\",\"x\":[\"1\",\"2\"]}},\"pass\"]");
    ASSERT_OUT(w, SWITCH "Upgrade: websocket\r\nsec-websocket-accept: wrong\r\nx: 1\r\nx: 2\r\n\r\n");
    say(w, "up");
    ASSERT_OUT(w, "\x82\x02up");
    world_free(w);

    w = asked("[{\"headers\":{\"Sec-WebSocket-Accept\":null}},\"pass\"]");
    ASSERT_OUT(w, SWITCH "Upgrade: websocket\r\n\r\n");
    world_free(w);

    w = asked("[{\"delay\":\"5ms\"}]");
    ASSERT_OUT(w, SWITCH "Sec-Websocket-Accept: right\r\nUpgrade: websocket\r\n\r\n");
    say(w, "up");
    ASSERT_OUT(w, "\x82\x02up");
    world_free(w);

    w = asked("\"withhold\"");
    ASSERT_OUT(w, "");
    world_free(w);

    w = asked("[{\"send\":\"HTTP/1.1 101 Maybe\\r\\n\\r\\n\"}]");
    ASSERT_OUT(w, "HTTP/1.1 101 Maybe\r\n\r\n");
    conn_fake_feed(w->c, "\x82\x80", 2); /* heard by nobody */
    world_free(w);

    w = asked("[{\"respond\":{\"status\":503,\"headers\":{\"date\":null},\"body\":\"no\"}}]");
    ASSERT_OUT(w, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\nContent-Type: text/plain; charset=utf-8\r\n"
                  "\r\nno");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_by_their_fields), cmocka_unit_test(big_payload),
        cmocka_unit_test(form_of_messages),       cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(the_101),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
