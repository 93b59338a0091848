/* Selectors: what they select, and apimachinery's words for those that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fakekube/selector.h"
#include "lib/base/mem.h"

static json_t *json(const char *text)
{
    json_t *v = json_loads(text, 0, NULL);
    assert_non_null(v);
    return v;
}

static bool fits(const char *selector, const char *labels)
{
    struct selector *s;
    char *err = NULL;
    if (selector_labels(selector, &s, &err) < 0)
        fail_msg("%s: %s", selector, err);
    json_t *l = labels ? json(labels) : NULL;
    bool yes = selector_fits_labels(s, l);
    json_decref(l);
    selector_free(s);
    return yes;
}

static void test_labels(void **state)
{
    static const char labels[] = "{\"app\":\"nginx\",\"tier\":\"a\",\"n\":\"5\",\"example.com/x\":\"\"}";
    assert_true(fits("", labels));
    assert_true(fits("app=nginx,tier in (a, b)", labels));
    assert_true(fits("app==nginx", labels));
    assert_true(fits("app,!old", labels));
    assert_true(fits("app!=apache,old!=1,old notin (x)", labels));
    assert_true(fits("n>4,n<6", labels));
    assert_true(fits("example.com/x=", labels));
    assert_true(fits("example.com/x in ()", labels));
    assert_true(fits("tier in (,a)", labels));
    assert_true(fits(" app = nginx ", labels));
    assert_false(fits("app=apache", labels));
    assert_false(fits("!app", labels));
    assert_false(fits("old", labels));
    assert_false(fits("old=x", NULL));
    assert_false(fits("tier notin (a,b)", labels));
    assert_false(fits("n>5", labels));
    assert_false(fits("app>5", labels));
    (void)state;
}

static void assert_none(const char *text, const char *why)
{
    struct selector *s;
    char *err = NULL;
    assert_true(selector_labels(text, &s, &err) < 0);
    if (!strstr(err, why))
        fail_msg("%s: \"%s\" has no \"%s\"", text, err, why);
    free(err);
}

static void test_labels_that_are_none(void **state)
{
    assert_none("a,", "found '', expected: identifier after ','");
    assert_none("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt");
    assert_none("a in b", "found 'b' expected: '('");
    assert_none("a in (b", "found '', expected: ',' or ')'");
    assert_none("=b", "found '=', expected: !, identifier, or 'end of string'");
    assert_none("a=b=c", "found '=', expected: ',' or 'end of string'");
    assert_none("a=-b", "a valid label must be an empty string or consist of alphanumeric characters");
    assert_none("-a", "name part must consist of alphanumeric characters");
    assert_none("/a", "name part must consist");
    assert_none("!", "found '', expected: identifier");
    (void)state;
}

static bool field_fits(const char *selector, const char *object)
{
    struct selector *s;
    char *err = NULL;
    if (selector_fields(selector, &s, &err) < 0)
        fail_msg("%s: %s", selector, err);
    json_t *o = json(object);
    bool yes = selector_fits_fields(s, o);
    json_decref(o);
    selector_free(s);
    return yes;
}

static void test_fields(void **state)
{
    static const char pod[] = "{\"metadata\":{\"name\":\"x\"},\"spec\":{\"n\":3,\"b\":false},\"status\":{\"phase\":\"a,b\"}}";
    struct selector *s;
    char *err = NULL;
    assert_true(field_fits("metadata.name=x", pod));
    assert_true(field_fits("metadata.name==x,spec.nodeName=,spec.n=3,spec.b=false", pod));
    assert_true(field_fits("status.phase=a\\,b", pod));
    assert_true(field_fits("status.phase!=Running", pod));
    assert_false(field_fits("metadata.name!=x", pod));
    assert_true(selector_fields("metadata.name", &s, &err) < 0);
    assert_string_equal(err, "invalid selector: 'metadata.name'; can't understand 'metadata.name'");
    free(err);
    assert_true(selector_fields("a=b=c", &s, &err) < 0);
    free(err);
    assert_true(selector_fields("a=\\x", &s, &err) < 0);
    free(err);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_labels_that_are_none),
        cmocka_unit_test(test_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
