#include "lib/script/match.h"

#include <math.h>

#include "lib/script/script_test.h"

static bool fits(const char *pattern, const char *value, char **why)
{
    json_t *p = js(pattern), *v = js(value);
    bool r = match(p, v, why);
    json_decref(p);
    json_decref(v);
    return r;
}

static void what_fits(void **state)
{
    static const char *const cases[][2] = {
        {"'a'", "'a'"},
        {"1", "1.0"},
        {"null", "null"},
        {"{}", "{'a': 1}"},
        {"{'a': 1}", "{'a': 1, 'b': 2}"},
        {"{'a': {'has': 'ell'}}", "{'a': 'hello'}"},
        {"{'a': {'has': {'at_least': 3}}}", "{'a': [1, 5]}"},
        {"{'alpn': {'has': 'h2'}}", "{'alpn': ['h2', 'http/1.1']}"},
        {"{'starts': 'he', 'ends': 'lo'}", "'hello'"},
        {"{'matches': '^h.*o$'}", "'hello'"},
        {"{'matches': '\\\\d{3}'}", "'got 301 now'"},
        {"{'any': ['x', {'starts': 'h'}]}", "'hello'"},
        {"{'not': 'x'}", "'hello'"},
        {"{'a': {'present': false}}", "{}"},
        {"{'a': {'not': 1}}", "{}"},
        {"{'a': {'present': true}}", "{'a': null}"},
        {"{'at_least': 2, 'at_most': 4}", "3"},
        {"{'is': {'a': 1}}", "{'a': 1}"},
        {"{'headers.user-agent': {'has': 'k'}}", "{'headers': {'user-agent': 'agentk'}}"},
        {"{'a.b': 1}", "{'a.b': 1, 'a': {'b': 2}}"},
        {"{'a.1.b': 1}", "{'a': [0, {'b': 1}]}"},
        {"[1, {'at_least': 1}]", "[1, 2]"},
        {"9007199254740993", "9007199254740993"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (!fits(cases[i][0], cases[i][1], NULL))
            fail_msg("%s should fit %s", cases[i][0], cases[i][1]);
}

static void what_does_not_and_why(void **state)
{
    static const char *const cases[][3] = {
        {"'a'", "'b'", "\"b\", expected \"a\""},
        {"'1'", "1", "1, expected \"1\""},
        {"{'a': 1}", "{}", "a: missing, expected 1"},
        {"{'a': null}", "{}", "a: missing, expected null"},
        {"{'headers': {'host': 'b'}}", "{'headers': {'host': 'a'}}", "headers.host: \"a\", expected \"b\""},
        {"{'a': [1, 2]}", "{'a': [1, 3]}", "a[1]: 3, expected 2"},
        {"[1]", "[1, 2]", "[1,2], expected [1]"},
        {"{'a': {'has': 'x'}}", "{'a': 'y'}", "a: \"y\", expected {\"has\":\"x\"}"},
        {"{'a': {'has': 'x'}}", "{}", "a: missing, expected {\"has\":\"x\"}"},
        {"{'starts': 'hello!'}", "'hello'", "expected"},
        {"{'ends': 'hello!'}", "'hello'", "expected"},
        {"{'matches': 'b'}", "'aaa'", "expected"},
        {"{'matches': '['}", "'['", "expected"},
        {"{'any': []}", "1", "expected"},
        {"{'at_least': 2, 'at_most': 4}", "5", "5, expected"},
        {"{'at_least': 2}", "'3'", "expected"},
        {"{'is': {'a': 1}}", "{'a': 1, 'b': 2}", "expected"},
        {"{'a.7': 1}", "{'a': [1]}", "a.7: missing"},
        {"9007199254740993", "9007199254740992", "expected"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(freep) char *why = NULL;
        if (fits(cases[i][0], cases[i][1], &why))
            fail_msg("%s should not fit %s", cases[i][0], cases[i][1]);
        assert_non_null(why);
        if (!strstr(why, cases[i][2]))
            fail_msg("expected «%s» in «%s»", cases[i][2], why);
    }
}

/* A pattern that backtracks for ever must come back, and say no. */
static void a_hostile_expression_ends(void **state)
{
    char value[64];
    memset(value, 'a', sizeof(value));
    memcpy(value, "'", 1);
    strcpy(value + 50, "'");
    assert_false(fits("{'matches': '^(a+)+$x'}", value, NULL));
}

static double near(const char *pattern, const char *value)
{
    json_t *p = js(pattern), *v = js(value);
    double d = match_nearness(p, v);
    json_decref(p);
    json_decref(v);
    return d;
}

static void nearness_ranks_lines(void **state)
{
    const char *p = "{'level': 'error', 'msg': {'has': 'got 301'}}";
    double all = near(p, "{'level': 'error', 'msg': 'but got 301'}");
    double almost = near(p, "{'level': 'error', 'msg': 'but got 302'}");
    double half = near(p, "{'level': 'error', 'msg': 'x'}");
    double none = near(p, "{'level': 'info'}");
    assert_true(fabs(all - 1) < 1e-9);
    assert_true(all > almost && almost > half && half > none);
    assert_true(fabs(none) < 1e-9);
}

static void bad_patterns_are_told(void **state)
{
    static const char *const cases[][2] = {
        {"{'a': {'matches': '[a-'}}", "\"[a-\" is wrong at character 4"},
        {"{'a': [{'matches': 5}]}", "takes a regular expression"},
        {"{'has': 'x', 'strats': 'y'}", "`strats` is no word"},
        {"{'any': 'x'}", "`any` takes a list"},
        {"{'present': 'yes'}", "`present` takes true or false"},
        {"{'at_least': '1'}", "`at_least` takes a number"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *err = NULL;
        json_t *p = js(cases[i][0]);
        assert_true(match_check(p, &err) < 0);
        if (!strstr(err, cases[i][1]))
            fail_msg("expected «%s» in «%s»", cases[i][1], err);
        free(err);
        json_decref(p);
    }
    char *err = NULL;
    json_t *fine = js("{'a': {'any': [{'matches': '^x'}, 5]}, 'b': {'is': {'has': 1, 'x': 2}}}");
    assert_int_equal(match_check(fine, &err), 0);
    assert_null(err);
    json_decref(fine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits),
        cmocka_unit_test(what_does_not_and_why),
        cmocka_unit_test(a_hostile_expression_ends),
        cmocka_unit_test(nearness_ranks_lines),
        cmocka_unit_test(bad_patterns_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
