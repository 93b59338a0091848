/* Verbs of steps that the world does itself; the others are the fake KAS's. */
#pragma once

#include <jansson.h>

#include "conformance/sut.h"
#include "fakekas/kas.h"

struct world_verbs {
    struct kas *kas; /* NULL: absent */
    struct faults *faults;
    struct sut *sut;    /* NULL until it is started */
    const char *prefix; /* of the component's files */
};

/* A perform_fn: sut_signal {signal: TERM|KILL|HUP|…}, write_file {path, text, mode}, remove_file {path};
 * fault_on and fault_off also without a KAS. */
int world_perform(void *verbs, const char *verb, const json_t *args, char **reterr);
