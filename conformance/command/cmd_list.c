/* conform list: scenarios, or rows. */
#include <stdio.h>
#include <string.h>

#include "conformance/command/commands.h"
#include "conformance/report/list_coverage.h"
#include "conformance/report/list_faults.h"
#include "conformance/report/list_requirements.h"
#include "conformance/select.h"
#include "conformance/suite.h"
#include "lib/base/mem.h"

static bool wanted(const struct options *o, const struct scenario *s)
{
    json_t *about = scenario_json(s);
    bool tagged = select_tagged(about, &o->tags);

    json_decref(about);
    if (!tagged)
        return false;
    for (size_t i = 0; i < o->patterns.n; i++)
        if (select_fits(o->patterns.items[i], scenario_id(s), NULL))
            return true;
    return !o->patterns.n;
}

static void print(json_t *list)
{
    json_dumpf(list, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(list);
}

static void join(const json_t *list, char *out, size_t size)
{
    json_t *one;
    size_t i, used = 0;

    *out = 0;
    json_array_foreach((json_t *)list, i, one)
    {
        int n = snprintf(out + used, size - used, "%s%s", i ? "," : "", json_string_value(one));
        if (n < 0 || (size_t)n >= size - used)
            return;
        used += (size_t)n;
    }
}

static int list_scenarios(const struct suite *s, const struct options *o)
{
    json_t *list = json_array();

    for (size_t i = 0; i < s->n_scenarios; i++) {
        const struct scenario *one = s->scenarios[i];
        char transports[64];
        if (!wanted(o, one))
            continue;
        json_array_append_new(list, scenario_json(one));
        join(scenario_transports(one), transports, sizeof(transports));
        if (!o->json)
            printf("%-44s %-18s %zu cures  %s\n", scenario_id(one), transports,
                   json_array_size(scenario_cures(one)), scenario_title(one));
    }
    if (o->json) {
        print(list);
        return EXIT_AS_EXPECTED;
    }
    printf("%zu scenarios\n", json_array_size(list));
    json_decref(list);
    return EXIT_AS_EXPECTED;
}

static int list_rows(struct suite *s, const struct options *o)
{
    struct rows rows;
    json_t *list;

    if (suite_components(s, o) < 0 || rows_make(&rows, s, o) < 0)
        return EXIT_USAGE;
    list = json_array();
    for (size_t i = 0; i < rows.n; i++) {
        if (o->json)
            json_array_append_new(list, row_json(rows.items[i]));
        else
            puts(rows.items[i]->name);
    }
    if (o->json)
        print(json_incref(list));
    json_decref(list);
    rows_done(&rows);
    return EXIT_AS_EXPECTED;
}

int cmd_list(int argc, char **argv)
{
    struct options o;
    struct suite s = {0};
    int e = options_parse(&o, "list", argc, argv), code = EXIT_USAGE;

    if (e == 0)
        e = suite_load(&s, o.fixtures);
    else
        code = e > 0 ? EXIT_AS_EXPECTED : EXIT_USAGE;
    if (o.faults && s.schema) /* the table stands, whatever is wrong in a scenario */
        code = list_faults(&s, &o);
    else if (e == 0)
        code = o.requirements ? list_requirements(&s, &o)
               : o.coverage   ? list_coverage(&s, &o)
               : o.rows       ? list_rows(&s, &o)
                              : list_scenarios(&s, &o);
    suite_done(&s);
    options_done(&o);
    return code;
}
