#include "lib/script/template.h"

#include "lib/script/schema.h"
#include "lib/script/script_test.h"

static void values_are_put_in(void **state)
{
    static const char *const cases[][2] = {
        {"{scheme}://h:{port}/", "wss://h:443/"},
        {"{{port}", "{port}"},
        {"{nobody} stays", "{nobody} stays"},
        {"{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1}}"},
        {"\\d{3} {yaml,yml} {} {", "\\d{3} {yaml,yml} {} {"},
        {"{scheme", "{scheme"},
        {"", ""},
        {"{list}", "{list}"},
    };
    json_t *vars = js("{'scheme': 'wss', 'port': 443, 'list': []}");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(freep) char *out = template_text(cases[i][0], vars);
        assert_string_equal(out, cases[i][1]);
    }
    json_t *tree = js("{'a': ['{port}', 1, null, {'{port}': '{scheme}'}]}");
    assert_json(template_fill(tree, vars), "{'a': ['443', 1, null, {'{port}': 'wss'}]}");
    json_decref(tree);
    json_decref(vars);
}

static void assert_overlay(const char *base, const char *patch, const char *expected)
{
    json_t *b = js(base), *p = js(patch);
    assert_json(overlay(b, p), expected);
    json_decref(b);
    json_decref(p);
}

/* The cases of RFC 7396, appendix A, that tell the rules apart. */
static void overlays_are_merge_patches(void **state)
{
    assert_overlay("{'a': 'b'}", "{'a': 'c'}", "{'a': 'c'}");
    assert_overlay("{'a': 'b'}", "{'b': 'c'}", "{'a': 'b', 'b': 'c'}");
    assert_overlay("{'a': 'b', 'b': 'c'}", "{'a': null}", "{'b': 'c'}");
    assert_overlay("{'a': ['b']}", "{'a': 'c'}", "{'a': 'c'}");
    assert_overlay("{'a': {'b': 'c'}}", "{'a': {'b': 'd', 'c': null}}", "{'a': {'b': 'd'}}");
    assert_overlay("{'a': [{'b': 'c'}]}", "{'a': [1]}", "{'a': [1]}");
    assert_overlay("{'a': 'foo'}", "null", "null");
    assert_overlay("{'e': null}", "{'a': 1}", "{'e': null, 'a': 1}");
    assert_overlay("[1, 2]", "{'a': 'b', 'c': null}", "{'a': 'b'}");
    assert_overlay("{}", "{'a': {'bb': {'ccc': null}}}", "{'a': {'bb': {}}}");
    assert_overlay("{'kas': {'faults': [1], 'front': 'x'}}", "{'kas': {'faults': []}}",
                   "{'kas': {'faults': [], 'front': 'x'}}");
    /* A null inside a list is a value: "leave this header out" must arrive. */
    assert_overlay("{}", "{'faults': [{'headers': {'date': null}}]}", "{'faults': [{'headers': {'date': null}}]}");
}

static void hints_are_near_or_none(void **state)
{
    static const char *const words[] = {"port", "token", "transport", "version"};
    assert_string_equal(nearest("prot", words, 4), "port");
    assert_string_equal(nearest("Version", words, 4), "version");
    assert_string_equal(nearest("transports", words, 4), "transport");
    assert_null(nearest("xyz", words, 4));
    assert_null(nearest("", words, 4));
    assert_null(nearest("port", words, 0));
    char longer[500];
    memset(longer, 'a', sizeof(longer));
    longer[499] = '\0';
    assert_null(nearest(longer, words, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_put_in),
        cmocka_unit_test(overlays_are_merge_patches),
        cmocka_unit_test(hints_are_near_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
