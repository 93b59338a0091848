/* What differs is told at its place; what differs from run to run does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <string.h>

#include "conformance/parity/diff.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

static json_t *json_of(const char *text)
{
    json_error_t err;
    _cleanup_(freep) char *quoted = xstrdup(text);

    for (char *c = quoted; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    json_t *j = json_loads(quoted, 0, &err);
    assert_non_null(j);
    return j;
}

static void assert_diff(const char *a, const char *b, const char *wanted)
{
    json_t *real = json_of(a), *fake = json_of(b), *out = parity_diff(real, fake), *one;
    struct buf said = BUF_NULL;
    size_t i;

    json_array_foreach(out, i, one)
    {
        _cleanup_(freep) char *x = json_dumps(json_object_get(one, "real"), JSON_ENCODE_ANY | JSON_COMPACT);
        _cleanup_(freep) char *y = json_dumps(json_object_get(one, "fake"), JSON_ENCODE_ANY | JSON_COMPACT);
        buf_addf(&said, "%s: %s %s; ", json_string_value(json_object_get(one, "at")), x, y);
    }
    buf_add(&said, "", 1);
    assert_string_equal((const char *)buf_data(&said), wanted);
    buf_done(&said);
    json_decref(real);
    json_decref(fake);
    json_decref(out);
}

static void tells_places(void **state)
{
    (void)state;
    assert_diff("{'a':{'b':1}}", "{'a':{'b':1}}", "");
    assert_diff("{'a':{'b':1}}", "{'a':{'b':2}}", "a.b: 1 2; ");
    assert_diff("{'a':[1,2]}", "{'a':[1]}", "a[1]: 2 null; ");
    assert_diff("{'a':1}", "{'b':[{'x':1}]}", "a: 1 null; b: null [{\"x\":1}]; ");
    assert_diff("{'m':[{'x':{'y':'s'}}]}", "{'m':[{'x':{'y':'t'}}]}", "m[0].x.y: \"s\" \"t\"; ");
}

static void compares_headers_by_name_and_order(void **state)
{
    (void)state;
    assert_diff("{'h':[['a','1'],['b','2']]}", "{'h':[['a','1'],['b','3']]}", "h.b: \"2\" \"3\"; ");
    assert_diff("{'h':[['a','1'],['b','2']]}", "{'h':[['a','1']]}", "h.b: \"2\" null; ");
    assert_diff("{'h':[['a','1'],['b','2']]}", "{'h':[['b','2'],['a','1']]}",
                "h order: [\"a\",\"b\"] [\"b\",\"a\"]; ");
    assert_diff("{'h':[['a','1'],['a','2']]}", "{'h':[['a','1']]}", "h.a: [\"1\",\"2\"] \"1\"; ");
    assert_diff("{'h':[['c','0'],['a','1']]}", "{'h':[['a','1']]}", "h.c: \"0\" null; ");
}

static void hides_what_changes_from_run_to_run(void **state)
{
    json_t *said =
        json_of("{'h':[['date','Wed, 25 Nov 2026 14:00:00 GMT'],['x','01FSZ7NZ3J4M5Q6R7S8T9V0W1X']],"
                "'t':'read tcp 10.60.1.1:8150->10.60.1.1:51234: 0123456789012345678901234567890123456789'}");
    (void)state;
    parity_normalise(said);
    _cleanup_(freep) char *text = json_dumps(said, JSON_COMPACT);
    assert_string_equal(text, "{\"h\":[[\"date\",\"<date>\"],[\"x\",\"<ulid>\"]],"
                              "\"t\":\"read tcp 10.60.1.1:8150->10.60.1.1:<port>: <commit>\"}");
    json_decref(said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_places),
        cmocka_unit_test(compares_headers_by_name_and_order),
        cmocka_unit_test(hides_what_changes_from_run_to_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
