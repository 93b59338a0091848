/* tap: TAP version 14. */
#include <errno.h>
#include <string.h>

#include "conformance/report/outcome.h"
#include "conformance/report/report.h"

/* '#' begins a directive and backslash escapes it (TAP 14). */
static void text_put(FILE *f, const char *s)
{
    for (; s && *s; s++) {
        if (*s == '#' || *s == '\\')
            fputc('\\', f);
        fputc(*s == '\n' ? ' ' : *s, f);
    }
}

static void diagnosis_put(FILE *f, const struct row *r)
{
    json_t *j = outcome_json(r);
    const char *report = json_string_value(json_object_get(j, "report"));

    fprintf(f, "  ---\n  verdict: %s\n  seconds: %.3f\n", r->verdict, r->seconds);
    if (report) {
        fputs("  report: |\n    ", f);
        for (const char *p = report; *p; p++) {
            fputc(*p, f);
            if (*p == '\n' && p[1])
                fputs("    ", f);
        }
        if (report[strlen(report) - 1] != '\n')
            fputc('\n', f);
    }
    fputs("  ...\n", f);
    json_decref(j);
}

int report_tap(const struct rows *rows, const char *path)
{
    FILE *f = fopen(path, "we");

    if (!f)
        return -errno;
    fprintf(f, "TAP version 14\n1..%zu\n", rows->n);
    for (size_t i = 0; i < rows->n; i++) {
        const struct row *r = rows->items[i];
        bool known = strcmp(r->verdict, VERDICT_KNOWN) == 0;
        bool ok = !outcome_is_bad(r->verdict) && !known;
        fprintf(f, "%sok %zu - ", ok ? "" : "not ", i + 1);
        text_put(f, r->name);
        if (known || (ok && strcmp(r->verdict, VERDICT_PASS) != 0)) {
            fputs(known ? " # TODO " : " # SKIP ", f);
            text_put(f, r->reason);
        }
        fputc('\n', f);
        if (outcome_is_bad(r->verdict))
            diagnosis_put(f, r);
    }
    return fclose(f) ? -errno : 0;
}
