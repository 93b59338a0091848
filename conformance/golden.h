/* Golden logs: what a version of a component printed, kept in fixtures/golden/<component>-<version>/<id>/
 * <transport>[@cure].jsonl, one distinct line each: {"seen": "always"|"sometimes", "line": {…}}. */
#pragma once

#include <jansson.h>

#include "conformance/suite.h"

/* Path of a row's golden log below the fixtures; new string. */
char *golden_path(const struct row *r, const char *fixtures);
/* The distinct normalised lines of a sut.log, in order of their first sight: an array; NULL: no such file. */
json_t *golden_lines(const char *sut_log);
/* [{"seen","line"}] from several runs' lines (an array of arrays). New reference. */
json_t *golden_merge(const json_t *runs);
/* NULL: there is none. */
json_t *golden_read(const char *path, char **reterr);
int golden_write(const char *path, const json_t *entries);
/* "+ line" and "- line", one each; NULL: no difference. */
char *golden_difference(const json_t *old, const json_t *new);
/* Holds a row's sut.log against its golden log: 0 also if there is none; else -EINVAL, *ret_reason and *ret_report. */
int golden_check(const struct row *r, const char *fixtures, char **ret_reason, char **ret_report);
