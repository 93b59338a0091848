/* The table, the schema and the tests that it names agree. */
#include "lib/script/vocabulary.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/buf.h"
#include "lib/script/script_test.h"

static json_t *schema_load(void)
{
    json_error_t e;
    json_t *schema = json_load_file(SOURCE_ROOT "/fixtures/scenario.schema.json", 0, &e);
    if (!schema)
        fail_msg("scenario.schema.json:%d: %s", e.line, e.text);
    return schema;
}

static void the_schema_has_the_moments_of_the_table(void **state)
{
    json_t *schema = schema_load(), *mine = vocabulary_x_moments(), *v;
    const json_t *theirs = json_object_get(schema, "x-moments");
    const char *name;
    json_object_foreach(mine, name, v)
        if (!json_equal(v, json_object_get(theirs, name)))
            fail_msg("x-moments of the schema says something else of %s; cure: tools/vocabulary", name);
    assert_int_equal(json_object_size(mine), json_object_size(theirs));
    json_decref(mine);
    json_decref(schema);
}

static void the_schema_has_the_verbs_of_the_table(void **state)
{
    json_t *schema = schema_load(), *v;
    const json_t *known = json_object_get(json_object_get(json_object_get(schema, "$defs"), "actions"), "properties");
    const char *name;
    size_t n = 0;
    for (const struct vocabulary_verb *w = vocabulary_verbs; w->name; w++, n++)
        if (!json_object_get(known, w->name))
            fail_msg("the schema's $defs/actions says nothing of %s, which the table has", w->name);
    json_object_foreach((json_t *)known, name, v) {
        const struct vocabulary_verb *w = vocabulary_verbs;
        for (; w->name && strcmp(w->name, name) != 0; w++)
            ;
        if (!w->name)
            fail_msg("%s is in the schema's $defs/actions, but not in lib/script/vocabulary.c", name);
    }
    json_decref(schema);
}

static void each_verb_of_a_moment_is_in_the_table_and_has_a_moment(void **state)
{
    json_t *all = vocabulary_json(), *verb, *moment, *word;
    json_t *names = json_object();
    size_t i, k;
    json_array_foreach(json_object_get(all, "verbs"), i, verb) {
        json_object_set_new(names, json_string_value(json_object_get(verb, "name")), json_true());
        if (!json_array_size(json_object_get(verb, "at")))
            fail_msg("no moment knows %s", json_string_value(json_object_get(verb, "name")));
    }
    json_array_foreach(json_object_get(all, "moments"), i, moment)
        json_array_foreach(json_object_get(moment, "verbs"), k, word)
            if (!json_object_get(names, json_string_value(word)))
                fail_msg("%s at %s is no row of the verbs", json_string_value(word),
                         json_string_value(json_object_get(moment, "name")));
    json_decref(names);
    json_decref(all);
}

static bool says(const char *file, const char *word)
{
    _cleanup_(freep) char *path = xasprintf("%s/%s", SOURCE_ROOT, file);
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    struct buf b = BUF_NULL;
    size_t n;
    while ((n = fread(buf_reserve(&b, 65536), 1, 65536, f)) > 0)
        buf_added(&b, n);
    fclose(f);
    bool found = memmem(buf_data(&b), buf_len(&b), word, strlen(word)) != NULL;
    buf_done(&b);
    return found;
}

static void check_test(const char *word, const char *test)
{
    if (!test || !says(test, word))
        fail_msg("%s: %s does not speak of it; expected a test that sees its bytes", word, test ? test : "no test");
}

static void each_word_has_a_wire_test(void **state)
{
    for (const struct vocabulary_moment *m = vocabulary_moments; m->name; m++)
        check_test(m->name, m->test);
    for (const struct vocabulary_verb *v = vocabulary_verbs; v->name; v++)
        check_test(v->name, v->test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schema_has_the_moments_of_the_table),
        cmocka_unit_test(the_schema_has_the_verbs_of_the_table),
        cmocka_unit_test(each_verb_of_a_moment_is_in_the_table_and_has_a_moment),
        cmocka_unit_test(each_word_has_a_wire_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
