/* What two told of the same talk: made comparable, held against each other, and against the differences that
 * are known. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What differs from run to run becomes a placeholder: <date>, <ulid>, <jwt>, <commit>, <token>, <port>. In
 * place. */
void parity_normalise(json_t *said);

/* [{at, real, fake}]: a value that only one has is null on the other side. A list of [name, value] is
 * compared by name, and its order for itself. New reference. */
json_t *parity_diff(const json_t *real, const json_t *fake);

/* A file such as fixtures/parity/differences.yaml: {talk, over?, versions?, at, reason}; talk and at are patterns of
 * fnmatch(3). */
struct parity_known;
struct parity_known *parity_known_read(const char *path); /* NULL: complained on standard error */
struct parity_known *parity_known_free(struct parity_known *k);
/* This talk was played: who is about it must be met from now on. */
void parity_known_played(struct parity_known *k, const char *talk, const char *over, const char *version);
/* Why this difference may be; NULL: it is unexpected. */
const char *parity_known_reason(struct parity_known *k, const char *talk, const char *over,
                                const char *version, const char *at);
/* Entries that were played and never met: [{talk, at, reason}]. New reference. */
json_t *parity_known_stale(const struct parity_known *k);
