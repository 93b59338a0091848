#include "lib/script/version.h"

#include "lib/script/script_test.h"

static void versions_have_an_order(void **state)
{
    static const char *const rising[] = {"junk", "13.6.1", "13.12", "14.1.0", "14.7", "15.0.0-rc2", "15.0.0-rc10",
                                         "15.0.0", "16.5.0", "head"};
    for (size_t i = 0; i < ARRAY_SIZE(rising); i++)
        for (size_t k = 0; k < ARRAY_SIZE(rising); k++) {
            int order = version_compare(rising[i], rising[k]);
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
        }
    assert_int_equal(version_compare("14.7", "v14.7.0"), 0);
    assert_int_equal(version_compare("v16.5.0+build", "16.5"), 0);
}

static void ranges(void **state)
{
    static const struct {
        const char *range, *component, *version;
        bool in;
    } cases[] = {
        {"agentk >= 13.9", "agentk", "13.9.0", true},
        {"agentk >= 13.9", "agentk", "v13.8.9", false},
        {"agentk >= 13.9", "kas", "14.0", false},
        {"agentk >= 13.9", NULL, "14.0", true},
        {">= 13.9", "kas", "14.0", true},
        {"agentk >= 13.9, < 16", "agentk", "15.11.0", true},
        {"agentk >= 13.9, < 16", "agentk", "16.0.0", false},
        {"agentk >=13.9 <16", "agentk", "16.1", false},
        {"14.1 - 14.7", NULL, "14.7.3", true},
        {"14.1 - 14.7", NULL, "14.8", false},
        {"14.1 - 14.7", NULL, "14.0.9", false},
        {"<= 14.7", NULL, "14.7.3", true},
        {"> 14.7", NULL, "14.7.3", false},
        {"> 14.7", NULL, "14.8", true},
        {"14.7", NULL, "14.7.1", true},
        {"= 14.7.0", NULL, "14.7.1", false},
        {"14", NULL, "14.10.2", true},
        {">=16.4 || head", NULL, "head", true},
        {"< 16 || head", NULL, "head", true},
        {"< 16", NULL, "head", false},
        {">= 16", NULL, "head", true},
        {"head", NULL, "16.5", false},
        {">= 16.0", NULL, "16.0.0-rc1", true},
        {">= 16.0.0", NULL, "16.0.0-rc1", false},
        {"agentk", "agentk", "1.0", true},
        {"agentk", "kas", "1.0", false},
        {"kas < 15 || agentk >= 16", "agentk", "16.1", true},
        {"*", "x", "1", true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        bool in = !cases[i].in;
        assert_int_equal(version_in(cases[i].range, cases[i].component, cases[i].version, &in), 0);
        if (in != cases[i].in)
            fail_msg("%s in «%s» should be %d", cases[i].version, cases[i].range, cases[i].in);
    }
}

static void what_is_no_range(void **state)
{
    static const char *const cases[] = {"",       "agentk =>14", ">= ",       "14.1 -",      "14.1 - x", "|| 14",
                                        "14 ||",  "14,",         ">= 14 | 15", "agentk agentk", "1.2.",    "14..1",
                                        "<> 14",  ", 14",        "14.1-14.7 x"};
    bool in;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (version_in(cases[i], NULL, "14.7", &in) == 0)
            fail_msg("«%s» should be no range", cases[i]);
    assert_true(version_in(">= 14", NULL, "unknown", &in) < 0);
    assert_true(version_in(">= 14", NULL, "", &in) < 0);
}

static void components_are_named(void **state)
{
    assert_true(version_range_names("kas", "kas"));
    assert_true(version_range_names("agentk < 14 || kas >= 15, < 16", "kas"));
    assert_false(version_range_names(">= 14", "kas"));
    assert_false(version_range_names("kas2 >= 14", "kas"));
    assert_false(version_range_names("agentk 14.7, kas", "kas"));
    assert_false(version_range_names("", "kas"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_have_an_order),
        cmocka_unit_test(ranges),
        cmocka_unit_test(what_is_no_range),
        cmocka_unit_test(components_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
