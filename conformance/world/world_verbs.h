/* Verbs of steps that the world does itself; the others are the fake KAS's. */
#pragma once

#include <jansson.h>

#include "conformance/world/world_actors.h"
#include "conformance/world/world_fakes.h"
#include "conformance/node/world_person.h"
#include "conformance/world/world_rails.h"
#include "conformance/world/world_user.h"

struct world_verbs {
    struct fakes *fakes;
    struct actors *actors;
    struct tunnel_user *user;
    struct rails *rails;
    struct person *person; /* NULL: none */
    const char *prefix; /* of the component's files */
};

/* A perform_fn: sut_signal {signal: TERM|KILL|HUP|…}, write_file {path, text, mode}, remove_file {path};
 * fault_on and fault_off also without a KAS; {gitlab: …}, {gitaly: …}: fakes_perform(); {agent, kas, kas2, redis: …}:
 * actors_perform(); {user: REQUEST}; {rails: CALL}; {person: {run: COMMAND}}: person_perform(). */
int world_perform(void *verbs, const char *verb, const json_t *args, char **reterr);
