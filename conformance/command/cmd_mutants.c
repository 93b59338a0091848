/* conform mutants: the suite against agents that are wrong on purpose. A suite that lets one pass looks at
 * too little. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conformance/command/commands.h"
#include "conformance/report/outcome.h"
#include "conformance/select.h"
#include "conformance/session.h"
#include "lib/base/mem.h"

struct mutant {
    char *name, *patterns, *about; /* owned */
};

struct mutants {
    struct mutant *items;
    size_t n;
};

static void mutants_done(struct mutants *m)
{
    for (size_t i = 0; i < m->n; i++) {
        free(m->items[i].name);
        free(m->items[i].patterns);
        free(m->items[i].about);
    }
    free(m->items);
}

/* `refagent --list-mutants`: NAME<TAB>pattern[,pattern]<TAB>what is wrong with it. */
static int mutants_ask(struct mutants *m, const char *reference, const char *only)
{
    _cleanup_(freep) char *command = xasprintf("'%s' --list-mutants", reference);
    FILE *f = popen(command, "re");
    char *line = NULL;
    size_t cap = 0;

    while (f && getline(&line, &cap, f) > 0) {
        char *rest = line, *name = strsep(&rest, "\t\n"), *patterns = strsep(&rest, "\t\n");
        char *about = strsep(&rest, "\t\n");
        if (!name || !*name || (only && strcmp(name, only) != 0))
            continue;
        m->items = xrealloc(m->items, (m->n + 1) * sizeof(*m->items));
        m->items[m->n++] =
            (struct mutant){xstrdup(name), xstrdup(patterns ? patterns : ""), xstrdup(about ? about : "")};
    }
    free(line);
    if (f && pclose(f) == 0 && m->n)
        return 0;
    fprintf(stderr,
            only && f ? "conform: no such mutant: %s\n"
                      : "conform: the reference agent names no mutants%.0s\n",
            only ? only : "");
    return -ENOENT;
}

/* Without a hint: everything. */
static bool hinted(const struct mutant *m, const char *id, const char *cure)
{
    _cleanup_(freep) char *copy = xstrdup(m->patterns);
    char *rest = copy, *pattern;

    if (!*m->patterns)
        return true;
    while ((pattern = strsep(&rest, ",")))
        if (*pattern && select_fits(pattern, id, cure))
            return true;
    return false;
}

static void rows_of_mutant(struct rows *rows, const struct suite *s, const struct options *o,
                           const struct mutant *m, const struct component *c, int group)
{
    for (size_t i = 0; i < s->n_scenarios; i++) {
        const struct scenario *sc = s->scenarios[i];
        const json_t *transport, *cure;
        bool applies = false;
        size_t k, n;
        if (scenario_applies(sc, c->kind, c->version, &applies) < 0 || !applies)
            continue;
        json_array_foreach(scenario_transports(sc), k, transport)
        {
            const char *t = json_string_value(transport);
            if (hinted(m, scenario_id(sc), NULL) && select_row(o, scenario_id(sc), t, NULL, NULL))
                rows_add(rows, o, sc, c, t, NULL, group);
            json_array_foreach(scenario_cures(sc), n, cure)
            {
                const char *name = json_string_value(json_object_get(cure, "name"));
                /* A plain pattern means the failure; cures only when asked for by @. */
                if (strchr(m->patterns, '@') && hinted(m, scenario_id(sc), name) &&
                    select_row(o, scenario_id(sc), t, name, NULL))
                    rows_add(rows, o, sc, c, t, name, group);
            }
        }
    }
}

static const struct row *caught_by(const struct rows *rows, int group)
{
    for (size_t i = 0; i < rows->n; i++)
        if (rows->items[i]->group == group && rows->items[i]->verdict &&
            strcmp(rows->items[i]->verdict, VERDICT_FAIL) == 0)
            return rows->items[i];
    return NULL;
}

static size_t rows_of_group(const struct rows *rows, int group)
{
    size_t n = 0;

    for (size_t i = 0; i < rows->n; i++)
        n += rows->items[i]->group == group;
    return n;
}

static int report(const struct options *o, const struct mutants *m, const struct rows *rows, const char *out)
{
    _cleanup_(freep) char *path = xasprintf("%s/mutants.json", out);
    json_t *list = json_array();
    size_t missed = 0;

    for (size_t i = 0; i < m->n; i++) {
        const struct row *r = caught_by(rows, (int)i);
        missed += !r;
        json_array_append_new(list, json_pack("{s:s,s:s,s:b,s:s?,s:s?,s:I}", "mutant", m->items[i].name,
                                              "about", m->items[i].about, "caught", r != NULL, "by",
                                              r ? r->name : NULL, "reason", r ? r->reason : NULL, "rows",
                                              (json_int_t)rows_of_group(rows, (int)i)));
        if (o->json)
            continue;
        if (r)
            printf("caught  %-28s by %s over %s: %s\n", m->items[i].name, scenario_id(r->scenario),
                   r->transport, r->reason);
        else
            printf("MISSED  %-28s %s (%zu rows)\n", m->items[i].name, m->items[i].about,
                   rows_of_group(rows, (int)i));
    }
    (void)json_dump_file(list, path, JSON_INDENT(1));
    if (o->json) {
        json_dumpf(list, stdout, JSON_INDENT(1));
        putchar('\n');
    }
    json_decref(list);
    printf("%zu caught, %zu missed\n", m->n - missed, missed);
    return missed ? EXIT_NOT_AS_EXPECTED : EXIT_AS_EXPECTED;
}

static int mutants(const struct options *o, struct suite *s)
{
    _cleanup_(freep) char *reference = path_beside_self("refagent"), *err = NULL;
    struct session session = {0};
    struct mutants m = {0};
    struct rows rows = {0};
    int code = EXIT_HARNESS, e = mutants_ask(&m, reference, o->mutant);

    for (size_t i = 0; !e && i < m.n; i++)
        e = components_add_reference(&s->components, o->fixtures, reference, m.items[i].name, &err);
    if (err)
        fprintf(stderr, "conform: %s\n", err);
    for (size_t i = 0; !e && i < m.n; i++)
        rows_of_mutant(&rows, s, o, &m.items[i], &s->components.items[i], (int)i);
    if (!e && session_open(&session, o, "mutants") == 0) {
        session.rows_shown = o->verbose;
        session.quiet_failures = true;
        (void)session_run(&session, &rows);
        code = report(o, &m, &rows, session.out);
    }
    session_done(&session);
    rows_done(&rows);
    mutants_done(&m);
    return code;
}

int cmd_mutants(int argc, char **argv)
{
    struct options o;
    struct suite s = {0};
    int e = options_parse(&o, "mutants", argc, argv), code = e > 0 ? EXIT_AS_EXPECTED : EXIT_USAGE;

    if (e == 0) {
        o.no_golden = true;
        e = suite_load(&s, o.fixtures);
        code = e ? EXIT_USAGE : mutants(&o, &s);
    }
    suite_done(&s);
    options_done(&o);
    return code;
}
