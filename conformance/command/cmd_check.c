/* conform check: is a scenario well written? */
#include <stdio.h>

#include "conformance/command/commands.h"
#include "conformance/judge/known.h"
#include "conformance/suite.h"
#include "lib/base/mem.h"

static void check_files(const struct options *o, const json_t *schema, struct problems *p)
{
    for (size_t i = 0; i < o->patterns.n; i++) {
        size_t before = problems_count(p);
        struct scenario *s = scenario_load(o->patterns.items[i], schema, p);
        if (s && !o->json && problems_count(p) == before)
            printf("%s: ok\n", o->patterns.items[i]);
        scenario_free(s);
    }
}

static int check_named(const struct options *o)
{
    struct problems *p = problems_new();
    json_t *schema = schema_load(o->fixtures), *list;
    _cleanup_(freep) char *text = NULL;
    int code;

    if (!schema) {
        problems_free(p);
        return EXIT_HARNESS;
    }
    check_files(o, schema, p);
    text = problems_text(p);
    list = problems_json(p);
    if (o->json) {
        json_dumpf(list, stdout, JSON_INDENT(1));
        putchar('\n');
    } else if (*text) {
        fputs(text, stderr);
    }
    code = problems_count(p) ? EXIT_NOT_AS_EXPECTED : EXIT_AS_EXPECTED;
    json_decref(list);
    json_decref(schema);
    problems_free(p);
    return code;
}

/* Without files: all that `run` would read. */
static int check_all(const struct options *o)
{
    struct suite s = {0};
    struct known *k = known_load(o->fixtures);
    int e = suite_load(&s, o->fixtures);

    if (!e && k)
        printf("%zu scenarios: ok\n", s.n_scenarios);
    suite_done(&s);
    e = e || !k;
    known_free(k);
    return e ? EXIT_NOT_AS_EXPECTED : EXIT_AS_EXPECTED;
}

int cmd_check(int argc, char **argv)
{
    struct options o;
    int e = options_parse(&o, "check", argc, argv), code = e > 0 ? EXIT_AS_EXPECTED : EXIT_USAGE;

    if (e == 0)
        code = o.patterns.n ? check_named(&o) : check_all(&o);
    options_done(&o);
    return code;
}
