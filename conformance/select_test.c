#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conformance/select.h"

static void a_star_stays_within_a_part(void **state)
{
    (void)state;
    assert_true(glob_path("kas-address/*", "kas-address/refused"));
    assert_false(glob_path("*", "kas-address/refused"));
    assert_false(glob_path("kas-address/*", "kas-address/a/b"));
    assert_true(glob_path("kas-*/ref?sed", "kas-address/refused"));
    assert_false(glob_path("kas-address?refused", "kas-address/refused"));
}

static void two_stars_cross_parts(void **state)
{
    (void)state;
    assert_true(glob_path("**", "kas-address/refused"));
    assert_true(glob_path("kas-address/**", "kas-address/a/b"));
    assert_true(glob_path("**/refused", "refused"));
    assert_true(glob_path("**/refused", "kas-address/refused"));
    assert_false(glob_path("**/refused", "kas-address/refused-too"));
    assert_true(glob_path("kas-address/", "kas-address/refused"));
    assert_false(glob_path("kas-address", "kas-address/refused"));
}

static void a_cure_is_named_behind_an_at_sign(void **state)
{
    (void)state;
    assert_true(select_fits("a/b", "a/b", NULL));
    assert_true(select_fits("a/b", "a/b", "slash"));
    assert_true(select_fits("a/b@slash", "a/b", "slash"));
    assert_true(select_fits("**@s*", "a/b", "slash"));
    assert_true(select_fits("a/b@slash", "a/b:1", "slash"));
    assert_true(select_fits("a/b:1", "a/b:1", NULL));
    assert_true(select_fits("a/b:*:x", "a/b:1:x", NULL));
    assert_false(select_fits("a/b:1", "a/b:12", NULL));
    assert_false(select_fits("a/b:1", "a/b", NULL));
    assert_false(select_fits("a/b@slash", "a/b", NULL));
    assert_false(select_fits("a/b@slash", "a/b", "other"));
    assert_false(select_fits("a/c@slash", "a/b", "slash"));
}

static void a_tag_or_a_layer_selects(void **state)
{
    json_t *about = json_pack("{s:[s,s],s:[s]}", "tags", "smoke", "slow", "layers", "tls");
    const char *none[] = {"http"}, *tag[] = {"http", "smoke"}, *layer[] = {"tls"};

    (void)state;
    assert_true(select_tagged(about, &(struct strings){0}));
    assert_true(select_tagged(about, &(struct strings){tag, 2}));
    assert_true(select_tagged(about, &(struct strings){layer, 1}));
    assert_false(select_tagged(about, &(struct strings){none, 1}));
    json_decref(about);
}

static void a_row_is_meant_by_all_that_was_said(void **state)
{
    const char *patterns[] = {"a/*", "c/d@slash"}, *transports[] = {"ws", "wss"};
    struct options o = {.patterns = {patterns, 2}, .transports = {transports, 2}};
    bool used[2] = {false, false};

    (void)state;
    assert_true(select_row(&(struct options){0}, "a/b", "grpc", "slash", NULL));
    assert_true(select_row(&o, "a/b", "ws", NULL, used));
    assert_true(used[0] && !used[1]);
    assert_false(select_row(&o, "a/b", "grpc", NULL, NULL));
    assert_false(select_row(&o, "c/d", "ws", NULL, used));
    assert_false(select_row(&o, "c/d", "grpc", "slash", used)); /* the pattern does mean something */
    assert_true(used[1]);
    o.no_cures = true;
    assert_false(select_row(&o, "a/b", "ws", "slash", NULL));
    o = (struct options){.only_cures = true};
    assert_false(select_row(&o, "a/b", "ws", NULL, NULL));
    assert_true(select_row(&o, "a/b", "ws", "slash", NULL));
    o = (struct options){.faults_off = true}; /* a cure has no fault to take away */
    assert_false(select_row(&o, "a/b", "ws", "slash", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_star_stays_within_a_part),
        cmocka_unit_test(two_stars_cross_parts),
        cmocka_unit_test(a_cure_is_named_behind_an_at_sign),
        cmocka_unit_test(a_tag_or_a_layer_selects),
        cmocka_unit_test(a_row_is_meant_by_all_that_was_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
