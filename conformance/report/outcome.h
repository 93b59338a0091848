/* From what a world told to the verdict of a row: golden logs, known failures, switched off faults. */
#pragma once

#include "conformance/suite.h"

#define VERDICT_PASS "PASS"
#define VERDICT_FAIL "FAIL"
#define VERDICT_KNOWN "KNOWN-FAILING"
#define VERDICT_UNSUPPORTED "UNSUPPORTED"
#define VERDICT_SKIPPED "SKIPPED"
#define VERDICT_HARNESS "HARNESS-ERROR"

struct known;
struct golden_book;

/* Sets verdict, reason and report, and writes verdict.json into the row's folder. known: NULL: no list. */
void outcome_conclude(struct row *r, const struct options *o, const struct known *known,
                      struct golden_book *book);
bool outcome_is_bad(const char *verdict);  /* FAIL, HARNESS-ERROR */
bool outcome_is_good(const char *verdict); /* PASS, KNOWN-FAILING */
/* The row with its outcome, as in results.json; new reference. */
json_t *outcome_json(const struct row *r);
