/* Who names what, and what came of it. */
#include "conformance/report/claims.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/script/yaml.h"

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

static void by_read(struct claims *c, const struct suite *s)
{
    c->by = json_object();
    for (size_t i = 0; i < s->n_scenarios; i++) {
        const char *id = text(scenario_tree(s->scenarios[i]), "scenario");
        json_t *one;
        size_t k;
        json_array_foreach(json_object_get(scenario_tree(s->scenarios[i]), c->key), k, one)
        {
            json_t *list = json_object_get(c->by, json_string_value(one));
            if (!list)
                json_object_set_new(c->by, json_string_value(one), list = json_array());
            if (!holds(list, id))
                json_array_append_new(list, json_string(id));
        }
    }
}

/* What is named and not in the list, is a mistake. */
static int strangers(const struct claims *c)
{
    const char *id;
    json_t *list, *one;
    size_t i;
    int n = 0;

    json_object_foreach(c->by, id, list)
    {
        bool known = false;
        json_array_foreach((json_t *)c->entries, i, one) known |= strcmp(text(one, "id"), id) == 0;
        if (!known) {
            fprintf(stderr, "conform: %s says %s: [%s], which fixtures/%s has not\n",
                    json_string_value(json_array_get(list, 0)), c->key, id, c->file);
            n++;
        }
    }
    return n;
}

static int results_add(json_t *by_row, const char *path)
{
    json_error_t err;
    json_t *rows = json_load_file(path, 0, &err), *row;
    size_t i;

    if (!rows) {
        fprintf(stderr, "conform: %s:%d:%d: %s; cure: --results FILE names a run's results.json\n", path,
                err.line, err.column, err.text);
        return -EINVAL;
    }
    json_array_foreach(rows, i, row) if (text(row, "row")) json_object_set(by_row, text(row, "row"), row);
    json_decref(rows);
    return 0;
}

static int results_read(struct claims *c, const struct strings *files)
{
    static const char latest[] = "results/latest/results.json";
    int e = 0;

    c->results = json_object();
    for (size_t i = 0; e == 0 && i < files->n; i++)
        e = results_add(c->results, files->items[i]);
    return files->n || access(latest, R_OK) < 0 ? e : results_add(c->results, latest);
}

int claims_read(struct claims *c, const struct suite *s, const struct options *o, const char *file,
                const char *list, const char *key)
{
    _cleanup_(freep) char *path = xasprintf("%s/%s", o->fixtures, file);
    struct problems *problems = problems_new();

    *c = (struct claims){.doc = yaml_read_file(path, problems), .file = file, .key = key};
    if (problems_count(problems)) {
        _cleanup_(freep) char *said = problems_text(problems);
        fputs(said, stderr);
    }
    problems_free(problems);
    by_read(c, s);
    c->entries = c->doc ? json_object_get(yaml_root(c->doc), list) : NULL;
    return results_read(c, &o->results) == 0 && c->entries && strangers(c) == 0 ? 0 : -EINVAL;
}

void claims_done(struct claims *c)
{
    yaml_done(c->doc);
    json_decref(c->by);
    json_decref(c->results);
}

static int by_version(const void *a, const void *b)
{
    return strverscmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_of(const json_t *row, const char *sut, const char *version)
{
    const char *of = text(row, "sut"), *its = text(row, "version");

    return of && its && strcmp(of, sut) == 0 && (!version || strcmp(its, version) == 0) &&
           json_is_true(json_object_get(row, "real"));
}

json_t *claims_versions(const struct claims *c, const char *sut)
{
    const char *seen[64], *name;
    size_t n = 0;
    json_t *row, *found = json_object(), *list = json_array();

    json_object_foreach(c->results, name, row)
    {
        const char *version = text(row, "version");
        if (!is_of(row, sut, NULL) || json_object_get(found, version) || n == ARRAY_SIZE(seen))
            continue;
        json_object_set_new(found, version, json_true());
        seen[n++] = version;
    }
    qsort(seen, n, sizeof(seen[0]), by_version);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(seen[i]));
    json_decref(found);
    return list;
}

const json_t *claims_by(const struct claims *c, const char *id)
{
    return json_object_get(c->by, id);
}

struct claims_did claims_did(const struct claims *c, const char *id, const char *sut, const char *version)
{
    const json_t *by = claims_by(c, id);
    struct claims_did d = {0};
    const char *name;
    json_t *row;

    json_object_foreach(c->results, name, row)
    {
        const char *of = text(row, "id"), *verdict = text(row, "verdict");
        if (!of || !verdict || !is_of(row, sut, version) || text(row, "cure") ||
            strcmp(verdict, "SKIPPED") == 0)
            continue;
        _cleanup_(freep) char *family = xstrndup(of, strcspn(of, ":"));
        if (!holds(by, family))
            continue;
        d.rows++;
        d.passed += strcmp(verdict, "PASS") == 0;
    }
    return d;
}
