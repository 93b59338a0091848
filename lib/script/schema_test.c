/* The walker on small schemas: every keyword, and the choice of the branch to blame. */
#include "lib/script/schema.h"

#include "lib/script/script_test.h"

static void assert_said(const char *schema, const char *yaml, const char *expected)
{
    json_t *s = js(schema);
    struct problems *p = problems_new();
    struct yaml_doc *d = yaml_read_text("t", yaml, strlen(yaml), p);
    assert_non_null(d);
    schema_check(s, d, p);
    _cleanup_(freep) char *said = problems_text(p);
    if (strcmp(said, expected) != 0)
        fail_msg("schema %s\nyaml     %s\nexpected %s\nsaid     %s", schema, yaml, expected, said);
    problems_free(p);
    yaml_done(d);
    json_decref(s);
}

static void keywords(void **state)
{
    static const char *const cases[][3] = {
        {"{'type': 'string'}", "x", ""},
        {"{'type': 'string', 'description': 'a name. More of it'}", "5",
         "t:1:1: the number 5 stands where a text belongs; expected a name\n"},
        {"{'type': ['string', 'null']}", "~", ""},
        {"{'type': ['string', 'integer', 'null']}", "[]", "t:1:1: a list stands where a text or a whole number belongs\n"},
        {"{'type': 'integer'}", "1.5", "t:1:1: the number 1.5 stands where a whole number belongs\n"},
        {"{'type': 'number'}", "1", ""},
        {"{'type': 'boolean'}", "yes", "t:1:1: the text \"yes\" stands where true or false belongs\n"},
        {"{'enum': ['red', 'green']}", "gren",
         "t:1:1: \"gren\" is not known here; expected one of red, green; did you mean \"green\"?\n"},
        {"{'const': 5}", "6", "t:1:1: 6 is not known here; expected 5\n"},
        {"{'pattern': '^a+$', 'description': 'letters a'}", "ab",
         "t:1:1: \"ab\" does not fit here; expected letters a\n"},
        {"{'format': 'duration'}", "5 s", "t:1:1: \"5 s\" is no duration\n"},
        {"{'format': 'versions'}", "'>>1'", "t:1:1: \">>1\" is no range of versions\n"},
        {"{'minimum': 1, 'maximum': 5}", "7", "t:1:1: 7 is too large, 5 is the most\n"},
        {"{'minItems': 2, 'description': 'two of them'}", "[1]", "t:1:1: a list of 1; expected two of them\n"},
        {"{'items': {'type': 'integer'}}", "[1, x]", "t:1:5: the text \"x\" stands where a whole number belongs\n"},
        {"{'minProperties': 1}", "{}", "t:1:1: nothing stands in it\n"},
        {"{'additionalProperties': false, 'properties': {'name': {}}}", "nme: 1",
         "t:1:1: unknown key \"nme\"; expected one of name; did you mean \"name\"?\n"},
        {"{'additionalProperties': false}", "a: 1", "t:1:1: unknown key \"a\"; expected no keys here\n"},
        {"{'additionalProperties': {'type': 'integer'}}", "a: x",
         "t:1:4: the text \"x\" stands where a whole number belongs\n"},
        {"{'patternProperties': {'^x': {'type': 'integer'}}, 'additionalProperties': false, 'properties': {'y': {}}}",
         "{x1: 1, y: a, z1: 2}", "t:1:15: unknown key \"z1\"; expected one of y\n"},
        {"{'required': ['a'], 'properties': {'a': {'description': 'an a'}}}", "b: 1",
         "t:1:1: the key \"a\" is missing; expected an a\n"},
        {"{'properties': {'a': {'type': 'string'}}}", "a: true",
         "t:1:4: the word true stands where a text belongs\n"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_said(cases[i][0], cases[i][1], cases[i][2]);
}

static void references(void **state)
{
    assert_said("{'$ref': '#/$defs/n', '$defs': {'n': {'type': 'integer', 'description': 'a count'}}}", "x",
                "t:1:1: the text \"x\" stands where a whole number belongs; expected a count\n");
    assert_said("{'$ref': '#/$defs/none'}", "x", "");
    assert_said("{'$ref': '#/$defs/n', '$defs': {'n': {'$ref': '#/$defs/n'}}}", "x", ""); /* comes back */
    assert_said("{'$ref': '#/$defs/t', '$defs': {'t': {'items': {'$ref': '#/$defs/t'}, 'type': 'array'}}}",
                "[[], [[x]]]", "t:1:8: the text \"x\" stands where a list belongs\n");
}

static void the_nearest_branch_is_told(void **state)
{
    const char *schema = "{'description': 'a verb or a mapping', 'anyOf': [{'enum': ['reset', 'close']},"
                         " {'type': 'object', 'additionalProperties': false,"
                         "  'properties': {'send': {'type': 'string'}}},"
                         " {'type': 'array', 'items': {'type': 'string'}}]}";
    assert_said(schema, "reset", "");
    assert_said(schema, "{send: x}", "");
    assert_said(schema, "rset", "t:1:1: \"rset\" is not known here; expected one of reset, close; did you mean "
                                "\"reset\"?\n");
    assert_said(schema, "{send: 5}", "t:1:8: the number 5 stands where a text belongs\n");
    assert_said(schema, "{snd: 5}", "t:1:2: unknown key \"snd\"; expected one of send; did you mean \"send\"?\n");
    assert_said(schema, "[a, 5]", "t:1:5: the number 5 stands where a text belongs\n");
    assert_said(schema, "5", "t:1:1: 5 does not fit here; expected a verb or a mapping\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keywords),
        cmocka_unit_test(references),
        cmocka_unit_test(the_nearest_branch_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
