/* Lists of the fixtures whose entries scenarios name: requirements by `judges`, what users meet by `covers`.
 * Who names which entry, and what the real components of some runs did there. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "conformance/command/options.h"
#include "conformance/suite.h"

struct claims {
    struct yaml_doc *doc;  /* owned */
    const json_t *entries; /* borrowed from doc: [{id, …}] */
    json_t *by;            /* owned: id → [scenarios, without their entries] */
    json_t *
        results; /* owned: rows of --results (else results/latest, if there is one), the last of each name */
    const char *file, *key; /* borrowed */
};

/* Reads `list` of FILE below the fixtures, and who names it under `key`. -EINVAL, and complained on standard
 * error: no such file, results that cannot be read, or a scenario that names what the list has not. */
int claims_read(struct claims *c, const struct suite *s, const struct options *o, const char *file,
                const char *list, const char *key);
void claims_done(struct claims *c);

/* Versions of a real component ("agentk", "kas") in the results, sorted. New reference. */
json_t *claims_versions(const struct claims *c, const char *sut);
const json_t *claims_by(const struct claims *c, const char *id); /* borrowed; NULL: nobody */

struct claims_did {
    unsigned rows, passed; /* scenario by transport, without cures and what was skipped */
};
struct claims_did claims_did(const struct claims *c, const char *id, const char *sut, const char *version);
