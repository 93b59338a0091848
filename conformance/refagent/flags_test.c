/* The command line, and what cobra says of a wrong one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/refagent/flags.h"
#include "lib/base/mem.h"

#define ARGS(...)                                                                                           \
    (char *[]){(char *)"refagent", __VA_ARGS__},                                                            \
        (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)) + 1

static void good(char **argv, int argc, struct flags *f)
{
    *f = (struct flags){0};
    assert_null(flags_parse(argc, argv, f));
}

static void bad(char **argv, int argc, const char *want)
{
    struct flags f = {0};
    char *got = flags_parse(argc, argv, &f);
    assert_non_null(got);
    assert_string_equal(got, want);
    free(got);
}

static void takes_both_forms(void **state)
{
    (void)state;
    struct flags f;
    good(ARGS("--kas-address=ws://x", "--token-file", "/t", "-n", "ns", "-nother", "-n=third"), &f);
    assert_string_equal(f.kas_address, "ws://x");
    assert_string_equal(f.token_file, "/t");
    assert_null(flags_check(&f));
    good(ARGS("--kas-address", "--token-file", "--insecure-skip-tls-verify=false"), &f);
    assert_string_equal(f.kas_address, "--token-file"); /* the next argument, whatever it is */
    good(ARGS("-hv"), &f);
    assert_true(f.help && f.version);
    good(ARGS("--as-group", "a", "--as-group", "b", "-s", "http://k"), &f);
    assert_string_equal(f.server, "http://k");
}

static void says_what_cobra_says(void **state)
{
    (void)state;
    bad(ARGS("--bogus=1"), "unknown flag: --bogus");
    bad(ARGS("--kas-address"), "flag needs an argument: --kas-address");
    bad(ARGS("-n"), "flag needs an argument: 'n' in -n");
    bad(ARGS("-vx"), "unknown shorthand flag: 'x' in -x");
    bad(ARGS("--=x"), "bad flag syntax: --=x");
    bad(ARGS("---"), "bad flag syntax: ---");
    bad(ARGS("serve"), "unknown command \"serve\" for \"agentk\"");
    bad(ARGS("--help=foo"), "invalid argument \"foo\" for \"-h, --help\" flag: strconv.ParseBool: parsing "
                            "\"foo\": invalid syntax");
    bad(ARGS("--insecure-skip-tls-verify=foo"),
        "invalid argument \"foo\" for \"--insecure-skip-tls-verify\" flag: strconv.ParseBool: parsing "
        "\"foo\": "
        "invalid syntax");
}

static void misses_flags(void **state)
{
    (void)state;
    static const struct {
        struct flags f;
        const char *want;
    } table[] = {
        {{0}, "required flag(s) \"kas-address\", \"token-file\" not set"},
        {{.kas_address = "x"}, "required flag(s) \"token-file\" not set"},
        {{.token_file = "x"}, "required flag(s) \"kas-address\" not set"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        char *got = flags_check(&table[i].f);
        assert_non_null(got);
        assert_string_equal(got, table[i].want);
        free(got);
    }
}

static void knows_its_mutants(void **state)
{
    (void)state;
    assert_int_equal(mutant_from_name("no-token"), M_NO_TOKEN);
    assert_int_equal(mutant_from_name("no-such-mutant"), M_MAX);
    assert_true(M_MAX > 22);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_both_forms),
        cmocka_unit_test(says_what_cobra_says),
        cmocka_unit_test(misses_flags),
        cmocka_unit_test(knows_its_mutants),
    };
    return cmocka_run_group_tests_name("flags", tests, NULL, NULL);
}
