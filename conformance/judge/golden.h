/* Golden logs: what a version of a component printed, kept in fixtures/golden/<component>-<version>/<id>/
 * <transport>[@cure].jsonl, one distinct line each: {"seen": "always"|"sometimes", "line": {…}}.
 *
 * Where a scenario about KAS wants a real agent (`agent: {build: real}`), what that says is the other half of the
 * conversation, and is kept beside it: <transport>[@cure]+agent.jsonl. */
#pragma once

#include <jansson.h>

#include "conformance/judge/golden_book.h"
#include "conformance/suite.h"

enum golden_side {
    GOLDEN_OWN,    /* the component under test */
    GOLDEN_BESIDE, /* the real agent beside a KAS under test */
    GOLDEN_SIDES
};

/* Are there two sides? */
bool golden_has(const struct row *r, enum golden_side side);
/* Path of a row's golden log below the fixtures; new string. */
char *golden_path(const struct row *r, enum golden_side side, const char *fixtures);
const char *golden_who(const struct row *r, enum golden_side side); /* whose lines stand there: "agent" or "kas" */
/* The distinct normalised lines of one run, from its events.jsonl. What comes while a component is being
 * ended differs from run to run, and so does what comes just before: */
struct golden_seen {
    json_t *all;    /* whenever */
    json_t *before; /* before it was told to end */
    json_t *sure;   /* well before that, or before it ended by itself */
};
/* who: whose lines, NULL: anybody's. ours: the profile's, patterns of lines that are left out; NULL: none. -errno. */
int golden_seen_read(struct golden_seen *s, const char *events_path, const char *who, const json_t *ours);
const json_t *golden_ours(const struct row *r, enum golden_side side); /* of its profile; borrowed. NULL: none */
void golden_seen_done(struct golden_seen *s);

/* [{"seen","line"}] from several runs: those before their ends; always if sure in each. New reference. */
json_t *golden_merge(const struct golden_seen *runs, size_t n);
/* A golden log is replaced by a newer one, but what was seen sometimes may come again. */
/* The same with --add: nothing that was seen before is lost, and only what is always in both stays always.
 */
void golden_add(json_t *entries, const json_t *old);
void golden_keep_sometimes(json_t *entries, const json_t *old);
/* NULL: there is none. */
json_t *golden_read(const char *path, char **reterr);
int golden_write(const char *path, const json_t *entries);
/* "+ line" and "- line", one each; NULL: no difference. */
char *golden_difference(const json_t *old, const json_t *new);
/* Holds what a row printed against its golden logs, of both sides: 0 also if there is none; else -EINVAL, *ret_reason
 * and *ret_report. */
int golden_check(const struct row *r, const char *fixtures, struct golden_book *book, char **ret_reason,
                 char **ret_report);
