#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conformance/judge/golden.h"
#include "conformance/profile.h"
#include "conformance/process/rootfs.h"
#include "lib/base/mem.h"

#define GOLDEN                                                                                              \
    "{\"seen\":\"always\",\"line\":{\"msg\":\"GetConfiguration failed\",\"error\":\"rpc error: code = "     \
    "Unavailable desc = connection closed before server preface received\"}}\n"
#define PRINTED "{\"msg\":\"GetConfiguration failed\",\"error\":\"rpc error: code = Unavailable desc = %s\"}"

/* A golden log and the log of one run, held against each other with the committed profile of agentk. */
static int held(const char *version, const char *desc)
{
    static const char text[] = "scenario: area/name\ntitle: A title\nexpect: { healthy: true }\n";
    char folder[] = "/tmp/golden-test-XXXXXX", *reason = NULL, *report = NULL, *err = NULL;
    struct problems *p = problems_new();
    json_t *any = json_object(), *whole = profile_load(SOURCE_ROOT "/fixtures", "agentk", p);
    struct component c = {.kind = (char *)"agentk", .version = (char *)version, .real = true};
    struct row r = {.component = &c, .transport = "ws"};
    _cleanup_(freep) char *line = xasprintf(PRINTED, desc), *path = NULL, *events = NULL, *event = NULL;
    struct golden_book *book;
    int e;

    assert_non_null(mkdtemp(folder));
    r.scenario = scenario_load_text("name.yaml", text, strlen(text), any, p);
    assert_non_null(r.scenario);
    c.profile = profile_resolve(whole, "agentk", version, &err);
    r.dir = folder;
    path = golden_path(&r, GOLDEN_OWN, folder);
    events = xasprintf("%s/events.jsonl", folder);
    event = xasprintf(
        "{\"t\":1,\"who\":\"agent\",\"event\":\"log.line\",\"line\":%s}\n{\"t\":900000000,\"event\":\"world.judged\"}\n",
        line);
    assert_int_equal(file_write(path, GOLDEN, strlen(GOLDEN), 0600), 0);
    assert_int_equal(file_write(events, event, strlen(event), 0600), 0);
    book = golden_book_new(folder);
    e = golden_check(&r, folder, book, &reason, &report);
    assert_int_equal(e != 0, reason != NULL);
    if (e)
        assert_non_null(strstr(report, "  + {")); /* what was printed and nobody knows */
    free(reason);
    free(report);
    golden_book_free(book);
    scenario_free((struct scenario *)r.scenario);
    json_decref(c.profile);
    json_decref(whole);
    json_decref(any);
    problems_free(p);
    folder_remove(folder);
    return e;
}

static void what_was_recorded_is_right(void **state)
{
    (void)state;
    assert_int_equal(held("14.7", "connection closed before server preface received"), 0);
}

static void another_text_of_a_known_race_is_right(void **state)
{
    (void)state;
    assert_int_equal(
        held("14.7", "write tcp 10.60.1.1:52884->10.60.1.1:8150: use of closed network connection"), 0);
}

/* A KAS under test and a real agent beside it: the agent's half is held against its own golden log. */
static int beside(const char *build, const char *msg)
{
    static const char text[] = "scenario: kas/name\ntitle: A title\napplies: kas\nexpect: { healthy: true }\n",
                      kas[] = "{\"seen\":\"always\",\"line\":{\"msg\":\"up\"}}\n",
                      agent[] = "{\"seen\":\"always\",\"line\":{\"msg\":\"fine\"}}\n";
    char folder[] = "/tmp/golden-test-XXXXXX", *reason = NULL, *report = NULL;
    struct problems *p = problems_new();
    json_t *any = json_object();
    struct component c = {.kind = (char *)"kas", .version = (char *)"14.7", .real = true},
                     a = {.kind = (char *)"agentk", .version = (char *)"15.7", .real = true};
    struct row r = {.component = &c, .agent = &a, .transport = "ws", .spec = json_pack("{s:{s:s}}", "agent", "build", build)};
    _cleanup_(freep) char *own = NULL, *other = NULL, *events = NULL;
    _cleanup_(freep) char *printed = xasprintf(
        "{\"t\":1,\"who\":\"kas\",\"event\":\"log.line\",\"line\":{\"msg\":\"up\"}}\n"
        "{\"t\":2,\"who\":\"agent\",\"event\":\"log.line\",\"line\":{\"msg\":\"%s\"}}\n"
        "{\"t\":900000000,\"event\":\"world.judged\"}\n",
        msg);
    struct golden_book *book;
    int e;

    assert_non_null(mkdtemp(folder));
    r.scenario = scenario_load_text("name.yaml", text, strlen(text), any, p);
    assert_non_null(r.scenario);
    r.dir = folder;
    own = golden_path(&r, GOLDEN_OWN, folder);
    other = golden_path(&r, GOLDEN_BESIDE, folder);
    assert_non_null(strstr(own, "/golden/kas-14.7/kas/name/ws.jsonl"));
    assert_non_null(strstr(other, "/golden/kas-14.7/kas/name/ws+agent.jsonl"));
    events = xasprintf("%s/events.jsonl", folder);
    assert_int_equal(file_write(own, kas, strlen(kas), 0600), 0);
    assert_int_equal(file_write(other, agent, strlen(agent), 0600), 0);
    assert_int_equal(file_write(events, printed, strlen(printed), 0600), 0);
    book = golden_book_new(folder);
    assert_true(golden_book_knows(book, "kas-14.7+agent", "kas/name", "{\"msg\":\"fine\"}"));
    assert_false(golden_book_knows(book, "kas-14.7", "kas/name", "{\"msg\":\"fine\"}"));
    e = golden_check(&r, folder, book, &reason, &report);
    free(reason);
    free(report);
    golden_book_free(book);
    scenario_free((struct scenario *)r.scenario);
    json_decref(r.spec);
    json_decref(any);
    problems_free(p);
    folder_remove(folder);
    return e;
}

static void both_sides_are_held(void **state)
{
    (void)state;
    assert_int_equal(beside("real", "fine"), 0);
    assert_true(beside("real", "poorly") < 0);
    assert_int_equal(beside("any", "poorly"), 0); /* another time the reference agent may stand there */
}

static void a_wrong_text_fails(void **state)
{
    (void)state;
    assert_true(held("14.7", "write tcp 10.60.1.1:52884->10.60.1.1:8150: no buffer space available") < 0);
    assert_true(held("14.7", "connection closed") < 0);
    assert_true(held("14.7", "agent not found") < 0);
    assert_true(held("14.7", "use of closed network connection") < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_recorded_is_right),
        cmocka_unit_test(another_text_of_a_known_race_is_right),
        cmocka_unit_test(a_wrong_text_fails),
        cmocka_unit_test(both_sides_are_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
