/* Loading the suite: scenarios from the fixtures, components from the options. */
#include "conformance/suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <fts.h>

#include "lib/base/mem.h"

json_t *schema_load(const char *fixtures)
{
    _cleanup_(freep) char *path = xasprintf("%s/scenario.schema.json", fixtures);
    json_error_t err;
    json_t *schema = json_load_file(path, 0, &err);

    if (!schema)
        fprintf(stderr, "conform: %s:%d:%d: %s\n", path, err.line, err.column, err.text);
    return schema;
}

static bool is_scenario(const FTSENT *f)
{
    return f->fts_info == FTS_F && f->fts_namelen > 5 &&
           strcmp(f->fts_name + f->fts_namelen - 5, ".yaml") == 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int by_id(const void *a, const void *b)
{
    return strverscmp(scenario_id(*(struct scenario *const *)a), scenario_id(*(struct scenario *const *)b));
}

static void scenarios_load(struct suite *s, const char *fixtures, struct problems *p)
{
    _cleanup_(freep) char *folder = xasprintf("%s/scenarios", fixtures);
    char *const roots[] = {folder, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    FTSENT *f;

    while (tree && (f = fts_read(tree))) {
        struct scenario **all = NULL;
        size_t n = is_scenario(f) ? scenario_load_all(f->fts_path, s->schema, p, &all) : 0;
        if (n) {
            s->scenarios = xrealloc(s->scenarios, (s->n_scenarios + n) * sizeof(struct scenario *));
            memcpy(s->scenarios + s->n_scenarios, all, n * sizeof(struct scenario *));
            s->n_scenarios += n;
        }
        free(all);
    }
    if (tree)
        fts_close(tree);
    if (s->n_scenarios)
        qsort(s->scenarios, s->n_scenarios, sizeof(*s->scenarios), by_id);
}

int suite_load(struct suite *s, const char *fixtures)
{
    struct problems *p = problems_new();
    int e = 0;

    *s = (struct suite){.schema = schema_load(fixtures)};
    if (!s->schema) {
        problems_free(p);
        return -EINVAL;
    }
    scenarios_load(s, fixtures, p);
    if (problems_count(p)) {
        _cleanup_(freep) char *text = problems_text(p);
        fputs(text, stderr);
        e = -EINVAL;
    }
    problems_free(p);
    return e;
}

static int reference_add(struct suite *s, const struct options *o)
{
    _cleanup_(freep) char *path = path_beside_self("refagent");
    _cleanup_(freep) char *err = NULL;
    int e = components_add_reference(&s->components, o->fixtures, path, NULL, &err);

    if (e)
        fprintf(stderr, "conform: reference agent: %s\n", err ? err : strerror(-e));
    return e;
}

static char *agents_folder(const struct options *o)
{
    const char *said = o->agents ? o->agents : getenv("FAKEKAS_AGENTS");

    return said ? xstrdup(said) : xasprintf("%s/agents", getenv("HOME") ? getenv("HOME") : "");
}

static bool any_kas(const struct suite *s)
{
    for (size_t i = 0; i < s->components.n; i++)
        if (strcmp(s->components.items[i].kind, "kas") == 0)
            return true;
    return false;
}

/* Who may stand beside a KAS: the real agents that were named, those in the folder, and the reference agent. */
static int agents_find(struct suite *s, const struct options *o, const char *folder)
{
    _cleanup_(freep) char *path = path_beside_self("refagent");
    _cleanup_(freep) char *err = NULL;
    int e = 0;

    if (!any_kas(s))
        return 0;
    for (size_t i = 0; i < o->suts.n && !e; i++)
        if (strncmp(o->suts.items[i], "agentk=", 7) == 0)
            e = components_add(&s->agents, o->fixtures, o->suts.items[i], &err);
    if (!e && !o->only_reference)
        components_find(&s->agents, o->fixtures, folder, "agentk");
    if (!e)
        e = components_add_reference(&s->agents, o->fixtures, path, NULL, &err);
    if (e)
        fprintf(stderr, "conform: agents beside KAS: %s\n", err ? err : strerror(-e));
    return e;
}

static int components_of(struct suite *s, const struct options *o, const char *folder)
{

    _cleanup_(freep) char *err = NULL;

    for (size_t i = 0; i < o->suts.n; i++) {
        bool reference = strcmp(o->suts.items[i], "refagent") == 0;
        int e = reference ? reference_add(s, o)
                          : components_add(&s->components, o->fixtures, o->suts.items[i], &err);
        if (e < 0) {
            if (err)
                fprintf(stderr, "conform: %s\n", err);
            return e;
        }
    }
    if (o->suts.n)
        return 0;
    if (!o->only_reference)
        components_find(&s->components, o->fixtures, folder, NULL);
    return o->no_reference ? 0 : reference_add(s, o);
}

int suite_components(struct suite *s, const struct options *o)
{
    _cleanup_(freep) char *folder = agents_folder(o);
    int e = components_of(s, o, folder);

    return e ? e : agents_find(s, o, folder);
}

void suite_done(struct suite *s)
{
    for (size_t i = 0; i < s->n_scenarios; i++)
        scenario_free(s->scenarios[i]);
    free(s->scenarios);
    components_done(&s->components);
    components_done(&s->agents);
    json_decref(s->schema);
}
