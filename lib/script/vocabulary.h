/* The words of faults: at which moments which verbs are done. ONE table, from which come `conform list --faults`,
 * docs/faults.md and the lists of fixtures/scenario.schema.json (tools/vocabulary does both; a test holds that they are
 * current). To add a verb: a row in `vocabulary_verbs`, its word in the lists of the moments that know it, its arguments
 * in the schema ($defs/actions), then tools/vocabulary. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct vocabulary_moment {
    const char *name, *layer; /* "grpc.request", "grpc" */
    const char *verbs, *facts; /* words with blanks between; facts NULL: whatever the peer says */
    bool noisy;               /* written only if somebody asks for it */
    const char *when;         /* "the headers of a call arrived" */
    const char *test;         /* the file that sees its bytes on the wire */
    const char *alone;        /* why no agent brings it about, so that no scenario can use it; NULL: one does */
};

struct vocabulary_verb {
    const char *name, *layer; /* of the layer that does it; "any": the connection, whatever the layer */
    bool bare;                /* a word of its own: `do: reset` */
    const char *does;         /* "an HTTP answer {status, reason, headers, body, close}": what, and its arguments */
    const char *test;
};

extern const struct vocabulary_moment vocabulary_moments[]; /* ended by a name that is NULL */
extern const struct vocabulary_verb vocabulary_verbs[];

/* The schema's x-moments: {name: {layer, facts?, verbs}}. New reference. */
json_t *vocabulary_x_moments(void);
/* {"moments": [{name, layer, facts|null, verbs, noisy, when, test, alone|null}], "verbs": [{name, layer, bare, does, test, at}]}; `at`:
 * the moments that know it. New reference. */
json_t *vocabulary_json(void);
