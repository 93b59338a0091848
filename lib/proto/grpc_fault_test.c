/* What a scenario can do to calls. */
#include "lib/proto/grpc_test_world.h"

#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"

static int32_t call_text(struct world *w, const char *path, const char *text)
{
    struct buf body = framed(text);
    int32_t id = world_call(w, path, NULL, &body, true);
    buf_done(&body);
    return id;
}

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

/* One fault, one call of Watch with "x"; how it looks for the client and for the method. */
static struct world *one(const char *at, const char *direction, const char *list, struct reply **ret)
{
    struct world *w = world_new(NULL);
    struct fault *f = world_fault(w, at, list);

    f->direction = direction;
    f->left = 1;
    *ret = world_reply(w, call_text(w, "/t.Echo/Watch", "x"));
    world_run(w);
    return w;
}

static void test_status_at_request(void **state)
{
    struct reply *r;
    struct world *w =
        one("grpc.request", NULL, "[{\"status\":{\"code\":\"UNAVAILABLE\",\"message\":\"no\"}}]", &r);
    assert_status(r, 0, "14", "no");
    assert_seen(w, "");
    assert_int_equal(world_event_count(w, "grpc.status"), 1);
    world_free(w);

    w = one("grpc.request", NULL, "[{\"status\":{\"code\":5,\"trailers_only\":false}}]", &r);
    assert_head(r, 0, ":status", "200");
    assert_status(r, 1, "5", "");
    world_free(w);

    w = one("grpc.request", NULL, "[{\"status\":\"NO_SUCH\"}]", &r);
    assert_false(r->ended);
    assert_int_equal(world_event_count(w, "fault.failed"), 1);
    world_free(w);
}

static void test_other_ends_at_request(void **state)
{
    struct reply *r;
    struct world *w = one("grpc.request", NULL, "[{\"rst_stream\":\"REFUSED_STREAM\"}]", &r);
    assert_true(r->closed);
    assert_int_equal(r->code, NGHTTP2_REFUSED_STREAM);
    assert_int_equal(r->n_heads, 0);
    world_free(w);

    w = one("grpc.request", NULL, "[{\"end\":{}}]", &r);
    assert_true(r->ended);
    assert_int_equal(r->n_heads, 1);
    assert_null(head(r, 0, "grpc-status"));
    world_free(w);

    w = one("grpc.request", NULL, "[{\"withhold\":{}}]", &r);
    assert_false(r->ended || r->closed || r->n_heads);
    assert_seen(w, "");
    world_free(w);

    w = one("grpc.request", NULL,
            "[{\"respond\":{\"status\":502,\"headers\":{\"content-type\":\"text/html\"},\"body\":\"<p>\"}}]",
            &r);
    assert_head(r, 0, ":status", "502");
    assert_head(r, 0, "content-type", "text/html");
    assert_int_equal(buf_len(&r->body), 3);
    assert_true(r->ended);
    world_free(w);

    w = one("grpc.request", NULL, "[{\"message\":{\"value\":[\"made up\"]}},{\"status\":{\"code\":0}}]", &r);
    assert_texts(r, "made up");
    assert_status(r, 1, "0", "");
    assert_seen(w, "");
    world_free(w);
}

static void test_pass(void **state)
{
    struct reply *r;
    struct world *w =
        one("grpc.request", NULL, "[{\"headers\":{\"grpc-encoding\":\"snappy\"}},{\"pass\":true}]", &r);
    assert_head(r, 0, "grpc-encoding", "snappy");
    assert_texts(r, "one,x");
    assert_seen(w, "open Watch;message Watch 3;half Watch;");
    world_free(w);
}

static void test_received_message(void **state)
{
    struct reply *r;
    struct world *w =
        one("grpc.message", "received", "[{\"status\":{\"code\":\"INTERNAL\",\"message\":\"bad\"}}]", &r);
    assert_status(r, 0, "13", "bad");
    assert_seen(w, "open Watch;closed Watch;");
    world_free(w);

    w = one("grpc.message", "received", "[{\"withhold\":{}}]", &r);
    assert_int_equal(r->n_heads, 0);
    assert_seen(w, "open Watch;half Watch;");
    world_free(w);
}

static void test_sent_message(void **state)
{
    static const struct {
        const char *list, *texts;
    } cases[] = {
        {"[{\"withhold\":{}}]", "x"},
        {"[{\"message\":{\"value\":[\"other\"]}}]", "other,x"},
        {"[{\"repeat\":3}]", "one,one,one,x"},
        {"[{\"repeat\":2},{\"pass\":{}}]", "one,one,one,x"},
        {"[{\"delay\":\"20ms\"}]", "one,x"}, /* the second stays behind the first */
        {"[{\"delay\":\"20ms\"},{\"message\":{\"value\":[\"late\"]}}]", "late,x"},
        {"[{\"bytes\":{\"hex\":\"00 00000003 0a0162\"}}]", "b,x"},
        {"[{\"message\":{\"valu\":\"other\"}}]", "x"}, /* a mistake is told, and nothing sent */
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct reply *r;
        struct world *w = one("grpc.message", "sent", cases[i].list, &r);
        assert_texts(r, cases[i].texts);
        assert_int_equal(world_event_count(w, "fault.failed"), i == ARRAY_SIZE(cases) - 1);
        world_free(w);
    }
}

static void test_broken_bytes(void **state)
{
    struct reply *r;
    struct world *w = one("grpc.message", "sent", "[{\"bytes\":{\"hex\":\"01ffffffff\"}},{\"end\":{}}]", &r);
    assert_int_equal(buf_len(&r->body), 5);
    assert_true(r->ended);
    assert_int_equal(r->n_heads, 1);
    world_free(w);
}

static void test_status_moment(void **state)
{
    struct world *w = world_new(NULL);
    world_fault(w, "grpc.status", "[{\"status\":{\"code\":\"DATA_LOSS\",\"message\":\"instead\"}}]");
    struct reply *r = world_reply(w, call_text(w, "/t.Echo/Unary", "x"));
    world_run(w);
    assert_status(r, 1, "15", "instead");
    assert_seen(w, "open Unary;message Unary 3;closed Unary;");
    world_free(w);

    w = world_new(NULL);
    world_fault(w, "grpc.status", "[{\"withhold\":{}}]");
    r = world_reply(w, call_text(w, "/t.Echo/Unary", "x"));
    world_run(w);
    assert_texts(r, "x");
    assert_false(r->ended);
    world_free(w);

    w = world_new(NULL);
    world_fault(w, "grpc.status", "[{\"delay\":\"20ms\"}]");
    r = world_reply(w, call_text(w, "/t.Nobody/At", "x")); /* refusals have the moment too */
    world_run(w);
    assert_status(r, 0, "12", "unknown service t.Nobody");
    world_free(w);
}

/* A delayed request is served later; another one meanwhile is not in its way. */
static void test_delayed_request(void **state)
{
    struct world *w = world_new(NULL);
    struct fault *f = world_fault(w, "grpc.request", "[{\"delay\":\"30ms\"}]");
    f->left = 1;
    uint64_t start = clock_ns();
    int32_t slow = world_call(w, "/t.Echo/Chat", NULL, NULL, false),
            quick = call_text(w, "/t.Echo/Unary", "quick");

    world_exchange(w);
    for (int i = 0; i < 2; i++) {
        struct buf body = framed(i ? "second" : "first");
        world_data(w, slow, buf_data(&body), buf_len(&body), i == 1);
        buf_done(&body);
    }
    world_run(w);
    assert_true(clock_ns() - start >= 30 * 1000000ull);
    assert_texts(world_reply(w, quick), "quick");
    assert_texts(world_reply(w, slow), "first,second");
    assert_status(world_reply(w, slow), 1, "0", "");
    world_free(w);
}

static void test_delayed_received_message(void **state)
{
    struct world *w = world_new(NULL);
    struct fault *f = world_fault(w, "grpc.message", "[{\"delay\":\"20ms\"}]");
    f->direction = "received";
    f->left = 1;
    struct buf body = framed("a"), b = framed("b");
    buf_add(&body, buf_data(&b), buf_len(&b));
    int32_t id = world_call(w, "/t.Echo/Chat", NULL, &body, true);

    world_exchange(w);
    assert_seen(w, "open Chat;"); /* in order: the second waits, and so does the end */
    world_run(w);
    assert_seen(w, "message Chat 3;message Chat 3;half Chat;closed Chat;");
    assert_texts(world_reply(w, id), "a,b");
    buf_done(&body);
    buf_done(&b);
    world_free(w);
}

/* Whatever waits when a stream or a connection goes: nothing is left, nobody is told twice. */
static void test_ends_while_waiting(void **state)
{
    static const struct {
        const char *at, *direction;
    } moments[] = {
        {"grpc.request", NULL}, {"grpc.message", "received"}, {"grpc.message", "sent"}, {"grpc.end", NULL}};
    enum { CLIENT_RESETS, CONNECTION_FAILS, KILLED, FREED, HOWS };

    for (size_t i = 0; i < ARRAY_SIZE(moments) * HOWS; i++) {
        struct world *w = world_new(NULL);
        world_fault(w, moments[i / HOWS].at,
                    "[{\"delay\":\"30ms\"},{\"message\":{}},{\"status\":\"INTERNAL\"}]")
            ->direction = moments[i / HOWS].direction;
        int32_t id = call_text(w, "/t.Echo/Watch", "x");
        world_exchange(w);
        switch (i % HOWS) {
        case CLIENT_RESETS:
            nghttp2_submit_rst_stream(w->client, 0, id, NGHTTP2_CANCEL);
            world_exchange(w);
            break;
        case CONNECTION_FAILS:
            conn_fake_fail(w->c, "broken");
            break;
        case KILLED:
            conn_kill(w->c, "test");
            break;
        default: /* with the list still waiting */
            world_free(w);
            continue;
        }
        world_run(w);
        if (i % HOWS == CLIENT_RESETS)
            assert_int_equal(world_event_count(w, "grpc.closed"), 1);
        world_free(w);
    }
}

/* Verbs of the layers beneath, at gRPC's moments. */
static void test_verbs_of_the_connection(void **state)
{
    static const char *const at[] = {"grpc.request", "grpc.message", "grpc.status", "grpc.end"};

    for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
        struct world *w = world_new(NULL);
        world_fault(w, at[i], "[{\"reset\":{}}]");
        call_text(w, "/t.Echo/Chat", "x");
        world_run(w);
        assert_int_equal(conn_fake_closed(w->c), FAKE_RESET);
        world_free(w);

        w = world_new(NULL);
        world_fault(w, at[i], "[{\"goaway\":{\"code\":\"NO_ERROR\",\"debug\":\"max_age\"}},{\"pass\":{}}]")
            ->left = 1;
        int32_t id = call_text(w, "/t.Echo/Chat", "x");
        world_run(w);
        assert_int_equal(world_event_count(w, "h2.goaway"), 1);
        assert_texts(world_reply(w, id), "x"); /* a stream that is open goes on */
        assert_status(world_reply(w, id), 1, "0", "");
        world_free(w);
    }
}

static void test_unknown_verb(void **state)
{
    struct reply *r;
    struct world *w = one("grpc.request", NULL, "[{\"juggle\":{}}]", &r);
    assert_int_equal(world_event_count(w, "fault.unknown"), 1);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_at_request),
        cmocka_unit_test(test_other_ends_at_request),
        cmocka_unit_test(test_pass),
        cmocka_unit_test(test_received_message),
        cmocka_unit_test(test_sent_message),
        cmocka_unit_test(test_broken_bytes),
        cmocka_unit_test(test_status_moment),
        cmocka_unit_test(test_delayed_request),
        cmocka_unit_test(test_delayed_received_message),
        cmocka_unit_test(test_ends_while_waiting),
        cmocka_unit_test(test_verbs_of_the_connection),
        cmocka_unit_test(test_unknown_verb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
