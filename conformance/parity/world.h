/* A world in which talks are held: a real KAS with what it asks beside it, or a fake one, at the same
 * address. */
#pragma once

#include <jansson.h>
#include <sys/types.h>

struct pki;

struct parity_world {
    const char *side;  /* "real" or "fake" */
    const json_t *job; /* of a row, as conformance/world/world.h has it; borrowed, as the next two */
    const json_t *talks;
    struct pki *pki;
};

/* In a child of its own, which ends with 0. What was told stands in said.json of the row's folder:
 * {talks: {NAME: what talk.h tells}} or {broken: why}. Its PID, or -errno and *reterr; the caller waits for
 * it. */
pid_t parity_world_start(const struct parity_world *w, char **reterr);
