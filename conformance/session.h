/* One run from a person's point of view: results folder, live output, reports. Shared by run, record and
 * mutants. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "conformance/judge/golden_book.h"
#include "conformance/judge/known.h"
#include "conformance/report/report.h"
#include "conformance/suite.h"

struct session {
    const struct options *o;
    struct known *known;      /* borrowed; NULL: none */
    struct golden_book *book; /* owned */
    char *out;                /* owned */
    FILE *jsonl[2];           /* results.jsonl, and what --jsonl names; either may be NULL */
    FILE *text;               /* lines for people: stdout */
    bool live, colour;        /* text is a terminal */
    bool rows_shown;          /* a line for each row */
    bool quiet_failures;      /* not even for one that fails: a mutant's failure is good news */
    size_t done, bad, total;
    uint64_t started_ns;
    char started[32];
    bool interrupted;
};

/* Makes the folder (default: results/<time>, with results/latest pointing there). -errno, having complained.
 */
int session_open(struct session *s, const struct options *o, const char *kind);
int session_run(struct session *s, struct rows *rows);
/* Writes results.json, junit.xml, tap, summary.txt into the folder. -errno, having complained. */
int session_report(struct session *s, const struct rows *rows);
double session_wall_s(const struct session *s);
void session_done(struct session *s);
