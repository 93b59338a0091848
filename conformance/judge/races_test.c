#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conformance/judge/races.h"

#define DIED                                                                                                \
    "{\"died\":{\"place\":\"desc = (connection closed|transport is closing|write tcp .*|EOF)$\","           \
    "\"chance\":\"^write tcp .*: use of closed network connection$|^transport is closing$\"}}"

static struct races *made(const char *text, char **reterr)
{
    json_t *profile = json_loads(text, 0, NULL);
    struct races *r = races_new(profile, reterr);

    json_decref(profile);
    return r;
}

static bool same(const char *a, const char *b)
{
    char *err = NULL;
    struct races *r = made(DIED, &err);
    json_t *one = json_loads(a, 0, NULL), *other = json_loads(b, 0, NULL);
    bool yes, back;

    assert_null(err);
    yes = races_same(r, one, other);
    back = races_same(r, other, one);
    assert_int_equal(yes, back);
    json_decref(one);
    json_decref(other);
    races_free(r);
    return yes;
}

static void another_text_of_the_same_race_is_the_same(void **state)
{
    (void)state;
    assert_true(same(
        "{\"msg\":\"m\",\"error\":\"code = X desc = connection closed\"}",
        "{\"msg\":\"m\",\"error\":\"code = X desc = write tcp a->b: use of closed network connection\"}"));
    assert_true(
        same("{\"error\":\"desc = transport is closing\"}", "{\"error\":\"desc = connection closed\"}"));
    assert_true(same("{\"error\":\"desc = elsewhere\"}", "{\"error\":\"desc = elsewhere\"}"));
}

static void anything_else_is_not(void **state)
{
    (void)state;
    /* a wrong text at the place */
    assert_false(same("{\"error\":\"desc = connection closed\"}", "{\"error\":\"desc = no such host\"}"));
    assert_false(same("{\"error\":\"desc = transport is closing\"}", "{\"error\":\"desc = no such host\"}"));
    /* two of the place's texts, neither of them by chance */
    assert_false(same("{\"error\":\"desc = connection closed\"}", "{\"error\":\"desc = EOF\"}"));
    assert_false(same("{\"error\":\"desc = connection closed\"}",
                      "{\"error\":\"desc = write tcp a->b: no buffer space\"}"));
    /* the rest of the line differs */
    assert_false(same("{\"error\":\"code = X desc = connection closed\"}",
                      "{\"error\":\"code = Y desc = transport is closing\"}"));
    assert_false(same("{\"msg\":\"a\",\"error\":\"desc = connection closed\"}",
                      "{\"msg\":\"b\",\"error\":\"desc = transport is closing\"}"));
    assert_false(same("{\"error\":\"desc = connection closed\"}",
                      "{\"error\":\"desc = transport is closing\",\"more\":1}"));
    assert_false(same("{\"error\":\"desc = connection closed\"}", "{\"error\":1}"));
}

static void without_a_profile_equal_is_equal(void **state)
{
    char *err = NULL;
    struct races *r = races_new(NULL, &err);
    json_t *a = json_loads("{\"error\":\"desc = EOF\"}", 0, NULL),
           *b = json_loads("{\"error\":\"x\"}", 0, NULL);

    (void)state;
    assert_non_null(r);
    assert_true(races_same(r, a, a));
    assert_false(races_same(r, a, b));
    json_decref(a);
    json_decref(b);
    races_free(r);
}

static void a_broken_profile_is_named(void **state)
{
    char *err = NULL;

    (void)state;
    assert_null(made("{\"died\":{\"place\":\"(\",\"chance\":\"x\"}}", &err));
    assert_non_null(strstr(err, "races: died: place: "));
    free(err);
    assert_null(made("{\"died\":{\"place\":\"x\"}}", &err));
    assert_string_equal(err, "races: died: chance: expected a regular expression");
    free(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_text_of_the_same_race_is_the_same),
        cmocka_unit_test(anything_else_is_not),
        cmocka_unit_test(without_a_profile_equal_is_equal),
        cmocka_unit_test(a_broken_profile_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
