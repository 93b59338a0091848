/* gRPC calls over a real HTTP/2 client. */
#include "lib/proto/grpc_test_world.h"

#include <string.h>

#include "lib/base/mem.h"
#include "lib/proto/gzip.h"

static void assert_texts(const struct reply *r, const char *want)
{
    _cleanup_(freep) char *got = texts(&r->body);
    assert_string_equal(got, want);
}

static void assert_status(const struct reply *r, int which, const char *code, const char *message)
{
    assert_true(r->ended);
    assert_int_equal(r->n_heads, which + 1);
    assert_head(r, which, "grpc-status", code);
    assert_head(r, which, "grpc-message", message);
}

static int32_t call_text(struct world *w, const char *path, const char *text)
{
    struct buf body = framed(text);
    int32_t id = world_call(w, path, NULL, &body, true);
    buf_done(&body);
    return id;
}

static void test_unary(void **state)
{
    struct world *w = world_new(NULL);
    struct reply *r = world_reply(w, call_text(w, "/t.Echo/Unary", "hello"));

    world_run(w);
    assert_head(r, 0, ":status", "200");
    assert_head(r, 0, "content-type", "application/grpc");
    assert_texts(r, "hello");
    assert_status(r, 1, "0", "");
    assert_seen(w, "open Unary;message Unary 7;closed Unary;");
    world_free(w);
}

static void test_chat_byte_by_byte(void **state)
{
    struct world *w = world_new(NULL);
    int32_t id = world_call(w, "/t.Echo/Chat", NULL, NULL, false);
    struct buf all = BUF_NULL, a = framed("a"), b = framed("b");

    buf_add(&all, buf_data(&a), buf_len(&a));
    buf_add(&all, buf_data(&b), buf_len(&b));
    for (size_t i = 0; i < buf_len(&all); i++)
        world_data(w, id, buf_data(&all) + i, 1, i + 1 == buf_len(&all));
    world_run(w);
    assert_texts(world_reply(w, id), "a,b");
    assert_status(world_reply(w, id), 1, "0", "");
    assert_seen(w, "open Chat;message Chat 3;message Chat 3;half Chat;closed Chat;");
    buf_done(&all);
    buf_done(&a);
    buf_done(&b);
    world_free(w);
}

/* The words are grpc-go's, and what is refused before any message is one HEADERS alone. */
static void test_refusals(void **state)
{
    static const struct {
        const char *path, *headers, *http, *code, *message;
    } cases[] = {
        {"/t.Nobody/Unary", NULL, "200", "12", "unknown service t.Nobody"},
        {"/t.Other/Hidden", NULL, "200", "12", "unknown service t.Other"},
        {"/t.Echo/Nothing", NULL, "200", "12", "unknown method Nothing for service t.Echo"},
        {"/a/b/c", NULL, "200", "12", "unknown service a/b"},
        {"/nothing", NULL, "200", "12", "malformed method name: \"/nothing\""},
        {"/t.Echo/Unary", "content-type=text/html", "415", "3",
         "invalid gRPC request content-type \"text/html\""},
        {"/t.Echo/Unary", "content-type=application/grpcx", "415", "3",
         "invalid gRPC request content-type \"application/grpcx\""},
        {"/t.Echo/Unary", ":method=GET", "405", "13",
         "http2Server.operateHeaders parsed a :method field: GET which should be POST"},
        {"/t.Echo/Unary", "grpc-encoding=snappy", "200", "12",
         "grpc: Decompressor is not installed for grpc-encoding \"snappy\""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct world *w = world_new(NULL);
        struct reply *r = world_reply(w, world_call(w, cases[i].path, cases[i].headers, NULL, false));
        w->headers = json_pack("{s:s}", "x-gitlab-correlation-id", "01"); /* not for those */
        world_run(w);
        assert_head(r, 0, ":status", cases[i].http);
        assert_head(r, 0, "content-type", "application/grpc");
        assert_status(r, 0, cases[i].code, cases[i].message);
        assert_true(r->closed); /* NO_ERROR after it, since the client had not ended */
        assert_null(head(r, 0, "x-gitlab-correlation-id"));
        assert_seen(w, "");
        assert_int_equal(world_event_count(w, "grpc.status"), 1);
        assert_int_equal(world_event_count(w, "grpc.closed"), 1);
        world_free(w);
    }
}

static void gzipped(struct buf *body, const struct buf *plain)
{
    struct buf packed = BUF_NULL;
    gzip_pack(buf_data(plain) + 5, buf_len(plain) - 5, &packed);
    frame(body, 1, buf_data(&packed), buf_len(&packed));
    buf_done(&packed);
}

static void test_gzip(void **state)
{
    static const char *const in_words[] = {"understood", "replied to", "not installed"};
    struct buf plain = framed("squeezed"), body = BUF_NULL;

    gzipped(&body, &plain);
    for (int i = 0; i < 3; i++) {
        struct world *w = world_new(&(struct grpc_server_options){.reply_gzip = i == 1, .no_gzip = i == 2});
        struct reply *r = world_reply(w, world_call(w, "/t.Echo/Unary", "grpc-encoding=gzip", &body, true));
        world_run(w);
        print_message("%s\n", in_words[i]);
        if (i == 0) {
            assert_null(head(r, 0, "grpc-encoding"));
            assert_texts(r, "squeezed");
        } else if (i == 1) {
            struct buf out = BUF_NULL;
            assert_head(r, 0, "grpc-encoding", "gzip");
            assert_int_equal(buf_data(&r->body)[0], 1);
            assert_int_equal(gzip_unpack(buf_data(&r->body) + 5, buf_len(&r->body) - 5, 100, &out), 0);
            assert_memory_equal(buf_data(&out), buf_data(&plain) + 5, buf_len(&plain) - 5);
            buf_done(&out);
        } else {
            assert_status(r, 0, "12", "grpc: Decompressor is not installed for grpc-encoding \"gzip\"");
        }
        world_free(w);
    }
    buf_done(&plain);
    buf_done(&body);
}

static void test_broken_messages(void **state)
{
    static uint8_t zeros[4096];
    struct buf bomb = BUF_NULL, bombed = BUF_NULL;
    gzip_pack(zeros, sizeof(zeros), &bomb);
    frame(&bombed, 1, buf_data(&bomb), buf_len(&bomb));
    const struct {
        const char *path, *headers;
        const void *p;
        size_t n;
        const char *code, *message;
    } cases[] = {
        {"/t.Echo/Unary", NULL, "\0\0\0\x04\x01", 5, "8",
         "grpc: received message larger than max (1025 vs. 1024)"},
        {"/t.Echo/Unary", "grpc-encoding=gzip", buf_data(&bombed), buf_len(&bombed), "8",
         "grpc: received message after decompression larger than max (4096 vs. 1024)"},
        {"/t.Echo/Unary", NULL, "\1\0\0\0\0", 5, "13",
         "grpc: compressed flag set with identity or empty encoding"},
        {"/t.Echo/Unary", "grpc-encoding=identity", "\1\0\0\0\0", 5, "13",
         "grpc: compressed flag set with identity or empty encoding"},
        {"/t.Echo/Unary", "grpc-encoding=gzip", "\1\0\0\0\3abc", 8, "13",
         "grpc: failed to decompress the received message: gzip: invalid header"},
        {"/t.Echo/Unary", NULL, "\7\0\0\0\0", 5, "13", "grpc: received unexpected payload format 7"},
        {"/t.Echo/Unary", NULL, "\0\0\0\0\1\xff", 6, "13",
         "grpc: error unmarshalling request: proto: cannot parse invalid wire-format data"},
        {"/t.Echo/Chat", NULL, "\0\0\0\0\1\xff", 6, "13",
         "grpc: failed to unmarshal the received message: proto: cannot parse invalid wire-format data"},
        {"/t.Echo/Unary", NULL, "\0\0\0\0\3\x0a\1\xff", 8, "13",
         "grpc: error unmarshalling request: proto: string field contains invalid UTF-8"},
        {"/t.Echo/Unary", NULL, "\0\0\0", 3, "13", "unexpected EOF"},
        {"/t.Echo/Unary", NULL, "", 0, "2", "EOF"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct world *w = world_new(&(struct grpc_server_options){.max_message = 1024});
        struct buf body = BUF_NULL;
        buf_add(&body, cases[i].p, cases[i].n);
        struct reply *r = world_reply(w, world_call(w, cases[i].path, cases[i].headers, &body, true));
        world_run(w);
        assert_status(r, 0, cases[i].code, cases[i].message);
        buf_done(&body);
        world_free(w);
    }
    buf_done(&bomb);
    buf_done(&bombed);
}

static void test_authentication(void **state)
{
    struct world *w = world_new(NULL);
    w->refusal = "unauthenticated \xc3\xa4 100%\n";
    struct reply *r = world_reply(w, call_text(w, "/t.Echo/Watch", "x"));

    world_run(w);
    assert_status(r, 0, "16", "unauthenticated %C3%A4 100%25%0A");
    assert_seen(w, "");
    w->headers = json_pack("{s:s}", "x-gitlab-correlation-id", "01H"); /* with headers: no Trailers-Only */
    r = world_reply(w, call_text(w, "/t.Echo/Watch", "x"));
    world_run(w);
    assert_head(r, 0, "x-gitlab-correlation-id", "01H");
    assert_status(r, 1, "16", "unauthenticated %C3%A4 100%25%0A");
    world_free(w);
}

static void test_events(void **state)
{
    struct world *w = world_new(NULL);
    struct buf body = framed("hi");
    int32_t id =
        world_call(w, "/t.Echo/Unary", "authorization=Bearer secret-7\nuser-agent=ua\nx-a=1", &body, true);

    world_run(w);
    const json_t *e = world_event(w, "grpc.request", 0), *headers = json_object_get(e, "headers");
    assert_int_equal(json_integer_value(json_object_get(e, "stream")), id);
    assert_string_equal(json_string_value(json_object_get(e, "service")), "t.Echo");
    assert_string_equal(json_string_value(json_object_get(e, "method")), "Unary");
    assert_string_equal(json_string_value(json_object_get(e, "authority")), "ws://kas/");
    assert_string_equal(json_string_value(json_object_get(e, "user_agent")), "ua");
    assert_string_equal(json_string_value(json_object_get(headers, "authorization")), "Bearer <token>");
    assert_string_equal(json_string_value(json_object_get(headers, "x-a")), "1");
    for (size_t n = 0; n < 2; n++) {
        e = world_event(w, "grpc.message", n);
        assert_string_equal(json_string_value(json_object_get(e, "direction")), n ? "sent" : "received");
        assert_int_equal(json_integer_value(json_object_get(e, "n")), 1);
        const json_t *list = json_object_get(json_object_get(e, "message"), "value");
        assert_string_equal(json_string_value(json_array_get(list, 0)), "hi");
    }
    e = world_event(w, "grpc.status", 0);
    assert_string_equal(json_string_value(json_object_get(e, "name")), "OK");
    assert_int_equal(world_event_count(w, "grpc.closed"), 1);
    assert_int_equal(world_event_count(w, "grpc.end"), 1);
    _cleanup_(freep) char *log = json_dumps(w->log, 0);
    assert_null(strstr(log, "secret-7"));
    buf_done(&body);
    world_free(w);
}

static void each_finish(void *arg, struct grpc_call *call)
{
    struct world *w = arg;
    grpc_finish(call, GRPC_UNAVAILABLE, "going");
    if (w->last && w->last != call)
        grpc_call_rst(w->last, NGHTTP2_CANCEL); /* ends another one that is still to come */
}

static void test_each_call(void **state)
{
    struct world *w = world_new(NULL);
    int32_t a = call_text(w, "/t.Echo/Watch", "a"), b = call_text(w, "/t.Echo/Watch", "b");

    world_run(w);
    grpc_session_each_call(w->session, each_finish, w);
    world_run(w);
    assert_status(world_reply(w, a), 1, "14", "going");
    assert_texts(world_reply(w, a), "one,a");
    assert_true(world_reply(w, b)->closed);
    assert_int_equal(world_reply(w, b)->code, NGHTTP2_CANCEL);
    world_free(w);
}

static void test_the_connection_dies(void **state)
{
    struct world *w = world_new(NULL);

    call_text(w, "/t.Echo/Watch", "a");
    world_call(w, "/t.Echo/Chat", NULL, NULL, false);
    world_run(w);
    conn_fake_fail(w->c, "broken");
    assert_seen(w, "open Watch;message Watch 3;half Watch;open Chat;closed Watch;closed Chat;");
    assert_int_equal(world_event_count(w, "grpc.closed"), 2);
    world_free(w);
}

static void test_a_method_kills_its_connection(void **state)
{
    struct world *w = world_new(NULL);
    w->kill_in_message = true;
    call_text(w, "/t.Echo/Watch", "a");
    world_run(w);
    world_free(w);
}

static void test_client_resets(void **state)
{
    struct world *w = world_new(NULL);
    int32_t id = call_text(w, "/t.Echo/Watch", "a");

    world_run(w);
    nghttp2_submit_rst_stream(w->client, 0, id, NGHTTP2_CANCEL);
    world_run(w);
    assert_seen(w, "open Watch;message Watch 3;half Watch;closed Watch;");
    const json_t *e = world_event(w, "grpc.closed", 0);
    assert_string_equal(json_string_value(json_object_get(e, "code")), "CANCEL");
    world_free(w);
}

static void test_codes(void **state)
{
    static const struct {
        const char *json;
        int code;
    } cases[] = {{"16", 16},
                 {"\"16\"", 16},
                 {"\"UNAUTHENTICATED\"", 16},
                 {"\"Unauthenticated\"", 16},
                 {"\"PERMISSION_DENIED\"", 7},
                 {"\"Canceled\"", 1},
                 {"\"CANCELLED\"", 1},
                 {"\"ok\"", 0},
                 {"99", 99},
                 {"\"no such\"", -1},
                 {"\"\"", -1},
                 {"-1", -1},
                 {"[]", -1}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_t *j = json_loads(cases[i].json, JSON_DECODE_ANY, NULL);
        int code = -1;
        assert_int_equal(grpc_code_parse(j, &code) < 0, cases[i].code < 0);
        assert_int_equal(code, cases[i].code);
        json_decref(j);
    }
    assert_string_equal(grpc_code_name(16), "Unauthenticated");
    assert_string_equal(grpc_code_name(77), "Code");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unary),
        cmocka_unit_test(test_chat_byte_by_byte),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_broken_messages),
        cmocka_unit_test(test_authentication),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_each_call),
        cmocka_unit_test(test_the_connection_dies),
        cmocka_unit_test(test_a_method_kills_its_connection),
        cmocka_unit_test(test_client_resets),
        cmocka_unit_test(test_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
