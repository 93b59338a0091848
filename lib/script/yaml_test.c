/* Values, places, and everything that a scenario's author may not write. */
#include "lib/script/script_test.h"
#include "lib/script/yaml.h"

static struct yaml_doc *read_ok(const char *text)
{
    struct problems *p = problems_new();
    struct yaml_doc *d = yaml_read_text("t.yaml", text, strlen(text), p);
    _cleanup_(freep) char *said = problems_text(p);
    assert_string_equal(said, "");
    assert_non_null(d);
    problems_free(p);
    return d;
}

static void assert_refused(const char *text, size_t len, const char *expected)
{
    struct problems *p = problems_new();
    assert_null(yaml_read_text("t.yaml", text, len, p));
    _cleanup_(freep) char *said = problems_text(p);
    if (strstr(said, expected) == NULL)
        fail_msg("expected «%s» in «%s»", expected, said);
    problems_free(p);
}

static void assert_value(const char *text, const char *expected)
{
    struct yaml_doc *d = read_ok(text);
    assert_json(json_incref(yaml_root(d)), expected);
    yaml_done(d);
}

static void scalars_follow_the_core_schema(void **state)
{
    assert_value("a: 1\nb: -0x1F\n", "{'a': 1, 'b': '-0x1F'}");
    assert_value("[0x1F, 0o17, +5, 007, 1.5, 1e3, .5, '1', \"1\"]", "[31, 15, 5, 7, 1.5, 1000.0, 0.5, '1', '1']");
    assert_value("[true, False, yes, no, on, null, ~, Null, '']", "[true, false, 'yes', 'no', 'on', null, null, null, '']");
    assert_value("[1.2.3, 14.1 - 14.7, 10.60.0.10, 1_000, 15s]", "['1.2.3', '14.1 - 14.7', '10.60.0.10', '1_000', '15s']");
    assert_value("a:\nb: |\n  x\n  y\n", "{'a': null, 'b': 'x\\ny\\n'}");
    assert_value("{on: 1, 5: x}", "{'on': 1, '5': 'x'}");
}

static void bytes_survive(void **state)
{
    struct yaml_doc *d = read_ok("a: \"x\\0y\\xff\"\n");
    const json_t *a = json_object_get(yaml_root(d), "a");
    assert_int_equal(json_string_length(a), 5); /* U+00FF is two bytes */
    assert_memory_equal(json_string_value(a), "x\0y\xc3\xbf", 5);
    yaml_done(d);
}

static void assert_at(struct place p, int line, int column)
{
    assert_int_equal(p.line, line);
    assert_int_equal(p.column, column);
    assert_string_equal(p.file, "t.yaml");
}

static void everything_knows_its_place(void **state)
{
    struct yaml_doc *d = read_ok("# a comment\na:\n  b: true\n  c: [x, null,\n      {d: 1}]\n");
    json_t *a = json_object_get(yaml_root(d), "a"), *c = json_object_get(a, "c");
    assert_at(yaml_place(d, yaml_root(d)), 2, 1);
    assert_at(yaml_key_place(d, yaml_root(d), "a"), 2, 1);
    assert_at(yaml_place(d, a), 3, 3);
    assert_at(yaml_member_place(d, a, "b"), 3, 6); /* true is one value for all documents */
    assert_at(yaml_place(d, c), 4, 6);
    assert_at(yaml_item_place(d, c, 1), 4, 10);
    assert_at(yaml_key_place(d, json_array_get(c, 2), "d"), 5, 8);
    assert_at(yaml_place(d, json_true()), 0, 0);
    yaml_done(d);
}

static void what_is_refused(void **state)
{
    static const char *const cases[][2] = {
        {"a: 1\na: 2\n", "t.yaml:2:1: the key \"a\" stands here twice, first in line 1"},
        {"a: &x 1\n", "t.yaml:1:4: the anchor &x"},
        {"a: *x\n", "t.yaml:1:4: "},
        {"<<: {a: 1}\n", "t.yaml:1:1: the merge key"},
        {"a: !!str 1\n", "t.yaml:1:4: the tag"},
        {"[a]: 1\n", "t.yaml:1:1: a key that is no text"},
        {"a: 99999999999999999999", "t.yaml:1:4: this number needs more than 64 bits"},
        {"a: .nan", "t.yaml:1:4: infinity"},
        {"a: 1e999", "t.yaml:1:4: this number is too large"},
        {"", "t.yaml:1:1: nothing stands here"},
        {"# only a comment\n", "nothing stands here"},
        {"a: 1\n---\nb: 1\n", "t.yaml:2:1: a second document"},
        {"a:\n\tb: 1\n", "t.yaml:2:1: a tab where YAML wants spaces"},
        {"a: [1, 2\n", "no YAML: "},
        {"a: \xff\n", "expected UTF-8 text"},
        {"\"a\\0b\": 1\n", "a key that holds a NUL"},
        {"a: \"\\ud800\"", "no YAML: "},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_refused(cases[i][0], strlen(cases[i][0]), cases[i][1]);
}

static void depth_is_bounded(void **state)
{
    char deep[5000];
    memset(deep, '[', sizeof(deep));
    assert_refused(deep, sizeof(deep), "nested deeper than 64 levels");
}

static void a_missing_file_is_told(void **state)
{
    struct problems *p = problems_new();
    assert_null(yaml_read_file("/nowhere/x.yaml", p));
    _cleanup_(freep) char *said = problems_text(p);
    assert_string_equal(said, "/nowhere/x.yaml: cannot be opened: No such file or directory\n");
    problems_free(p);
}

static void problems_are_told_from_top_to_bottom(void **state)
{
    struct problems *p = problems_new();
    problem_add(p, (struct place){"f", 7, 1}, "second");
    problem_add(p, (struct place){"f", 2, 9}, "first");
    problem_add(p, (struct place){"f", 7, 2}, "third");
    _cleanup_(freep) char *said = problems_text(p);
    assert_string_equal(said, "f:2:9: first\nf:7:1: second\nf:7:2: third\n");
    for (int i = 0; i < 200; i++)
        problem_add(p, (struct place){"f", 9, i}, "more");
    assert_int_equal(problems_count(p), 203);
    json_t *list = problems_json(p);
    assert_int_equal(json_array_size(list), 100);
    assert_json(json_incref(json_array_get(list, 0)), "{'file': 'f', 'line': 2, 'column': 9, 'message': 'first'}");
    json_decref(list);
    problems_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_follow_the_core_schema),
        cmocka_unit_test(bytes_survive),
        cmocka_unit_test(everything_knows_its_place),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(a_missing_file_is_told),
        cmocka_unit_test(problems_are_told_from_top_to_bottom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
