/* Reports of a run: results.json, results.jsonl, junit.xml, tap, summary.txt. */
#pragma once

#include <stdio.h>

#include "conformance/suite.h"

struct report_times {
    double wall_s;       /* of the whole run */
    const char *started; /* wall clock */
};

int report_json(const struct rows *rows, const char *path);
int report_junit(const struct rows *rows, const struct report_times *t, const char *path);
int report_tap(const struct rows *rows, const char *path);
/* Counts, what no real agent met, slowest row, failures with the command that does each again; ends with
 * "N passed, N failed, N skipped". */
void report_summary(const struct rows *rows, const struct report_times *t, bool interrupted, FILE *f);
/* One line for a row that has ended. */
void report_row(const struct row *r, bool colour, FILE *f);
int report_exit_code(const struct rows *rows);

struct counts {
    size_t passed, failed, skipped, known, unsupported, harness;
};
struct counts report_count(const struct rows *rows);
