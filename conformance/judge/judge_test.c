#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conformance/judge/judge.h"
#include "conformance/judge/judge_want.h"

static json_t *json_of(const char *text)
{
    json_t *j = json_loads(text, JSON_DECODE_ANY, NULL);

    assert_non_null(j);
    return j;
}

static struct judge *judge_of(const char *expect, const char *healthy)
{
    json_t *e = json_of(expect), *h = healthy ? json_of(healthy) : NULL;
    char *err = NULL;
    struct judge *j = judge_new(e, h, NULL, &err);

    if (!j)
        fail_msg("%s", err);
    json_decref(e);
    json_decref(h);
    return j;
}

static void see(struct judge *j, const char *event)
{
    json_t *e = json_of(event);

    judge_event(j, e);
    json_decref(e);
}

static void log_line(struct judge *j, const char *line)
{
    json_t *parsed = json_loads(line, 0, NULL), *e;

    if (!parsed)
        parsed = json_pack("{s:s}", "text", line);
    e = json_pack("{s:s,s:o,s:s}", "event", "log.line", "line", parsed, "raw", line);
    judge_event(j, e);
    json_decref(e);
}

static void ends(struct judge *j, int code, int signum)
{
    json_t *e = json_pack("{s:s,s:i,s:i}", "event", "sut.exit", "code", code, "signal", signum);

    judge_event(j, e);
    json_decref(e);
}

/* As the world ends a component that did all it should. */
static void told_to_end(struct judge *j)
{
    judge_ending(j);
    ends(j, 0, 0);
}

static void assert_verdict(struct judge *j, bool pass, const char *reason_has)
{
    json_t *v = judge_verdict(j);
    const char *reason = json_string_value(json_object_get(v, "reason"));

    if (json_is_true(json_object_get(v, "pass")) != pass || (reason_has && !strstr(reason, reason_has)))
        fail_msg("pass %d, reason \"%s\", expected to have \"%s\"", json_is_true(json_object_get(v, "pass")),
                 reason, reason_has ? reason_has : "");
    json_decref(v);
    judge_free(j);
}

static void lines_and_events_must_be_seen(void **state)
{
    struct judge *j =
        judge_of("{\"log\":[{\"level\":\"warn\"}],\"wire\":[{\"event\":\"tcp.accept\"}]}", NULL);

    (void)state;
    assert_int_equal(judge_state(j), JUDGE_OPEN);
    log_line(j, "{\"level\":\"info\"}");
    see(j, "{\"event\":\"tcp.accept\"}");
    assert_int_equal(judge_state(j), JUDGE_OPEN);
    log_line(j, "{\"level\":\"warn\"}");
    assert_int_equal(judge_state(j), JUDGE_MET);
    told_to_end(j);
    assert_verdict(j, true, NULL);
}

static void what_was_not_seen_names_the_nearest_line(void **state)
{
    struct judge *j =
        judge_of("{\"log\":[{\"level\":\"warn\",\"msg\":\"a\",\"error\":{\"has\":\"301\"}}]}", NULL);
    json_t *v, *unmet;

    (void)state;
    log_line(j, "{\"level\":\"info\",\"msg\":\"b\",\"error\":\"302\"}");
    log_line(j, "{\"level\":\"warn\",\"msg\":\"a\",\"error\":\"404\"}");
    log_line(j, "{\"level\":\"warn\",\"msg\":\"b\",\"error\":\"500\"}");
    told_to_end(j);
    v = judge_verdict(j);
    unmet = json_array_get(json_object_get(v, "unmet"), 0);
    assert_string_equal(json_string_value(json_object_get(json_object_get(unmet, "nearest"), "error")),
                        "404");
    assert_non_null(strstr(json_string_value(json_object_get(unmet, "why")), "404"));
    json_decref(v);
    assert_verdict(j, false, "not seen");
}

static void never_loses_at_once(void **state)
{
    struct judge *j = judge_of("{\"never\":[{\"event\":\"grpc.request\"},{\"log\":{\"level\":\"error\"}}],"
                               "\"lasts\":\"1s\"}",
                               NULL);

    (void)state;
    assert_int_equal(judge_state(j), JUDGE_MET);
    assert_int_equal(judge_lasts_ms(j), 1000);
    log_line(j, "{\"level\":\"error\",\"msg\":\"x\"}");
    assert_int_equal(judge_state(j), JUDGE_LOST);
    told_to_end(j);
    assert_verdict(j, false, "must never be");
}

static void what_comes_while_it_is_ended_does_not_count(void **state)
{
    struct judge *j =
        judge_of("{\"log\":[{\"level\":\"info\"}],\"never\":[{\"log\":{\"level\":\"error\"}}]}", NULL);

    (void)state;
    log_line(j, "{\"level\":\"info\"}");
    judge_ending(j);
    log_line(j, "{\"level\":\"error\",\"msg\":\"context canceled\"}");
    ends(j, 0, 0);
    assert_verdict(j, true, NULL);
}

static void nothing_to_wait_for_is_watched_to_the_end(void **state)
{
    struct judge *j = judge_of("{\"never\":[{\"event\":\"x.y\"}],\"within\":\"7s\"}", NULL);

    (void)state;
    assert_int_equal(judge_lasts_ms(j), 7000);
    judge_free(j);
}

static void counts_have_bounds(void **state)
{
    const char *expect = "{\"wire\":[{\"event\":\"a.b\",\"count\":{\"at_least\":2,\"at_most\":3}}]}";
    struct judge *j = judge_of(expect, NULL);

    (void)state;
    see(j, "{\"event\":\"a.b\"}");
    assert_int_equal(judge_state(j), JUDGE_OPEN);
    see(j, "{\"event\":\"a.b\"}");
    see(j, "{\"event\":\"a.b\"}");
    assert_int_equal(judge_state(j), JUDGE_MET);
    see(j, "{\"event\":\"a.b\"}");
    assert_int_equal(judge_state(j), JUDGE_LOST);
    told_to_end(j);
    assert_verdict(j, false, "seen 4 times");
}

static void a_field_named_count_is_a_field(void **state)
{
    struct judge *j = judge_of("{\"log\":[{\"count\":{\"is\":7}}]}", NULL);

    (void)state;
    log_line(j, "{\"count\":6}");
    assert_int_equal(judge_state(j), JUDGE_OPEN);
    log_line(j, "{\"count\":7}");
    assert_int_equal(judge_state(j), JUDGE_MET);
    judge_free(j);
}

static void exactly_means_every_byte_but_the_time(void **state)
{
    const char *want = "{\"level\":\"warn\",\"time\":\"2020-10-30T09:50:51.173Z\",\"msg\":\"m\"}";

    (void)state;
    assert_true(line_equal_but_time(
        want, "{\"level\":\"warn\",\"time\":\"2026-01-01T00:00:00.000Z\",\"msg\":\"m\"}"));
    assert_false(line_equal_but_time(
        want, "{\"level\":\"warn\",\"time\":\"2026-01-01T00:00:00.000Z\",\"msg\":\"m\"} "));
    assert_false(line_equal_but_time(
        want, "{\"level\":\"warn\", \"time\":\"2026-01-01T00:00:00.000Z\",\"msg\":\"m\"}"));
    assert_false(line_equal_but_time(
        want, "{\"time\":\"2026-01-01T00:00:00.000Z\",\"level\":\"warn\",\"msg\":\"m\"}"));
    assert_false(line_equal_but_time(want, "{\"level\":\"warn\",\"msg\":\"m\"}"));
    assert_true(line_equal_but_time("Program aborted: x", "Program aborted: x"));
    assert_false(line_equal_but_time("Program aborted: x", "Program aborted: y"));
    assert_false(line_equal_but_time("a\"time\":\"", "a\"time\":\"x\""));
}

static void exactly_is_judged_on_raw_lines(void **state)
{
    struct judge *j =
        judge_of("{\"log\":[{\"exactly\":\"{\\\"time\\\":\\\"1\\\",\\\"a\\\":\\\"b\\\"}\"}]}", NULL);

    (void)state;
    log_line(j, "{\"a\":\"b\",\"time\":\"2\"}"); /* the same object, other bytes */
    assert_int_equal(judge_state(j), JUDGE_OPEN);
    log_line(j, "{\"time\":\"2\",\"a\":\"b\"}");
    assert_int_equal(judge_state(j), JUDGE_MET);
    judge_free(j);
}

static void an_end_that_nobody_asked_for_fails(void **state)
{
    struct judge *j = judge_of("{\"log\":[{\"level\":\"info\"}]}", NULL);

    (void)state;
    log_line(j, "{\"level\":\"info\"}");
    log_line(j, "Program aborted: boom");
    ends(j, 1, 0);
    assert_int_equal(judge_state(j), JUDGE_LOST);
    judge_ending(j);
    assert_verdict(j, false, "exit code 1; its last line: Program aborted: boom");
}

static void an_end_that_was_asked_for_must_be_clean(void **state)
{
    struct judge *j = judge_of("{\"log\":[{\"level\":\"info\"}]}", NULL);

    (void)state;
    log_line(j, "{\"level\":\"info\"}");
    judge_ending(j);
    ends(j, 1, 0);
    assert_verdict(j, false, "exit code was 1");
    j = judge_of("{\"log\":[{\"level\":\"info\"}]}", NULL);
    log_line(j, "{\"level\":\"info\"}");
    judge_ending(j);
    ends(j, 0, 11);
    assert_verdict(j, false, "signal 11");
}

static void having_had_to_be_killed_is_a_note(void **state)
{
    struct judge *j = judge_of("{\"log\":[{\"level\":\"info\"}]}", NULL);
    json_t *v;

    (void)state;
    log_line(j, "{\"level\":\"info\"}");
    judge_ending(j);
    ends(j, 0, 9);
    v = judge_verdict(j);
    assert_true(json_is_true(json_object_get(v, "pass")));
    assert_non_null(strstr(json_string_value(json_object_get(v, "note")), "killed"));
    json_decref(v);
    judge_free(j);
}

static void a_secret_in_what_it_prints_fails(void **state)
{
    struct judge *j = judge_of("{\"log\":[{\"level\":\"info\"}]}", NULL);
    json_t *e = json_pack("{s:s}", "event", "sut.leaked");

    (void)state;
    log_line(j, "{\"level\":\"info\"}");
    judge_event(j, e);
    json_decref(e);
    told_to_end(j);
    assert_verdict(j, false, "secret");
}

static void an_expected_end_has_code_and_output(void **state)
{
    const char *expect = "{\"exit\":{\"code\":1,\"output\":{\"has\":\"no such file\"}}}";
    struct judge *j = judge_of(expect, NULL);

    (void)state;
    assert_int_equal(judge_state(j), JUDGE_OPEN);
    log_line(j, "token: no such file");
    ends(j, 1, 0);
    assert_int_equal(judge_state(j), JUDGE_MET);
    judge_ending(j);
    assert_verdict(j, true, NULL);
    j = judge_of(expect, NULL);
    log_line(j, "token: empty");
    ends(j, 1, 0);
    assert_int_equal(judge_state(j), JUDGE_LOST);
    assert_verdict(j, false, "does not fit");
    j = judge_of(expect, NULL);
    told_to_end(j);
    assert_verdict(j, false, "did not end by itself");
}

static void order_is_kept(void **state)
{
    const char *expect = "{\"order\":[{\"event\":\"a.a\"},{\"log\":{\"msg\":\"b\"}},{\"event\":\"c.c\"}]}";
    struct judge *j = judge_of(expect, NULL);

    (void)state;
    log_line(j, "{\"msg\":\"b\"}");
    see(j, "{\"event\":\"a.a\"}");
    see(j, "{\"event\":\"c.c\"}");
    assert_int_equal(judge_state(j), JUDGE_OPEN);
    log_line(j, "{\"msg\":\"b\"}");
    see(j, "{\"event\":\"c.c\"}");
    assert_int_equal(judge_state(j), JUDGE_MET);
    judge_free(j);
}

static void a_schedule_measures_gaps(void **state)
{
    const char *expect =
        "{\"schedule\":[{\"of\":{\"event\":\"a.a\"},\"from\":2,\"gaps\":[[\"1s\",\"2s\"],[0.5,1]]}]}";
    struct judge *j = judge_of(expect, NULL);

    (void)state;
    see(j, "{\"event\":\"a.a\",\"t\":0}");
    see(j, "{\"event\":\"a.a\",\"t\":1}");
    see(j, "{\"event\":\"a.a\",\"t\":1500000001}");
    assert_int_equal(judge_state(j), JUDGE_OPEN);
    see(j, "{\"event\":\"a.a\",\"t\":2200000001}");
    assert_int_equal(judge_state(j), JUDGE_MET);
    see(j, "{\"event\":\"a.a\",\"t\":2200000002}"); /* no more gaps are asked for */
    assert_int_equal(judge_state(j), JUDGE_MET);
    judge_free(j);

    j = judge_of(expect, NULL);
    see(j, "{\"event\":\"a.a\",\"t\":0}");
    see(j, "{\"event\":\"a.a\",\"t\":1}");
    see(j, "{\"event\":\"a.a\",\"t\":500000000}");
    assert_int_equal(judge_state(j), JUDGE_LOST);
    told_to_end(j);
    assert_verdict(j, false, "0.500s [1.000s, 2.000s]");
}

static void healthy_comes_from_the_profile(void **state)
{
    const char *healthy = "{\"wire\":[{\"event\":\"a.a\"}],\"never\":[{\"log\":{\"level\":\"error\"}}]}";
    struct judge *j = judge_of("{\"healthy\":true}", healthy);

    (void)state;
    assert_int_equal(judge_state(j), JUDGE_OPEN);
    see(j, "{\"event\":\"a.a\"}");
    assert_int_equal(judge_state(j), JUDGE_MET);
    log_line(j, "{\"level\":\"error\"}");
    assert_int_equal(judge_state(j), JUDGE_LOST);
    judge_free(j);
}

static void what_is_no_expectation_is_refused(void **state)
{
    static const char *const broken[] = {
        "{\"log\":{}}",
        "{\"log\":[1]}",
        "{\"log\":[{\"msg\":{\"matches\":\"(\"}}]}",
        "{\"schedule\":{\"gaps\":[[1,2]]}}",
        "{\"schedule\":{\"of\":{},\"gaps\":[[1]]}}",
        "{\"schedule\":{\"of\":{},\"gaps\":[[\"x\",\"y\"]]}}",
        "{\"within\":\"soon\"}",
        "{\"order\":{}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
        json_t *e = json_of(broken[i]);
        char *err = NULL;
        struct judge *j = judge_new(e, NULL, NULL, &err);
        if (j || !err)
            fail_msg("taken: %s", broken[i]);
        free(err);
        json_decref(e);
    }
}

static void line_of(struct judge *j, const char *who, const char *line)
{
    json_t *e = json_pack("{s:s,s:s,s:o,s:s}", "event", "log.line", "who", who, "line", json_of(line), "raw", line);

    judge_event(j, e);
    json_decref(e);
}

/* Several print: whose line is it? */
static void whose_lines(void **state)
{
    json_t *e = json_of("{\"log\":[{\"msg\":\"a\"},{\"who\":\"agent\",\"msg\":\"b\"}],"
                        "\"order\":[{\"log\":{\"msg\":\"a\"}},{\"who\":\"agent\",\"log\":{\"msg\":\"b\"}}],"
                        "\"never\":[{\"log\":{\"msg\":\"c\"}},{\"who\":\"agent\",\"log\":{\"msg\":\"d\"}}]}");
    char *err = NULL;
    struct judge *j = judge_new(e, NULL, "kas", &err);

    (void)state;
    assert_non_null(j);
    line_of(j, "agent", "{\"msg\":\"a\"}");
    line_of(j, "kas", "{\"msg\":\"b\"}");
    line_of(j, "agent", "{\"msg\":\"c\"}");
    line_of(j, "kas", "{\"msg\":\"d\"}");
    assert_int_equal(judge_state(j), JUDGE_OPEN);
    line_of(j, "kas", "{\"msg\":\"a\"}");
    line_of(j, "agent", "{\"msg\":\"b\"}");
    assert_int_equal(judge_state(j), JUDGE_MET);
    line_of(j, "agent", "{\"msg\":\"d\"}");
    assert_int_equal(judge_state(j), JUDGE_LOST);
    judge_free(j);
    json_decref(e);
}

/* A step may end it, and start it again: that is no end of its own. */
static void ended_by_a_step(void **state)
{
    struct judge *j = judge_of("{\"log\":[{\"msg\":\"a\"}]}", NULL);
    json_t *v;

    (void)state;
    see(j, "{\"event\":\"sut.stopped\",\"code\":1,\"signal\":0}");
    log_line(j, "{\"msg\":\"a\"}");
    judge_ending(j);
    v = judge_verdict(j);
    assert_true(json_is_true(json_object_get(v, "pass")));
    json_decref(v);
    see(j, "{\"event\":\"sut.start\"}");
    v = judge_verdict(j); /* runs again, and did not end */
    assert_false(json_is_true(json_object_get(v, "pass")));
    json_decref(v);
    see(j, "{\"event\":\"sut.ended\",\"code\":1,\"signal\":0}"); /* its Pod starts it again, or will */
    v = judge_verdict(j);
    assert_true(json_is_true(json_object_get(v, "pass")));
    json_decref(v);
    judge_free(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_and_events_must_be_seen),
        cmocka_unit_test(what_was_not_seen_names_the_nearest_line),
        cmocka_unit_test(never_loses_at_once),
        cmocka_unit_test(what_comes_while_it_is_ended_does_not_count),
        cmocka_unit_test(nothing_to_wait_for_is_watched_to_the_end),
        cmocka_unit_test(counts_have_bounds),
        cmocka_unit_test(a_field_named_count_is_a_field),
        cmocka_unit_test(exactly_means_every_byte_but_the_time),
        cmocka_unit_test(exactly_is_judged_on_raw_lines),
        cmocka_unit_test(an_end_that_nobody_asked_for_fails),
        cmocka_unit_test(an_end_that_was_asked_for_must_be_clean),
        cmocka_unit_test(having_had_to_be_killed_is_a_note),
        cmocka_unit_test(a_secret_in_what_it_prints_fails),
        cmocka_unit_test(an_expected_end_has_code_and_output),
        cmocka_unit_test(order_is_kept),
        cmocka_unit_test(a_schedule_measures_gaps),
        cmocka_unit_test(healthy_comes_from_the_profile),
        cmocka_unit_test(what_is_no_expectation_is_refused),
        cmocka_unit_test(whose_lines),
        cmocka_unit_test(ended_by_a_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
