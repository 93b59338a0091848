/* Trailers and headers of every odd kind, and verbs on calls that are open. */
#include "lib/proto/grpc_test_world.h"

#include <string.h>

#include "lib/base/mem.h"
#include "lib/script/actions.h"

static struct world *one(const char *list, struct reply **ret)
{
    struct world *w = world_new(NULL);
    world_fault(w, "grpc.request", list);
    struct buf body = framed("x");
    int32_t id = world_call(w, "/t.Echo/Watch", NULL, &body, true);
    buf_done(&body);
    world_run(w);
    *ret = world_reply(w, id);
    return w;
}

static const char *heads(struct reply *r, int which)
{
    struct buf *b = &r->heads[which];
    buf_add(b, "", 1);
    b->end--;
    return (const char *)buf_data(b);
}

static void trailers_only(void **state)
{
    static const struct {
        const char *list, *head;
    } cases[] = {
        {"[{\"trailers\":{\"grpc-status\":\"abc\"}}]", ":status=200\ncontent-type=application/grpc\ngrpc-status=abc\n"},
        {"[{\"trailers\":{\"grpc-status\":[\"1\",\"2\"]}}]",
         ":status=200\ncontent-type=application/grpc\ngrpc-status=1\ngrpc-status=2\n"},
        {"[{\"trailers\":{}}]", ":status=200\ncontent-type=application/grpc\n"},
        {"[{\"trailers\":{\":status\":503,\"content-type\":null,\"grpc-status\":14}}]", ":status=503\ngrpc-status=14\n"},
        {"[{\"trailers\":{\"grpc-message\":{\"hex\":\"25ff0a\"}}}]",
         ":status=200\ncontent-type=application/grpc\ngrpc-message=%\xff\n\n"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct reply *r;
        struct world *w = one(cases[i].list, &r);
        assert_string_equal(heads(r, 0), cases[i].head);
        assert_int_equal(r->n_heads, 1);
        assert_true(r->ended);
        world_free(w);
    }
}

static void behind_headers(void **state)
{
    struct reply *r;
    struct world *w = one("[{\"headers\":{\"x-n\":7}},{\"trailers\":{\"grpc-status\":\"-1\"}}]", &r);
    assert_string_equal(heads(r, 0), ":status=200\ncontent-type=application/grpc\nx-n=7\n");
    assert_string_equal(heads(r, 1), "grpc-status=-1\n");
    world_free(w);
}

/* More than one frame holds: CONTINUATION follows. */
static void a_list_beyond_a_frame(void **state)
{
    struct reply *r;
    struct world *w = one("[{\"headers\":{\"x\":{\"text\":\"a\",\"times\":60000}}},{\"status\":{\"code\":0}}]", &r);
    char *value = head(r, 0, "x");
    assert_non_null(value);
    assert_int_equal(strlen(value), 60000);
    free(value);
    world_free(w);
}

static void do_it(void *arg, struct grpc_call *call)
{
    grpc_call_do(call, arg);
}

static void on_an_open_call(void **state)
{
    static const char text[] = "[{\"delay\":\"2ms\"},{\"bytes\":{\"hex\":\"0000000001\"}},{\"trailers\":{\"grpc-status\":5}}]";
    json_t *what = json_loads(text, 0, NULL);
    struct action *list = actions_new(what);
    struct world *w = world_new(NULL);
    int32_t id = world_call(w, "/t.Echo/Chat", NULL, NULL, false);
    world_run(w);
    grpc_session_each_call(w->session, do_it, list);
    world_run(w);
    struct reply *r = world_reply(w, id);
    assert_int_equal(buf_len(&r->body), 5);
    assert_head(r, 1, "grpc-status", "5");
    assert_true(r->ended);
    grpc_session_each_call(w->session, do_it, list); /* nobody is there any more */
    world_run(w);
    world_free(w);
    actions_free(list);
    json_decref(what);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trailers_only),
        cmocka_unit_test(behind_headers),
        cmocka_unit_test(a_list_beyond_a_frame),
        cmocka_unit_test(on_an_open_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
