/* Actions and their lists, on a connection without a socket. */
#include "lib/net/net_test.h"

#include "lib/net/conn_test.h"

struct outcome {
    int done;
    bool carry_on;
    char own[64];
    struct conn *cancel; /* own cancels on this connection */
};

static bool own(void *arg, const struct action *a)
{
    struct outcome *o = arg;
    if (strcmp(a->verb, "mine") != 0)
        return false;
    strcat(o->own, "m");
    if (o->cancel)
        conn_act_cancel(o->cancel, o);
    return true;
}

static void done(void *arg, bool carry_on)
{
    struct outcome *o = arg;
    o->done++;
    o->carry_on = carry_on;
}

static struct action list[4];

/* {"verb": args, …} as a list. */
static const struct action *actions(const json_t *spec)
{
    const char *verb;
    json_t *args;
    size_t n = 0;
    json_object_foreach((json_t *)spec, verb, args) {
        list[n] = (struct action){verb, args, NULL};
        if (n)
            list[n - 1].next = &list[n];
        n++;
    }
    return n ? list : NULL;
}

static char *out_text(struct conn *c)
{
    struct buf *b = conn_fake_out(c);
    buf_add(b, "", 1);
    return (char *)(uintptr_t)buf_data(b);
}

static void no_list_carries_on(void **state)
{
    struct outcome o = {0};
    (void)state;
    struct conn *c = conn_fake_new(NULL, NULL);
    conn_act_all(c, c->bottom, NULL, own, done, &o);
    assert_int_equal(o.done, 1);
    assert_true(o.carry_on);
    conn_fake_free(c);
}

static void a_list_is_done_in_order_and_waits(void **state)
{
    struct outcome o = {0};
    json_t *spec = json_pack("{s:s, s:s, s:{}, s:{}}", "send", "one", "delay", "20ms", "mine", "close");
    (void)state;
    struct conn *c = conn_fake_new(NULL, NULL);
    uint64_t begin = clock_ns();
    conn_act_all(c, c->bottom, actions(spec), own, done, &o);
    assert_string_equal(out_text(c), "one");
    assert_int_equal(o.done, 0);
    assert_string_equal(o.own, "");
    conn_fake_run(c);
    assert_true(clock_ns() - begin >= 20000000);
    assert_string_equal(o.own, "m");
    assert_int_equal(o.done, 1);
    assert_false(o.carry_on);
    assert_int_equal(conn_fake_closed(c), FAKE_CLOSED);
    conn_fake_free(c);
    json_decref(spec);
}

static void only_delays_carry_on(void **state)
{
    struct outcome o = {0};
    json_t *spec = json_pack("{s:i}", "delay", 1);
    (void)state;
    struct conn *c = conn_fake_new(NULL, NULL);
    conn_act_all(c, c->bottom, actions(spec), own, done, &o);
    conn_fake_run(c);
    assert_int_equal(o.done, 1);
    assert_true(o.carry_on);
    conn_fake_free(c);
    json_decref(spec);
}

static void death_while_waiting_is_told_once(void **state)
{
    struct outcome o = {0};
    json_t *spec = json_pack("{s:s}", "delay", "1h");
    (void)state;
    struct conn *c = conn_fake_new(NULL, NULL);
    conn_act_all(c, c->bottom, actions(spec), own, done, &o);
    conn_kill(c, "enough");
    assert_string_equal(conn_fake_why(c), "enough");
    conn_fake_free(c);
    assert_int_equal(o.done, 1);
    assert_false(o.carry_on);
    json_decref(spec);
}

static void what_follows_a_reset_is_not_done(void **state)
{
    struct outcome o = {0};
    json_t *spec = json_pack("{s:{}, s:{}}", "reset", "mine");
    (void)state;
    struct conn *c = conn_fake_new(NULL, NULL);
    conn_act_all(c, c->bottom, actions(spec), own, done, &o);
    assert_int_equal(conn_fake_closed(c), FAKE_RESET);
    assert_string_equal(o.own, "");
    assert_int_equal(o.done, 1);
    assert_false(o.carry_on);
    conn_fake_free(c);
    json_decref(spec);
}

static void cancelled_is_not_done(void **state)
{
    struct outcome o = {0}, inside = {0};
    json_t *spec = json_pack("{s:{}, s:s}", "mine", "delay", "1h");
    (void)state;
    struct conn *c = conn_fake_new(NULL, NULL);
    conn_act_all(c, c->bottom, actions(spec), own, done, &o);
    conn_act_cancel(c, &o);
    inside.cancel = c; /* from within its own verb, as a stream that resets itself */
    conn_act_all(c, c->bottom, actions(spec), own, done, &inside);
    assert_null(c->acting);
    conn_fake_run(c);
    conn_fake_free(c);
    assert_int_equal(o.done, 0);
    assert_int_equal(inside.done, 0);
    assert_string_equal(inside.own, "m");
    json_decref(spec);
}

static void wrong_arguments_are_events(void **state)
{
    struct outcome o = {0};
    struct world w;
    (void)state;
    world_init(&w);
    json_t *spec = json_pack("{s:{s:s}, s:{s:s}, s:s, s:s}", "close", "layer", "carrier-pigeon", "send", "hex", "0g", "delay",
                             "soon", "conjure", "x");
    struct conn *c = conn_fake(w.loop, w.events, NULL);
    conn_act_all(c, c->bottom, actions(spec), own, done, &o);
    for (int i = 0; i < 4; i++)
        assert_non_null(world_event(&w, "fault.unknown", i));
    assert_int_equal(conn_fake_closed(c), FAKE_NOT_CLOSED);
    assert_int_equal(o.done, 1);
    conn_fake_free(c);
    world_done(&w);
    json_decref(spec);
}

static void bytes_as_they_are_written(void **state)
{
    static const struct {
        const char *spec, *hex; /* hex NULL: refused */
    } cases[] = {
        {"\"ab\"", "6162"},
        {"{\"text\": \"a\\u0000b\"}", "610062"},
        {"{\"hex\": \"00 ff:0A\\n10\"}", "00ff0a10"},
        {"{\"base64\": \"AAECAw==\"}", "00010203"},
        {"[{\"hex\": \"00\"}, \"x\", {\"base64\": \"/w==\"}]", "0078ff"},
        {"\"\"", ""},
        {"{\"hex\": \"0\"}", NULL},
        {"{\"hex\": \"zz\"}", NULL},
        {"{\"hex\": \"0 0\"}", NULL},
        {"{\"base64\": \"***\"}", NULL},
        {"{\"bytes\": \"x\"}", NULL},
        {"[]", NULL},
        {"7", NULL},
        {"null", NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_t *v = json_loads(cases[i].spec, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        uint8_t *bytes = NULL;
        size_t n = 0;
        assert_non_null(v);
        assert_int_equal(action_bytes(v, &bytes, &n), cases[i].hex ? 0 : -EINVAL);
        if (cases[i].hex) {
            char hex[64] = "";
            for (size_t j = 0; j < n; j++)
                sprintf(hex + 2 * j, "%02x", bytes[j]);
            assert_string_equal(hex, cases[i].hex);
        }
        free(bytes);
        json_decref(v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_list_carries_on),
        cmocka_unit_test(a_list_is_done_in_order_and_waits),
        cmocka_unit_test(only_delays_carry_on),
        cmocka_unit_test(death_while_waiting_is_told_once),
        cmocka_unit_test(what_follows_a_reset_is_not_done),
        cmocka_unit_test(cancelled_is_not_done),
        cmocka_unit_test(wrong_arguments_are_events),
        cmocka_unit_test(bytes_as_they_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
