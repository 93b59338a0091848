#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conformance/judge/known.h"
#include "conformance/report/outcome.h"
#include "conformance/report/report.h"
#include "lib/base/mem.h"

/* One scenario, one real agent and the reference agent; rows with the outcomes that a test wants. */
struct fixture {
    struct scenario *scenario;
    struct component real, reference;
    struct row rows[6];
    struct row *list[6];
    struct rows all;
};

static const char text[] =
    "scenario: area/name\ntitle: A title\ntransports: [ws, grpc]\nexpect: { healthy: true }\n";

static int set_up(void **state)
{
    struct fixture *f = NEW(struct fixture);
    struct problems *p = problems_new();
    json_t *any = json_object();

    f->scenario = scenario_load_text("name.yaml", text, strlen(text), any, p);
    if (!f->scenario)
        fail_msg("%s", problems_text(p));
    json_decref(any);
    problems_free(p);
    f->real = (struct component){.name = (char *)"agentk",
                                 .kind = (char *)"agentk",
                                 .version = (char *)"14.7",
                                 .path = (char *)"/a/agentk",
                                 .real = true};
    f->reference = f->real;
    f->reference.name = (char *)"refagent";
    f->reference.real = false;
    f->all = (struct rows){.items = f->list};
    *state = f;
    return 0;
}

static struct row *row_add(struct fixture *f, const struct component *c, const char *verdict,
                           const char *reason)
{
    struct row *r = &f->rows[f->all.n];

    *r = (struct row){.name = (char *)"agentk-14.7/area/name/ws",
                      .base = (char *)"",
                      .scenario = f->scenario,
                      .component = c,
                      .transport = "ws",
                      .verdict = verdict,
                      .reason = xstrdup(reason),
                      .group = -1};
    f->list[f->all.n++] = r;
    return r;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < f->all.n; i++)
        free(f->rows[i].reason);
    scenario_free(f->scenario);
    free(f);
    return 0;
}

static char *file_of(int (*write)(const struct rows *rows, const char *path), const struct rows *rows)
{
    char path[] = "/tmp/report-test-XXXXXX", *all = xcalloc(1, 65536);
    int fd = mkstemp(path);
    FILE *f;

    assert_int_equal(write(rows, path), 0);
    f = fdopen(fd, "r");
    (void)!fread(all, 1, 65535, f);
    fclose(f);
    unlink(path);
    return all;
}

static int write_junit(const struct rows *rows, const char *path)
{
    struct report_times t = {.wall_s = 1, .started = "2026-11-23T04:10:44.000Z"};

    return report_junit(rows, &t, path);
}

static void exit_codes_follow_the_verdicts(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(report_exit_code(&f->all), 77);
    row_add(f, &f->real, VERDICT_SKIPPED, "");
    assert_int_equal(report_exit_code(&f->all), 77);
    row_add(f, &f->real, VERDICT_KNOWN, "");
    assert_int_equal(report_exit_code(&f->all), 0);
    row_add(f, &f->real, VERDICT_FAIL, "");
    assert_int_equal(report_exit_code(&f->all), 1);
    row_add(f, &f->real, VERDICT_HARNESS, "");
    assert_int_equal(report_exit_code(&f->all), 3);
}

static void junit_escapes_what_agents_print(void **state)
{
    struct fixture *f = *state;
    char *xml;

    row_add(f, &f->real, VERDICT_FAIL, "<\"&>\x01 \xc3\xa4");
    row_add(f, &f->real, VERDICT_PASS, "");
    xml = file_of(write_junit, &f->all);
    assert_non_null(strstr(xml, "message=\"&lt;&quot;&amp;&gt;  \xc3\xa4\""));
    assert_null(strchr(xml, 1));
    assert_non_null(strstr(xml, "tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\""));
    free(xml);
}

static void tap_has_directives_and_escapes(void **state)
{
    struct fixture *f = *state;
    char *tap;

    row_add(f, &f->real, VERDICT_SKIPPED, "why # not");
    row_add(f, &f->real, VERDICT_KNOWN, "soon");
    row_add(f, &f->real, VERDICT_FAIL, "bad");
    tap = file_of(report_tap, &f->all);
    assert_int_equal(strncmp(tap, "TAP version 14\n1..3\n", 20), 0);
    assert_non_null(strstr(tap, "ok 1 - agentk-14.7/area/name/ws # SKIP why \\# not\n"));
    assert_non_null(strstr(tap, "\nnot ok 2 - agentk-14.7/area/name/ws # TODO soon\n"));
    assert_non_null(strstr(tap, "\nnot ok 3 - agentk-14.7/area/name/ws\n  ---\n"));
    free(tap);
}

static char *summary_of(const struct rows *rows)
{
    struct report_times t = {.wall_s = 2, .started = "2026"};
    char *out = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&out, &n);

    report_summary(rows, &t, false, f);
    fclose(f);
    return out;
}

static void the_summary_ends_with_the_three_numbers(void **state)
{
    struct fixture *f = *state;
    const char *last = "\n1 passed, 2 failed, 1 skipped\n";
    char *out;

    row_add(f, &f->reference, VERDICT_PASS, "");
    row_add(f, &f->real, VERDICT_FAIL, "because");
    row_add(f, &f->real, VERDICT_HARNESS, "broken");
    row_add(f, &f->real, VERDICT_UNSUPPORTED, "no flag");
    out = summary_of(&f->all);
    assert_string_equal(out + strlen(out) - strlen(last), last);
    assert_non_null(strstr(out, "no real agent has met:\n  area/name over ws\n"));
    assert_non_null(
        strstr(out, "again: conform run area/name --no-cures --transport ws --sut agentk=/a/agentk"));
    free(out);
}

static void what_was_repeated_is_listed_once(void **state)
{
    struct fixture *f = *state;
    char *out, *at;

    row_add(f, &f->reference, VERDICT_FAIL, "a repetition that failed tells nothing");
    row_add(f, &f->reference, VERDICT_PASS, "");
    row_add(f, &f->reference, VERDICT_PASS, "");
    out = summary_of(&f->all);
    at = strstr(out, "  area/name over ws\n");
    assert_non_null(at);
    assert_null(strstr(at + 1, "  area/name over ws\n"));
    free(out);
}

static void what_a_real_agent_has_met_is_not_listed(void **state)
{
    struct fixture *f = *state;
    char *out;

    row_add(f, &f->reference, VERDICT_PASS, "");
    row_add(f, &f->real, VERDICT_PASS, "");
    out = summary_of(&f->all);
    assert_null(strstr(out, "no real agent"));
    free(out);
}

/* A fixtures folder with nothing but a list of known failures. */
static struct known *known_of(const char *yaml)
{
    char folder[] = "/tmp/known-test-XXXXXX";
    _cleanup_(freep) char *path = NULL;
    struct known *k;
    FILE *f;

    assert_non_null(mkdtemp(folder));
    path = xasprintf("%s/known-failing.yaml", folder);
    f = fopen(path, "w");
    fputs(yaml, f);
    fclose(f);
    k = known_load(folder);
    unlink(path);
    rmdir(folder);
    return k;
}

static const char listed[] = "- { id: area/*, versions: 'agentk < 15', transports: [ws], reason: bug 7,\n"
                             "    expires: \"2999-01-01\", symptom: { has: 301 } }\n";

static void a_known_failure_must_fail_as_it_is_known_to(void **state)
{
    struct fixture *f = *state;
    char *yaml = strdup(listed);
    struct known *k;
    struct row *r;

    memcpy(strstr(yaml, "301"), "abc", 3);
    k = known_of(yaml);
    free(yaml);
    assert_non_null(k);
    r = row_add(f, &f->real, VERDICT_FAIL, "got abc");
    known_apply(k, r);
    assert_string_equal(r->verdict, VERDICT_KNOWN);
    r = row_add(f, &f->real, VERDICT_FAIL, "got something else");
    known_apply(k, r);
    assert_string_equal(r->verdict, VERDICT_FAIL);
    assert_non_null(strstr(r->reason, "otherwise"));
    r = row_add(f, &f->real, VERDICT_PASS, "");
    known_apply(k, r);
    assert_string_equal(r->verdict, VERDICT_FAIL);
    r = row_add(f, &f->real, VERDICT_FAIL, "got abc");
    r->transport = "grpc";
    known_apply(k, r);
    assert_string_equal(r->verdict, VERDICT_FAIL);
    known_free(k);
}

static void a_known_failure_expires(void **state)
{
    struct fixture *f = *state;
    struct known *k = known_of(
        "- { id: '**', versions: '>= 1', reason: x, expires: \"2001-01-01\", symptom: { has: a } }\n");
    struct row *r = row_add(f, &f->real, VERDICT_FAIL, "a");

    known_apply(k, r);
    assert_string_equal(r->verdict, VERDICT_FAIL);
    assert_non_null(strstr(r->reason, "which is over"));
    known_free(k);
}

static void a_bad_list_is_refused(void **state)
{
    static const char *const bad[] = {
        "a: b\n",
        "- { id: x }\n",
        "- { id: x, versions: '>= 1', reason: x, expires: tomorrow, symptom: { has: a } }\n",
        "- { id: x, versions: '>= soon', reason: x, expires: \"2030-01-01\", symptom: { has: a } }\n",
        "- { id: x, versions: '>= 1', reason: x, expires: \"2030-01-01\", symptom: { matches: '(' } }\n",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (known_of(bad[i]))
            fail_msg("taken: %s", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(exit_codes_follow_the_verdicts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(junit_escapes_what_agents_print, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tap_has_directives_and_escapes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_summary_ends_with_the_three_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_repeated_is_listed_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_real_agent_has_met_is_not_listed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_known_failure_must_fail_as_it_is_known_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_known_failure_expires, set_up, tear_down),
        cmocka_unit_test(a_bad_list_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
