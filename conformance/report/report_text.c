/* What a person reads: a line a row, and the summary. */
#include <string.h>

#include "conformance/report/outcome.h"
#include "conformance/report/report.h"
#include "lib/base/mem.h"

enum { FAILURES_SHOWN = 40, UNMET_SHOWN = 12 };

struct counts report_count(const struct rows *rows)
{
    struct counts c = {0};

    for (size_t i = 0; i < rows->n; i++) {
        const char *v = rows->items[i]->verdict;
        c.known += strcmp(v, VERDICT_KNOWN) == 0;
        c.unsupported += strcmp(v, VERDICT_UNSUPPORTED) == 0;
        c.harness += strcmp(v, VERDICT_HARNESS) == 0;
        c.passed += strcmp(v, VERDICT_PASS) == 0;
        c.failed += outcome_is_bad(v);
        c.skipped += strcmp(v, VERDICT_PASS) != 0 && !outcome_is_bad(v);
    }
    return c;
}

int report_exit_code(const struct rows *rows)
{
    struct counts c = report_count(rows);

    if (c.harness)
        return 3;
    if (c.failed)
        return 1;
    return c.passed || c.known ? 0 : 77;
}

static const char *colour_of(const char *verdict)
{
    if (strcmp(verdict, VERDICT_PASS) == 0)
        return "\033[32m";
    return outcome_is_bad(verdict) ? "\033[31m" : "\033[33m";
}

void report_row(const struct row *r, bool colour, FILE *f)
{
    fprintf(f, "%s%-13s%s %6.1fs  %s", colour ? colour_of(r->verdict) : "", r->verdict,
            colour ? "\033[0m" : "", r->seconds, r->name);
    if (strcmp(r->verdict, VERDICT_PASS) != 0 && r->reason && *r->reason)
        fprintf(f, ": %s", r->reason);
    fputc('\n', f);
    fflush(f);
}

static void failures_put(const struct rows *rows, FILE *f)
{
    size_t shown = 0, left = 0;

    for (size_t i = 0; i < rows->n; i++) {
        const struct row *r = rows->items[i];
        _cleanup_(freep) char *command = NULL;
        if (!outcome_is_bad(r->verdict))
            continue;
        if (++shown > FAILURES_SHOWN) {
            left++;
            continue;
        }
        fprintf(f, "\n%s %s\n  %s\n%s  again: %s\n", r->verdict, r->name, r->reason ? r->reason : "",
                r->report ? r->report : "", row_command(r, &command));
        if (r->dir)
            fprintf(f, "  logs:  %s\n", r->dir);
    }
    if (left)
        fprintf(f, "\n… and %zu more: see results.json\n", left);
}

/* Has a component of this kind passed row `at`'s scenario over its transport with its cure, in one of the first n rows? */
static bool met_by(bool real, const struct rows *rows, size_t n, size_t at)
{
    const struct row *r = rows->items[at];

    for (size_t i = 0; i < n; i++) {
        const struct row *o = rows->items[i];
        if (o->component->real == real && !o->component->mutant && o->scenario == r->scenario &&
            strcmp(o->transport, r->transport) == 0 && !o->cure == !r->cure &&
            (!r->cure || strcmp(o->cure, r->cure) == 0) && outcome_is_good(o->verdict))
            return true;
    }
    return false;
}

static void unmet_put(const struct rows *rows, FILE *f)
{
    size_t n = 0;

    for (size_t i = 0; i < rows->n; i++) {
        const struct row *r = rows->items[i];
        if (r->component->real || r->component->mutant || !outcome_is_good(r->verdict) ||
            met_by(true, rows, rows->n, i) || met_by(false, rows, i, i)) /* or told already, of its repetition */
            continue;
        if (!n++)
            fprintf(f, "\nno real agent has met:\n");
        if (n <= UNMET_SHOWN)
            fprintf(f, "  %s over %s%s%s\n", scenario_id(r->scenario), r->transport,
                    r->cure ? " cured by " : "", r->cure ? r->cure : "");
    }
    if (n > UNMET_SHOWN)
        fprintf(f,
                "  … %zu rows in all; put agents into $FAKEKAS_AGENTS (default ~/agents), or name one by "
                "--sut\n",
                n);
}

/* Nobody stands in for KAS: without one its scenarios have no rows. */
static void unmet_kas_put(const struct rows *rows, FILE *f)
{
    size_t n = json_array_size(rows->unmet), shown = 0;
    json_t *id;

    if (!n)
        return;
    fprintf(f, "\nno real KAS has met:\n");
    for (; shown < n && shown < UNMET_SHOWN; shown++) {
        id = json_array_get(rows->unmet, shown);
        fprintf(f, "  %s\n", json_string_value(id));
    }
    if (n > UNMET_SHOWN)
        fprintf(f, "  … %zu scenarios in all\n", n);
    fprintf(f, "  put kas-VERSION into $FAKEKAS_AGENTS (default ~/agents), or name one by --sut kas=PATH\n");
}

static void notes_put(const struct rows *rows, FILE *f)
{
    size_t n = 0;

    for (size_t i = 0; i < rows->n; i++) {
        const char *note = json_string_value(json_object_get(rows->items[i]->judged, "note"));
        if (note && n++ < UNMET_SHOWN)
            fprintf(f, "note: %s: %s\n", rows->items[i]->name, note);
    }
    if (n > UNMET_SHOWN)
        fprintf(f, "… %zu notes in all\n", n);
}

/* What RBAC refused, where the cluster has it: the rights that are missing, or that it should not ask for. */
static void refused_put(const struct rows *rows, FILE *f)
{
    for (size_t i = 0; i < rows->n; i++) {
        const json_t *refused = json_object_get(json_object_get(rows->items[i]->judged, "rights"), "refused");
        const char *right, *before = "";
        json_t *times;
        if (!json_object_size(refused))
            continue;
        fprintf(f, "no right to: %s: ", rows->items[i]->name);
        json_object_foreach((json_t *)refused, right, times)
        {
            fprintf(f, "%s%s", before, right);
            before = ", ";
        }
        fputc('\n', f);
    }
}

/* Each component and how it fared. */
static void components_put(const struct rows *rows, FILE *f)
{
    const struct component *done[64];
    size_t n = 0;

    for (size_t i = 0; i < rows->n; i++) {
        const struct component *c = rows->items[i]->component;
        size_t passed = 0, failed = 0, skipped = 0, k;
        for (k = 0; k < n && done[k] != c; k++)
            ;
        if (k < n || n == ARRAY_SIZE(done))
            continue;
        done[n++] = c;
        for (k = i; k < rows->n; k++) {
            const char *v = rows->items[k]->verdict;
            if (rows->items[k]->component != c)
                continue;
            passed += strcmp(v, VERDICT_PASS) == 0;
            failed += outcome_is_bad(v);
            skipped += strcmp(v, VERDICT_PASS) != 0 && !outcome_is_bad(v);
        }
        fprintf(f, "%s %s: %zu passed, %zu failed, %zu skipped\n", c->name, c->version, passed, failed,
                skipped);
    }
}

void report_summary(const struct rows *rows, const struct report_times *t, bool interrupted, FILE *f)
{
    struct counts c = report_count(rows);
    const struct row *slowest = NULL;

    for (size_t i = 0; i < rows->n; i++)
        if (!slowest || rows->items[i]->seconds > slowest->seconds)
            slowest = rows->items[i];
    failures_put(rows, f);
    unmet_put(rows, f);
    unmet_kas_put(rows, f);
    fputc('\n', f);
    notes_put(rows, f);
    refused_put(rows, f);
    components_put(rows, f);
    if (c.known)
        fprintf(f, "%zu of the skipped are known to fail\n", c.known);
    if (c.harness)
        fprintf(f, "%zu of the failed could not be judged: harness or environment\n", c.harness);
    if (slowest)
        fprintf(f, "slowest row %.1f s (%s), all rows together %.1f s\n", slowest->seconds, slowest->name,
                t->wall_s);
    if (interrupted)
        fprintf(f, "interrupted\n");
    fprintf(f, "%zu passed, %zu failed, %zu skipped\n", c.passed, c.failed, c.skipped);
}
