/* fixtures/requirements.yaml, the scenarios' `judges` and a run's results.json, put together. */
#include "conformance/list_requirements.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/commands.h"
#include "lib/base/mem.h"
#include "lib/script/version.h"
#include "lib/script/yaml.h"

struct page {
    struct yaml_doc *doc;
    const json_t *requirements;
    json_t *judges;   /* "R01" -> [scenario ids, without their entries] */
    json_t *results;  /* of a run; may be NULL */
    json_t *versions; /* of real agents in it, as they came */
};

static const char *text(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

static bool holds(const json_t *list, const char *word)
{
    json_t *one;
    size_t i;

    json_array_foreach((json_t *)list, i, one) if (strcmp(json_string_value(one), word) == 0) return true;
    return false;
}

/* ---- reading
 * ---------------------------------------------------------------------------------------------- */

static void judges_read(struct page *p, const struct suite *s)
{
    p->judges = json_object();
    for (size_t i = 0; i < s->n_scenarios; i++) {
        const char *id = text(scenario_tree(s->scenarios[i]), "scenario");
        json_t *one;
        size_t k;
        json_array_foreach(json_object_get(scenario_tree(s->scenarios[i]), "judges"), k, one)
        {
            json_t *list = json_object_get(p->judges, json_string_value(one));
            if (!list)
                json_object_set_new(p->judges, json_string_value(one), list = json_array());
            if (!holds(list, id))
                json_array_append_new(list, json_string(id));
        }
    }
}

static int by_version(const void *a, const void *b)
{
    return strverscmp(*(const char *const *)a, *(const char *const *)b);
}

static void versions_read(struct page *p)
{
    const char *seen[64];
    size_t n = 0, i;
    json_t *row, *found = json_object();

    json_array_foreach(p->results, i, row)
    {
        const char *version = text(row, "version");
        if (!version || !json_is_true(json_object_get(row, "real")) || json_object_get(found, version) ||
            n == ARRAY_SIZE(seen))
            continue;
        json_object_set_new(found, version, json_true());
        seen[n++] = version;
    }
    qsort(seen, n, sizeof(seen[0]), by_version);
    p->versions = json_array();
    for (i = 0; i < n; i++)
        json_array_append_new(p->versions, json_string(seen[i]));
    json_decref(found);
}

static int page_read(struct page *p, const struct suite *s, const struct options *o)
{
    _cleanup_(freep) char *path = xasprintf("%s/requirements.yaml", o->fixtures);
    const char *results = o->results ? o->results : "results/latest/results.json";
    struct problems *problems = problems_new();
    json_error_t err;

    *p = (struct page){.doc = yaml_read_file(path, problems)};
    if (problems_count(problems)) {
        _cleanup_(freep) char *said = problems_text(problems);
        fputs(said, stderr);
    }
    problems_free(problems);
    if (o->results || access(results, R_OK) == 0) {
        p->results = json_load_file(results, 0, &err);
        if (!p->results)
            fprintf(stderr, "conform: %s:%d:%d: %s; cure: --results FILE names a run's results.json\n",
                    results, err.line, err.column, err.text);
    }
    judges_read(p, s);
    versions_read(p);
    p->requirements = p->doc ? json_object_get(yaml_root(p->doc), "requirements") : NULL;
    return p->requirements && (p->results || !o->results) ? 0 : -1;
}

static void page_done(struct page *p)
{
    yaml_done(p->doc);
    json_decref(p->judges);
    json_decref(p->results);
    json_decref(p->versions);
}

/* A number that the scenarios name and the list has not, is a mistake. */
static int strangers(const struct page *p)
{
    const char *id;
    json_t *list, *one;
    size_t i;
    int n = 0;

    json_object_foreach(p->judges, id, list)
    {
        bool known = false;
        json_array_foreach((json_t *)p->requirements, i, one) known |= strcmp(text(one, "id"), id) == 0;
        if (!known) {
            fprintf(stderr, "conform: %s says that it judges %s, which fixtures/requirements.yaml has not\n",
                    json_string_value(json_array_get(list, 0)), id);
            n++;
        }
    }
    return n;
}

/* ---- what a version did
 * ----------------------------------------------------------------------------------- */

struct did {
    unsigned rows, passed;
};

static struct did did_of(const struct page *p, const json_t *judges, const char *version)
{
    struct did d = {0};
    json_t *row;
    size_t i;

    json_array_foreach(p->results, i, row)
    {
        const char *id = text(row, "id"), *verdict = text(row, "verdict"), *of = text(row, "version");
        if (!id || !verdict || !of || strcmp(of, version) != 0 || text(row, "cure") ||
            !json_is_true(json_object_get(row, "real")))
            continue;
        _cleanup_(freep) char *family = xstrndup(id, strcspn(id, ":"));
        if (!holds(judges, family) || strcmp(verdict, "SKIPPED") == 0)
            continue;
        d.rows++;
        d.passed += strcmp(verdict, "PASS") == 0;
    }
    return d;
}

static void did_text(const struct page *p, const json_t *requirement, const char *version, char out[32])
{
    const json_t *judges = json_object_get(p->judges, text(requirement, "id"));
    const char *range = text(requirement, "versions");
    struct did d = did_of(p, judges, version);
    bool in = true;

    (void)version_in(range ? range : "*", "agentk", version, &in);
    if (!in)
        snprintf(out, 32, "not required");
    else if (!d.rows)
        snprintf(out, 32, "–");
    else if (d.passed == d.rows)
        snprintf(out, 32, "yes (%u)", d.rows);
    else
        snprintf(out, 32, "NO (%u of %u)", d.rows - d.passed, d.rows);
}

static void judged_by(const struct page *p, const json_t *requirement, FILE *f)
{
    const json_t *judges = json_object_get(p->judges, text(requirement, "id"));
    const char *later = text(requirement, "later"), *open = text(requirement, "open");
    json_t *one;
    size_t i;

    json_array_foreach((json_t *)judges, i, one) fprintf(f, "%s%s", i ? ", " : "", json_string_value(one));
    if (!json_array_size(judges))
        fprintf(f, "%s%s",
                later  ? "later: "
                : open ? "open: "
                       : "nothing",
                later  ? later
                : open ? open
                       : "");
}

/* ---- printing
 * --------------------------------------------------------------------------------------------- */

static void in_markdown(const struct page *p)
{
    json_t *one, *version;
    size_t i, k;

    puts("# Requirements\n\nMade by `conform list --requirements --markdown` from "
         "`fixtures/requirements.yaml`, the "
         "`judges:` of the scenarios and a run's\n`results.json`; do not edit. Numbers are rows: scenario "
         "by transport, "
         "without cures. `–`: nothing judges it, or no row of this version.\n");
    fputs("| id | the agent | versions | judged by |", stdout);
    json_array_foreach(p->versions, k, version) printf(" %s |", json_string_value(version));
    fputs("\n|---|---|---|---|", stdout);
    json_array_foreach(p->versions, k, version) fputs("---|", stdout);
    putchar('\n');
    json_array_foreach((json_t *)p->requirements, i, one)
    {
        printf("| %s | %s | %s | ", text(one, "id"), text(one, "text"), text(one, "versions"));
        judged_by(p, one, stdout);
        fputs(" |", stdout);
        json_array_foreach(p->versions, k, version)
        {
            char did[32];
            did_text(p, one, json_string_value(version), did);
            printf(" %s |", did);
        }
        putchar('\n');
    }
}

static void in_text(const struct page *p)
{
    json_t *one;
    size_t i, judged = 0, later = 0;

    json_array_foreach((json_t *)p->requirements, i, one)
    {
        bool any = json_array_size(json_object_get(p->judges, text(one, "id"))) > 0;
        judged += any;
        later += !any && text(one, "later");
        printf("%-5s %-18s %s\n      ", text(one, "id"), text(one, "versions"), text(one, "text"));
        judged_by(p, one, stdout);
        putchar('\n');
    }
    printf("%zu requirements, %zu judged, %zu later, %zu open\n", i, judged, later, i - judged - later);
}

static void in_json(const struct page *p)
{
    json_t *list = json_array(), *one, *version;
    size_t i, k;

    json_array_foreach((json_t *)p->requirements, i, one)
    {
        json_t *copy = json_deep_copy(one), *did = json_object();
        const json_t *judges = json_object_get(p->judges, text(one, "id"));
        json_array_foreach(p->versions, k, version)
        {
            struct did d = did_of(p, judges, json_string_value(version));
            json_object_set_new(did, json_string_value(version),
                                json_pack("{s:i, s:i}", "rows", (int)d.rows, "passed", (int)d.passed));
        }
        json_object_set_new(copy, "judged_by", judges ? json_deep_copy(judges) : json_array());
        json_object_set_new(copy, "did", did);
        json_array_append_new(list, copy);
    }
    json_dumpf(list, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(list);
}

int list_requirements(const struct suite *s, const struct options *o)
{
    struct page p;
    int code = EXIT_USAGE;

    if (page_read(&p, s, o) == 0 && strangers(&p) == 0) {
        code = EXIT_AS_EXPECTED;
        if (o->json)
            in_json(&p);
        else if (o->markdown)
            in_markdown(&p);
        else
            in_text(&p);
    }
    page_done(&p);
    return code;
}
