/* fixtures/coverage.yaml, the scenarios' `covers` and the results of runs, put together. */
#include "conformance/report/list_coverage.h"

#include <stdio.h>
#include <string.h>

#include "conformance/report/claims.h"
#include "conformance/command/commands.h"
#include "lib/base/mem.h"

struct table {
    struct claims claims;
    const struct suite *suite; /* borrowed */
    json_t *rows; /* owned: [{…entry, covered_by: […], cures: […], met: […], lacks?: text}] */
};

static const char *text(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

/* ---- what a row has
 * ----------------------------------------------------------------------------------------------- */

static void once(json_t *list, const char *word)
{
    json_t *one;
    size_t i;

    json_array_foreach(list, i, one) if (strcmp(json_string_value(one), word) == 0) return;
    json_array_append_new(list, json_string(word));
}

/* In the words of the scenarios; in the list's own where they have none. */
static json_t *cures_of(const struct table *t, const json_t *entry)
{
    json_t *list = json_array(), *name, *cure;
    size_t k, m;

    json_array_foreach((json_t *)claims_by(&t->claims, text(entry, "id")), k, name)
    {
        for (size_t i = 0; i < t->suite->n_scenarios; i++) {
            const struct scenario *s = t->suite->scenarios[i];
            if (strcmp(text(scenario_tree(s), "scenario"), json_string_value(name)) != 0)
                continue;
            json_array_foreach((json_t *)scenario_cures(s), m, cure) if (text(cure, "says"))
                once(list, text(cure, "says"));
        }
    }
    if (!json_array_size(list) && text(entry, "cure"))
        json_array_append_new(list, json_string(text(entry, "cure")));
    return list;
}

/* ["agentk 14.7, 16.5", "kas 14.7"], and how often it failed where it did. */
static json_t *met_by(const struct table *t, const json_t *entry)
{
    static const char *const suts[] = {"agentk", "kas"};
    json_t *list = json_array(), *version;
    size_t k;

    for (size_t i = 0; i < ARRAY_SIZE(suts); i++) {
        json_t *versions = claims_versions(&t->claims, suts[i]);
        char said[256] = "";
        json_array_foreach(versions, k, version)
        {
            const char *v = json_string_value(version);
            struct claims_did d = claims_did(&t->claims, text(entry, "id"), suts[i], v);
            size_t n = strlen(said);
            if (d.rows)
                snprintf(said + n, sizeof(said) - n, "%s%s", n ? ", " : " ", v);
            n = strlen(said);
            if (d.passed < d.rows)
                snprintf(said + n, sizeof(said) - n, " NO (%u of %u)", d.rows - d.passed, d.rows);
        }
        if (*said)
            json_array_append_new(list, json_sprintf("%s%s", suts[i], said));
        json_decref(versions);
    }
    return list;
}

/* What is wrong with a row. NULL: nothing. Static. */
static const char *lacks(const json_t *row)
{
    bool shown = json_array_size(json_object_get(row, "covered_by")) || text(row, "test");

    if (!shown && !text(row, "reason") && !text(row, "open"))
        return "no scenario covers it, and nothing says why";
    if (shown && text(row, "reason"))
        return "its `reason` says that it cannot be shown, and it is";
    if (!json_array_size(json_object_get(row, "cures")))
        return "it has no cure, and no word why (cure:)";
    return NULL;
}

static void table_make(struct table *t)
{
    json_t *entry;
    size_t i;

    t->rows = json_array();
    json_array_foreach((json_t *)t->claims.entries, i, entry)
    {
        json_t *row = json_deep_copy(entry);
        const json_t *by = claims_by(&t->claims, text(entry, "id"));
        json_object_set_new(row, "covered_by", by ? json_deep_copy(by) : json_array());
        json_object_set_new(row, "cures", cures_of(t, entry));
        json_object_set_new(row, "met", met_by(t, entry));
        if (lacks(row))
            json_object_set_new(row, "lacks", json_string(lacks(row)));
        json_array_append_new(t->rows, row);
    }
}

static int complaints(const struct table *t)
{
    json_t *row;
    size_t i;
    int n = 0;

    json_array_foreach(t->rows, i, row)
    {
        if (!text(row, "lacks"))
            continue;
        fprintf(stderr, "conform: fixtures/coverage.yaml: %s: %s\n", text(row, "id"), text(row, "lacks"));
        n++;
    }
    return n;
}

/* ---- printing
 * --------------------------------------------------------------------------------------------- */

static void list_text(const json_t *list, const char *between, FILE *f)
{
    json_t *one;
    size_t i;

    json_array_foreach((json_t *)list, i, one) fprintf(f, "%s%s", i ? between : "", json_string_value(one));
}

static void shown_by(const json_t *row, FILE *f)
{
    const json_t *by = json_object_get(row, "covered_by");

    list_text(by, ", ", f);
    if (text(row, "test"))
        fprintf(f, "%stest %s", json_array_size(by) ? ", " : "", text(row, "test"));
    else if (!json_array_size(by) && text(row, "reason"))
        fprintf(f, "not to be had: %s", text(row, "reason"));
    else if (!json_array_size(by))
        fprintf(f, "open: %s", text(row, "open") ? text(row, "open") : "");
}

static void met_text(const json_t *row, FILE *f)
{
    const json_t *met = json_object_get(row, "met");

    if (json_array_size(met))
        list_text(met, "; ", f);
    else if (text(row, "unmet"))
        fprintf(f, "none: %s", text(row, "unmet"));
    else
        fputs(json_array_size(json_object_get(row, "covered_by")) ? "–" : "none, see there", f);
}

static void in_markdown(const struct table *t)
{
    json_t *row;
    size_t i;

    puts("# Coverage\n\nMade by `tools/coverage` from `fixtures/coverage.yaml`, the `covers:` of the "
         "scenarios and the "
         "results of runs; do not edit.\nP rows are the sentences of the documentation page \"GitLab Agent "
         "for "
         "Kubernetes\" that name a failure, a command, a query or a\nflag, F rows the catalogue of "
         "failures. `met by`: "
         "versions of real agents and KAS that passed every scenario of the row.\n\n"
         "| id | where | what | shown by | cure | met by |\n|---|---|---|---|---|---|");
    json_array_foreach(t->rows, i, row)
    {
        printf("| %s | %s | %s | ", text(row, "id"), text(row, "where"), text(row, "text"));
        shown_by(row, stdout);
        fputs(" | ", stdout);
        list_text(json_object_get(row, "cures"), "; ", stdout);
        fputs(" | ", stdout);
        met_text(row, stdout);
        puts(" |");
    }
}

static void in_text(const struct table *t)
{
    json_t *row;
    size_t i, shown = 0, reasons = 0;

    json_array_foreach(t->rows, i, row)
    {
        bool any = json_array_size(json_object_get(row, "covered_by")) || text(row, "test");
        shown += any;
        reasons += !any && text(row, "reason");
        printf("%-4s %s\n     ", text(row, "id"), text(row, "text"));
        shown_by(row, stdout);
        fputs("\n     cure: ", stdout);
        list_text(json_object_get(row, "cures"), "; ", stdout);
        fputs("\n     met by: ", stdout);
        met_text(row, stdout);
        putchar('\n');
    }
    printf("%zu rows, %zu shown, %zu not to be had, %zu open\n", i, shown, reasons, i - shown - reasons);
}

int list_coverage(const struct suite *s, const struct options *o)
{
    struct table t = {.suite = s};
    int code = EXIT_USAGE;

    if (claims_read(&t.claims, s, o, "coverage.yaml", "rows", "covers") == 0) {
        table_make(&t);
        if (o->json) {
            json_dumpf(t.rows, stdout, JSON_INDENT(1));
            putchar('\n');
        } else if (o->markdown)
            in_markdown(&t);
        else
            in_text(&t);
        code = complaints(&t) ? EXIT_NOT_AS_EXPECTED : EXIT_AS_EXPECTED;
    }
    json_decref(t.rows);
    claims_done(&t.claims);
    return code;
}
