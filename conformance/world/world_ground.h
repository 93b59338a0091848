/* The ground of a world: addresses and a root of its own, or a folder that stands for the root. */
#pragma once

#include <jansson.h>

#include "conformance/process/rootfs.h"

struct ground {
    const char *prefix; /* of every file that the component reads: "", or the folder */
    char *temporary;    /* owned: that folder; NULL: a root of its own */
};

/* programs: what stands in the root of its own, for which the caller is alone in its namespaces; NULL: a folder.
 * 0, or -errno and *reterr. */
int ground_make(struct ground *g, const json_t *row, const struct rootfs_program *programs, char **reterr);
void ground_done(struct ground *g); /* with all that is in the folder */
