/* Which fault answers which moment, and how often. */
#include "lib/script/faults.h"

#include <errno.h>

#include "lib/script/script_test.h"

struct bench {
    struct events *events;
    struct faults *faults;
    struct conn conn;
    json_t *list, *hits;
    struct event_sub *sub;
};

static void heard(void *arg, const json_t *event)
{
    struct bench *b = arg;
    if (strcmp(json_string_value(json_object_get(event, "event")), "fault.hit") == 0)
        json_array_append_new(b->hits, json_pack("[O, O, O, O]", json_object_get(event, "id"),
                                                 json_object_get(event, "at"), json_object_get(event, "n"),
                                                 json_object_get(event, "conn")));
}

static void begin(struct bench *b, const char *list, uint64_t seed)
{
    *b = (struct bench){.list = js(list), .hits = json_array()};
    assert_int_equal(events_open(NULL, NULL, &b->events), 0);
    b->sub = events_subscribe(b->events, heard, b);
    b->faults = faults_new(b->list, b->events, seed);
    b->conn = (struct conn){.id = 7, .who = "kas"};
}

static void end(struct bench *b)
{
    faults_free(b->faults);
    events_unsubscribe(b->sub);
    events_free(b->events);
    json_decref(b->list);
    json_decref(b->hits);
}

static const struct action *ask(struct bench *b, const char *moment, const char *facts)
{
    struct moments *m = faults_moments(b->faults);
    json_t *f = facts ? js(facts) : NULL;
    const struct action *a = m->at(m, &b->conn, 3, moment, f);
    json_decref(f);
    return a;
}

/* "x" for each time that something was done, "." for each that nothing was. */
static void assert_run(struct bench *b, const char *expected)
{
    char seen[64] = "";
    for (size_t i = 0; expected[i]; i++)
        seen[i] = ask(b, "tcp.accept", NULL) ? 'x' : '.';
    assert_string_equal(seen, expected);
}

static void counts(void **state)
{
    static const char *const cases[][2] = {
        {"[{'at': 'tcp.accept', 'do': 'reset'}]", "xxxx"},
        {"[{'at': 'tcp.accept', 'after': 2, 'do': 'reset'}]", "..xxx"},
        {"[{'at': 'tcp.accept', 'times': 2, 'do': 'reset'}]", "xx..."},
        {"[{'at': 'tcp.accept', 'after': 1, 'times': 1, 'do': 'reset'}]", ".x..."},
        {"[{'at': 'tcp.accept', 'every': 3, 'do': 'reset'}]", "..x..x..x"},
        {"[{'at': 'tcp.accept', 'after': 1, 'every': 2, 'times': 2, 'do': 'reset'}]", "..x.x..."},
        {"[{'at': 'tcp.accept', 'off': true, 'do': 'reset'}]", "..."},
        {"[{'at': 'tcp.accept', 'chance': 0, 'do': 'reset'}]", "...."},
        {"[{'at': 'tcp.accept', 'chance': 1, 'do': 'reset'}]", "xxxx"},
        {"[]", ".."},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct bench b;
        begin(&b, cases[i][0], 0);
        assert_run(&b, cases[i][1]);
        end(&b);
    }
}

static void chance_comes_from_the_seed(void **state)
{
    const char *list = "[{'at': 'tcp.accept', 'chance': 0.5, 'do': 'reset'}]";
    char runs[3][201] = {{0}};
    const uint64_t seeds[3] = {42, 42, 43};
    for (size_t r = 0; r < 3; r++) {
        struct bench b;
        begin(&b, list, seeds[r]);
        size_t hits = 0;
        for (size_t i = 0; i < 200; i++) {
            runs[r][i] = ask(&b, "tcp.accept", NULL) ? 'x' : '.';
            hits += runs[r][i] == 'x';
        }
        assert_in_range(hits, 60, 140);
        end(&b);
    }
    assert_string_equal(runs[0], runs[1]);
    assert_string_not_equal(runs[0], runs[2]);
}

static void when_sees_facts_and_more(void **state)
{
    struct bench b;
    begin(&b, "[{'at': 'http.request', 'when': {'path': '/a', 'conn': 7, 'stream': 3}, 'do': 'reset'},"
              " {'at': 'http.request', 'when': {'conn': 8}, 'do': 'stall'},"
              " {'at': 'http.request', 'when': {'path': {'present': true}}, 'do': 'close'}]", 0);
    assert_string_equal(ask(&b, "http.request", "{'path': '/a'}")->verb, "reset");
    assert_string_equal(ask(&b, "http.request", "{'path': '/b'}")->verb, "close");
    assert_null(ask(&b, "http.request", "{}"));
    assert_null(ask(&b, "http.request", NULL));
    assert_null(ask(&b, "http.response", "{'path': '/a'}"));
    b.conn.id = 8;
    assert_string_equal(ask(&b, "http.request", "{}")->verb, "stall");
    assert_json(json_deep_copy(b.hits), "[['#1', 'http.request', 1, 7], ['#3', 'http.request', 1, 7],"
                                        " ['#2', 'http.request', 1, 8]]");
    end(&b);
}

static void when_may_be_a_word(void **state)
{
    struct bench b;
    begin(&b, "[{'at': 'a.a', 'when': {'any': [{'path': '/a'}, {'conn': 7, 'path': '/b'}]}, 'do': 'reset'},"
              " {'at': 'a.b', 'when': {'not': {'conn': 7}}, 'do': 'reset'},"
              " {'at': 'a.c', 'when': {'path': {'present': false}}, 'do': 'reset'}]", 0);
    assert_non_null(ask(&b, "a.a", "{'path': '/b'}"));
    assert_null(ask(&b, "a.a", "{'path': '/c'}"));
    assert_null(ask(&b, "a.b", "{}"));
    assert_non_null(ask(&b, "a.c", "{}"));
    end(&b);
}

static void transport_is_told_by_the_layers(void **state)
{
    static const struct layer_ops tcp = {.name = "tcp"}, tls = {.name = "tls"}, h2 = {.name = "h2"},
                                  http = {.name = "http"};
    struct layer l[3] = {{.ops = &tcp, .above = &l[1]}, {.ops = &tls, .above = &l[2]}, {.ops = &h2}};
    struct bench b;
    begin(&b, "[{'at': 'x.y', 'when': {'transport': 'grpcs'}, 'do': 'reset'},"
              " {'at': 'x.y', 'when': {'transport': 'wss'}, 'do': 'close'}]", 0);
    b.conn.bottom = &l[0];
    assert_string_equal(ask(&b, "x.y", NULL)->verb, "reset");
    l[2].ops = &http;
    assert_string_equal(ask(&b, "x.y", NULL)->verb, "close");
    l[1].above = NULL;
    assert_null(ask(&b, "x.y", NULL));
    end(&b);
}

static void actions_come_in_order(void **state)
{
    struct bench b;
    begin(&b, "[{'at': 'a.a', 'do': {'delay': '2s', 'respond': {'status': 500}, 'close': null}},"
              " {'at': 'a.b', 'do': ['stall', {'delay': '1s'}, {'reset': {}}]}]", 0);
    const struct action *a = ask(&b, "a.a", NULL);
    assert_string_equal(a->verb, "delay");
    assert_string_equal(json_string_value(a->args), "2s");
    assert_string_equal(a->next->verb, "respond");
    assert_string_equal(a->next->next->verb, "close");
    assert_true(json_is_object(a->next->next->args));
    assert_null(a->next->next->next);
    a = ask(&b, "a.b", NULL);
    assert_string_equal(a->verb, "stall");
    assert_true(json_is_object(a->args));
    assert_string_equal(a->next->next->verb, "reset");
    end(&b);
}

static bool cares(struct bench *b, const char *moment)
{
    struct moments *m = faults_moments(b->faults);
    return m->cares(m, moment);
}

static void caring_follows_the_switches(void **state)
{
    struct bench b;
    begin(&b, "[{'id': 'x', 'at': 'ws.message', 'times': 1, 'do': 'reset'}]", 0);
    assert_true(cares(&b, "ws.message"));
    assert_false(cares(&b, "ws.ping"));
    assert_int_equal(faults_switch(b.faults, "x", false), 0);
    assert_false(cares(&b, "ws.message"));
    assert_int_equal(faults_switch(b.faults, "y", true), -ENOENT);
    assert_int_equal(faults_switch(b.faults, "x", true), 0);
    assert_non_null(ask(&b, "ws.message", NULL));
    assert_false(cares(&b, "ws.message")); /* used up: noisy layers need build no more facts */
    end(&b);
}

static void the_control_api_adds_in_front(void **state)
{
    struct bench b;
    begin(&b, "[{'id': 'old', 'at': 'a.a', 'do': 'reset'}]", 0);
    json_t *fine = js("{'id': 'new', 'at': 'a.a', 'times': 1, 'do': 'close'}");
    static const char *const bad[] = {"{'at': 'a.a'}", "{'do': 'close'}", "'x'",
                                      "{'at': 'a.a', 'do': 'close', 'when': {'x': {'matches': '['}}}"};
    assert_int_equal(faults_add(b.faults, fine), 0);
    json_decref(fine);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        json_t *f = js(bad[i]);
        assert_int_equal(faults_add(b.faults, f), -EINVAL);
        json_decref(f);
    }
    assert_string_equal(ask(&b, "a.a", NULL)->verb, "close");
    assert_string_equal(ask(&b, "a.a", NULL)->verb, "reset");
    assert_json(faults_json(b.faults), "[{'id': 'new', 'at': 'a.a', 'on': true, 'hits': 1},"
                                       " {'id': 'old', 'at': 'a.a', 'on': true, 'hits': 1}]");
    faults_all_off(b.faults);
    assert_null(ask(&b, "a.a", NULL));
    end(&b);
}

static void no_connection_is_fine(void **state)
{
    struct bench b;
    begin(&b, "[{'at': 'dns.query', 'when': {'name': 'x'}, 'do': 'stall'}]", 0);
    struct moments *m = faults_moments(b.faults);
    json_t *facts = js("{'name': 'x'}");
    assert_non_null(m->at(m, NULL, 0, "dns.query", facts));
    json_decref(facts);
    end(&b);
    assert_null(faults_free(NULL));
    assert_null(faults_moments(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(chance_comes_from_the_seed),
        cmocka_unit_test(when_sees_facts_and_more),
        cmocka_unit_test(when_may_be_a_word),
        cmocka_unit_test(transport_is_told_by_the_layers),
        cmocka_unit_test(actions_come_in_order),
        cmocka_unit_test(caring_follows_the_switches),
        cmocka_unit_test(the_control_api_adds_in_front),
        cmocka_unit_test(no_connection_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
