/* junit.xml: a suite for each component, a test case for each row. */
#include <errno.h>
#include <string.h>

#include "conformance/report/outcome.h"
#include "conformance/report/report.h"
#include "lib/base/mem.h"

/* XML 1.0 has no place for control characters, not even escaped ones. */
static void text_put(FILE *f, const char *s)
{
    for (; s && *s; s++)
        switch (*s) {
        case '<':
            fputs("&lt;", f);
            break;
        case '>':
            fputs("&gt;", f);
            break;
        case '&':
            fputs("&amp;", f);
            break;
        case '"':
            fputs("&quot;", f);
            break;
        case '\n':
            fputs("&#10;", f);
            break;
        default:
            fputc((unsigned char)*s < 0x20 ? ' ' : *s, f);
        }
}

static void element(FILE *f, const char *name, const char *message, const char *body)
{
    fprintf(f, "      <%s message=\"", name);
    text_put(f, message);
    fputs("\">", f);
    text_put(f, body);
    fprintf(f, "</%s>\n", name);
}

static void case_put(FILE *f, const struct row *r)
{
    json_t *j = outcome_json(r);
    const char *report = json_string_value(json_object_get(j, "report"));

    fputs("    <testcase classname=\"", f);
    text_put(f, scenario_id(r->scenario));
    fputs("\" name=\"", f);
    text_put(f, r->name);
    fprintf(f, "\" time=\"%.3f\">\n", r->seconds);
    if (strcmp(r->verdict, VERDICT_FAIL) == 0)
        element(f, "failure", r->reason, report);
    else if (strcmp(r->verdict, VERDICT_HARNESS) == 0)
        element(f, "error", r->reason, report);
    else if (strcmp(r->verdict, VERDICT_PASS) != 0)
        element(f, "skipped", r->reason, r->verdict);
    fputs("    </testcase>\n", f);
    json_decref(j);
}

static bool same_component(const struct row *a, const struct row *b)
{
    return a->component == b->component;
}

static void suite_put(FILE *f, const struct rows *rows, size_t first, const struct report_times *t)
{
    size_t tests = 0, failures = 0, errors = 0, skipped = 0;
    double seconds = 0;

    for (size_t i = first; i < rows->n; i++) {
        const struct row *r = rows->items[i];
        if (!same_component(r, rows->items[first]))
            continue;
        tests++;
        seconds += r->seconds;
        failures += strcmp(r->verdict, VERDICT_FAIL) == 0;
        errors += strcmp(r->verdict, VERDICT_HARNESS) == 0;
        skipped += !outcome_is_bad(r->verdict) && strcmp(r->verdict, VERDICT_PASS) != 0;
    }
    fputs("  <testsuite name=\"", f);
    text_put(f, rows->items[first]->component->name);
    fputc('-', f);
    text_put(f, rows->items[first]->component->version);
    fprintf(f,
            "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\" "
            "timestamp=\"%.19s\">\n",
            tests, failures, errors, skipped, seconds, t->started);
    for (size_t i = first; i < rows->n; i++)
        if (same_component(rows->items[i], rows->items[first]))
            case_put(f, rows->items[i]);
    fputs("  </testsuite>\n", f);
}

static bool is_first(const struct rows *rows, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (same_component(rows->items[i], rows->items[at]))
            return false;
    return true;
}

int report_junit(const struct rows *rows, const struct report_times *t, const char *path)
{
    struct counts c = report_count(rows);
    FILE *f = fopen(path, "we");

    if (!f)
        return -errno;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", f);
    fprintf(f,
            "<testsuites name=\"conform\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" "
            "time=\"%.3f\">\n",
            rows->n, c.failed - c.harness, c.harness, c.skipped, t->wall_s);
    for (size_t i = 0; i < rows->n; i++)
        if (is_first(rows, i))
            suite_put(f, rows, i, t);
    fputs("</testsuites>\n", f);
    return fclose(f) ? -errno : 0;
}
