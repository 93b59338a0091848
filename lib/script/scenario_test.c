/* Whole files: every mistake is told at its place, and rows are what they should be. */
#include "lib/script/scenario.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/buf.h"
#include "lib/script/script_test.h"

static json_t *schema_load(void)
{
    json_error_t e;
    json_t *schema = json_load_file(SCENARIO_SCHEMA, 0, &e);
    if (!schema)
        fail_msg("%s:%d: %s", SCENARIO_SCHEMA, e.line, e.text);
    return schema;
}

static struct scenario *load(const char *file, char **ret_said)
{
    _cleanup_(freep) char *path = xasprintf("%s/%s", SCRIPT_TESTDATA, file);
    json_t *schema = schema_load();
    struct problems *p = problems_new();
    struct scenario *s = scenario_load(path, schema, p);
    *ret_said = problems_text(p);
    problems_free(p);
    json_decref(schema);
    return s;
}

static struct scenario *load_ok(const char *file)
{
    char *said;
    struct scenario *s = load(file, &said);
    assert_string_equal(said, "");
    assert_non_null(s);
    free(said);
    return s;
}

/* ---- broken files ------------------------------------------------------------------------------------------ */

/* The first line: "# expect 7:5 text … text". */
static char *expectation(const char *path)
{
    char line[512] = "";
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof(line), f));
    fclose(f);
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "# expect ", 9) != 0)
        fail_msg("%s: the first line says nothing of what is expected", path);
    return xstrdup(line + 9);
}

/* All fragments, which stand between " … ", one after the other. */
static bool has_fragments(const char *said, const char *fragments)
{
    for (;;) {
        const char *gap = strstr(fragments, " … ");
        _cleanup_(freep) char *one = gap ? xstrndup(fragments, (size_t)(gap - fragments)) : xstrdup(fragments);
        said = strstr(said, one);
        if (!said || !gap)
            return said != NULL;
        said += strlen(one);
        fragments = gap + strlen(" … ");
    }
}

static void check_broken(const char *folder, const char *name)
{
    _cleanup_(freep) char *file = xasprintf("%s/%s", folder, name), *path = xasprintf("%s/%s", SCRIPT_TESTDATA, file);
    _cleanup_(freep) char *expected = expectation(path), *said = NULL;
    char *fragments = strchr(expected, ' ');
    assert_non_null(fragments);
    *fragments++ = '\0';
    struct scenario *s = load(file, &said);
    assert_null(s);
    _cleanup_(freep) char *start = xasprintf("%s:%s: ", path, expected);
    if (strncmp(said, start, strlen(start)) != 0 || !has_fragments(said, fragments))
        fail_msg("%s\n  expected %s: %s\n  said     %s", name, expected, fragments, said);
    /* One mistake, one line. */
    if (strchr(said, '\n') != said + strlen(said) - 1)
        fail_msg("%s: more than one problem for one mistake:\n%s", name, said);
}

static int ends_yaml(const struct dirent *d)
{
    const char *dot = strrchr(d->d_name, '.');
    return dot && strcmp(dot, ".yaml") == 0;
}

static size_t check_folder(const char *folder)
{
    _cleanup_(freep) char *path = xasprintf("%s/%s", SCRIPT_TESTDATA, folder);
    struct dirent **list;
    int n = scandir(path, &list, ends_yaml, alphasort);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        check_broken(folder, list[i]->d_name);
        free(list[i]);
    }
    free(list);
    return (size_t)n;
}

static void every_mistake_is_told_at_its_place(void **state)
{
    assert_true(check_folder("broken") >= 32);
    check_folder("broken/scenarios/area");
}

static void all_mistakes_are_told_at_once(void **state)
{
    static const char text[] = "scenario: a/b\ntitle: t\ntransprots: [ws]\nexpect: { within: 5 }\n";
    json_t *schema = schema_load();
    struct problems *p = problems_new();
    assert_null(scenario_load_text("x.yaml", text, strlen(text), schema, p));
    assert_int_equal(problems_count(p), 3);
    problems_free(p);
    json_decref(schema);
}

/* ---- good ones --------------------------------------------------------------------------------------------- */

static void what_list_prints(void **state)
{
    struct scenario *s = load_ok("valid/scenarios/area/whole.yaml");
    json_t *j = scenario_json(s);
    json_object_del(j, "documented");
    json_object_del(j, "file");
    assert_json(j, "{'id': 'area/whole', 'title': 'Every key of the language',"
                   " 'versions': 'agentk 13.6 - 14.7 || agentk >= 15', 'transports': ['ws', 'wss', 'grpc'],"
                   " 'layers': ['tcp', 'tls', 'http', 'http2', 'grpc', 'dns', 'service', 'agent'],"
                   " 'cures': [{'name': 'none-wrong', 'says': 'do it right'}],"
                   " 'tags': ['smoke', 'tcp', 'tls', 'http', 'http2', 'grpc', 'dns', 'service', 'agent'],"
                   " 'values': null}");
    scenario_free(s);
}

/* The page's example must stay a scenario. */
static void the_documentation_tells_the_truth(void **state)
{
    FILE *f = fopen(SCENARIO_PAGE, "re");
    assert_non_null(f);
    struct buf b = BUF_NULL;
    buf_added(&b, fread(buf_reserve(&b, 100000), 1, 99999, f));
    fclose(f);
    _cleanup_(freep) char *page = xmemdup(buf_data(&b), buf_len(&b));
    buf_done(&b);
    const char *start = strstr(page, "```yaml\n");
    assert_non_null(start);
    start += strlen("```yaml\n");
    const char *end = strstr(start, "```");
    assert_non_null(end);

    json_t *schema = schema_load();
    struct problems *p = problems_new();
    struct scenario *s = scenario_load_text("scenarios/kas-address/no-trailing-slash.yaml", start,
                                            (size_t)(end - start), schema, p);
    _cleanup_(freep) char *said = problems_text(p);
    assert_string_equal(said, "");
    problems_free(p);
    json_decref(schema);
    scenario_free(s);
}

static void versions_decide(void **state)
{
    struct scenario *s = load_ok("valid/scenarios/area/whole.yaml");
    bool in = true;
    assert_int_equal(scenario_applies(s, "agentk", "14.9.1", &in), 0);
    assert_false(in);
    assert_int_equal(scenario_applies(s, "agentk", "14.7.1", &in), 0);
    assert_true(in);
    assert_int_equal(scenario_applies(s, "kas", "16.0", &in), 0);
    assert_false(in);
    assert_true(scenario_applies(s, "agentk", "what", &in) < 0);
    scenario_free(s);
    s = load_ok("valid/scenarios/area/least.yaml");
    assert_int_equal(scenario_applies(s, "agentk", "head", &in), 0);
    assert_true(in);
    assert_int_equal(json_array_size(scenario_transports(s)), 4);
    assert_int_equal(json_array_size(scenario_cures(s)), 0);
    scenario_free(s);
}

static json_t *row(struct scenario *s, const char *version, const char *transport, const char *cure)
{
    char *err = NULL;
    json_t *vars = js("{'token': 'secret'}");
    json_t *r = scenario_row(s, "agentk", version, transport, cure, vars, &err);
    if (!r)
        fail_msg("%s", err);
    json_decref(vars);
    return r;
}

static void assert_part(const json_t *row, const char *key, const char *inner, const char *expected)
{
    json_t *v = json_object_get(json_object_get(row, key), inner);
    if (!v)
        fail_msg("%s.%s is missing", key, inner);
    assert_json(json_incref(v), expected);
}

static void variants_and_templates(void **state)
{
    struct scenario *s = load_ok("valid/scenarios/area/whole.yaml");
    json_t *r = row(s, "14.7", "ws", NULL);
    assert_part(r, "agent", "address", "'ws://gitlab.host.tld:8080/'");
    assert_part(r, "agent", "env", "{'A': 'b', 'C': 1, 'TOKEN': 'secret'}");
    assert_part(r, "agent", "args", "['--log={raw}', '--ip=10.60.1.1']");
    assert_part(r, "kas", "version", "'13.12'");
    assert_part(r, "expect", "within", "'40s'");
    assert_part(r, "expect", "log", "[{'level': 'error', 'error': {'has': '8080'}, 'count': {'at_least': 2}}]");
    assert_part(r, "expect", "schedule", "[{'of': {'event': 'tcp.accept'}, 'from': 2,"
                                         " 'gaps': [['1s', '3s'], ['1500ms', '5s']]}]");
    assert_part(r, "documented", "says", "'some {words} with braces'");
    assert_part(r, "row", "port", "8080");
    assert_int_equal(json_array_size(json_object_get(r, "faults")), 4);
    assert_null(json_object_get(r, "variants"));
    assert_null(json_object_get(r, "cures"));
    json_decref(r);

    r = row(s, "16.5", "wss", NULL);
    assert_part(r, "agent", "trust", "'flag'");
    assert_part(r, "agent", "env", "{'C': 1, 'TOKEN': 'secret'}");
    assert_part(r, "kas", "version", "'14.7'");
    assert_part(r, "expect", "log", "[]");
    assert_part(r, "kas", "faults", "[{'at': 'tls.hello', 'do': 'reset'}]");
    assert_int_equal(json_array_size(json_object_get(r, "faults")), 2);
    json_decref(r);

    r = row(s, "13.6.1", "grpc", NULL);
    assert_part(r, "expect", "log", "[{'exactly': '{\\'level\\':\\'error\\',\\'a\\':{\\'b\\':1}}'}]");
    assert_part(r, "agent", "address", "'grpc://gitlab.host.tld:8150/'");
    json_decref(r);
    scenario_free(s);
}

static void a_cure_replaces_what_is_expected(void **state)
{
    struct scenario *s = load_ok("valid/scenarios/area/whole.yaml");
    json_t *r = row(s, "14.7", "ws", "none-wrong");
    assert_json(json_deep_copy(json_object_get(r, "expect")), "{'healthy': true, 'within': '20s'}");
    assert_part(r, "kas", "faults", "[]");
    assert_part(r, "kas", "version", "'13.12'");
    assert_null(json_object_get(json_object_get(r, "kas"), "certificate"));
    assert_json(json_deep_copy(json_object_get(r, "dns")), "{}");
    assert_json(json_deep_copy(json_object_get(r, "then")), "[]");
    assert_json(json_deep_copy(json_object_get(r, "faults")), "[]");
    assert_part(r, "row", "cure", "'none-wrong'");
    json_decref(r);
    scenario_free(s);
}

static void defaults_are_written_out(void **state)
{
    struct scenario *s = load_ok("valid/scenarios/area/least.yaml");
    json_t *r = row(s, "head", "grpcs", NULL);
    assert_json(json_deep_copy(json_object_get(r, "agent")),
                "{'address': 'grpcs://gitlab-kas.gitlab:8150', 'trust': 'system', 'kube': 'absent'}");
    assert_json(json_deep_copy(json_object_get(r, "expect")), "{'healthy': true, 'within': '20s'}");
    assert_json(json_deep_copy(json_object_get(r, "row")),
                "{'component': 'agentk', 'version': 'head', 'transport': 'grpcs', 'cure': null, 'port': 8150}");
    assert_string_equal(json_string_value(json_object_get(r, "without_faults")), "passes");
    json_decref(r);
    r = row(s, "head", "ws", NULL);
    assert_part(r, "agent", "trust", "'none'");
    json_decref(r);
    scenario_free(s);
}

static void a_row_that_there_is_not(void **state)
{
    struct scenario *s = load_ok("valid/scenarios/area/whole.yaml");
    static const char *const cases[][4] = {
        {"14.7", "grpcs", NULL, "does not run on \"grpcs\""},
        {"14.7", "ws", "magic", "has no cure \"magic\""},
        {"what", "ws", NULL, "\"what\" is no version of agentk"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *err = NULL;
        assert_null(scenario_row(s, "agentk", cases[i][0], cases[i][1], cases[i][2], NULL, &err));
        assert_non_null(strstr(err, cases[i][3]));
        free(err);
    }
    scenario_free(s);
}

/* ---- the matrix -------------------------------------------------------------------------------------------- */

static size_t load_all(const char *file, struct scenario ***ret)
{
    _cleanup_(freep) char *path = xasprintf("%s/%s", SCRIPT_TESTDATA, file);
    json_t *schema = schema_load();
    struct problems *p = problems_new();
    size_t n = scenario_load_all(path, schema, p, ret);
    _cleanup_(freep) char *said = problems_text(p);
    assert_string_equal(said, "");
    problems_free(p);
    json_decref(schema);
    return n;
}

static void free_all(struct scenario **all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        scenario_free(all[i]);
    free(all);
}

static void each_combination_is_an_entry(void **state)
{
    struct scenario **all;
    size_t n = load_all("valid/scenarios/area/matrix.yaml", &all);
    static const char *const ids[] = {"area/matrix:CANCELLED:grpc.request", "area/matrix:CANCELLED:grpc.message",
                                      "area/matrix:UNKNOWN:grpc.request", "area/matrix:UNKNOWN:grpc.message"};
    assert_int_equal(n, ARRAY_SIZE(ids));
    for (size_t i = 0; i < n; i++)
        assert_string_equal(scenario_id(all[i]), ids[i]);
    assert_string_equal(scenario_title(all[3]), "A call ends with UNKNOWN");
    assert_int_equal(json_array_size(scenario_cures(all[0])), 0);
    assert_int_equal(json_array_size(scenario_cures(all[3])), 1);
    json_t *r = row(all[0], "14.7", "grpc", NULL);
    assert_part(r, "kas", "faults", "[{'at': 'grpc.request', 'do': {'status': {'code': 'CANCELLED', 'message':"
                                    " '{\\'name\\':\\'CANCELLED\\',\\'number\\':1} is {number}} 1'}}}]");
    assert_part(r, "expect", "log", "[{'error': {'has': 'code 1'}}]");
    assert_part(r, "expect", "within", "'15s'");
    json_decref(r);
    r = row(all[3], "14.7", "grpc", NULL);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(json_object_get(r, "faults"), 1), "times")), 2);
    assert_part(r, "expect", "log", "[{'error': {'has': 'code 2'}}, {'level': 'warn'}]");
    assert_part(r, "expect", "within", "'30s'");
    json_decref(r);
    free_all(all, n);
}

static void each_row_of_a_table_is_an_entry(void **state)
{
    struct scenario **all;
    size_t n = load_all("valid/scenarios/area/table.yaml", &all);
    assert_int_equal(n, 2);
    assert_string_equal(scenario_id(all[0]), "area/table:1");
    assert_string_equal(scenario_id(all[1]), "area/table:2");
    json_t *r = row(all[0], "14.7", "ws", NULL);
    assert_part(r, "agent", "args", "['--a', '--b']");
    assert_part(r, "agent", "env", "{'S': 'ws', 'C': 1, 'N': 'CANCELLED'}");
    json_decref(r);
    r = row(all[1], "14.7", "ws", NULL);
    assert_part(r, "agent", "env", "{'S': 'x', 'C': -2, 'N': 'none at 80'}");
    json_decref(r);
    free_all(all, n);
}

/* ---- a KAS under test ------------------------------------------------------------------------------------------- */

static bool applies_to(const struct scenario *s, const char *component, const char *version)
{
    bool in = false;
    assert_int_equal(scenario_applies(s, component, version, &in), 0);
    return in;
}

static void a_kas_must_be_named(void **state)
{
    struct scenario *kas = load_ok("valid/scenarios/kas/two.yaml");
    struct scenario *all = load_ok("valid/scenarios/area/least.yaml");
    assert_true(applies_to(kas, "kas", "16.5"));
    assert_false(applies_to(kas, "kas", "14.1"));
    assert_false(applies_to(kas, "agentk", "16.5"));
    assert_true(applies_to(all, "agentk", "16.5"));
    assert_false(applies_to(all, "kas", "16.5"));
    assert_string_equal(scenario_about(kas), "kas");
    assert_string_equal(scenario_about(all), "agentk");
    scenario_free(kas);
    scenario_free(all);
}

static void versions_of_two(void **state)
{
    struct scenario *s = load_ok("valid/scenarios/kas/two.yaml");
    char *err = NULL;
    json_t *vars = js("{'agent_version': '13.12.2', 'job_token': 'j'}");
    json_t *r = scenario_row(s, "kas", "16.5", "grpcs", NULL, vars, &err);
    assert_non_null(r);
    assert_json(json_deep_copy(json_object_get(json_object_get(r, "expect"), "log")),
                "[{'msg': 'of KAS'}, {'who': 'agent', 'msg': 'of an old agent'}]");
    assert_part(r, "agent", "address", "'grpcs://gitlab-kas.gitlab:8150'");
    assert_part(r, "agent", "trust", "'flag'");
    assert_json(json_deep_copy(json_object_get(r, "faults")), "[]"); /* each part has its own */
    assert_part(r, "gitaly", "faults", "[{'at': 'grpc.request', 'do': {'status': {'code': 16}}}]");
    assert_part(r, "user", "requests", "[{'path': '/api', 'headers': {'authorization': 'Bearer ci:1:j'}}]");
    assert_string_equal(json_string_value(json_object_get(r, "without_faults")), "fails");
    json_decref(r);
    json_decref(vars);
    scenario_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_is_told_at_its_place),
        cmocka_unit_test(all_mistakes_are_told_at_once),
        cmocka_unit_test(what_list_prints),
        cmocka_unit_test(the_documentation_tells_the_truth),
        cmocka_unit_test(versions_decide),
        cmocka_unit_test(variants_and_templates),
        cmocka_unit_test(a_cure_replaces_what_is_expected),
        cmocka_unit_test(defaults_are_written_out),
        cmocka_unit_test(a_row_that_there_is_not),
        cmocka_unit_test(each_combination_is_an_entry),
        cmocka_unit_test(each_row_of_a_table_is_an_entry),
        cmocka_unit_test(a_kas_must_be_named),
        cmocka_unit_test(versions_of_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
