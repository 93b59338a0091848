/* In place of world_gitlab.c where the store has no seed yet, without which the fake GitLab cannot be linked: nobody listens
 * there, rows that need GitLab are skipped and say so (beside.c), and a step for it fails. */
#include "conformance/world/world_gitlab.h"

#include <errno.h>

#include "lib/base/mem.h"

int world_gitlab_start(const struct world_gitlab_options *o, struct world_gitlab **ret, char **reterr)
{
    (void)o;
    (void)reterr;
    *ret = NULL;
    return 0;
}

void world_gitlab_stop(struct world_gitlab *g)
{
    (void)g;
}

struct world_gitlab *world_gitlab_free(struct world_gitlab *g)
{
    (void)g;
    return NULL;
}

int world_gitlab_perform(struct world_gitlab *g, const char *part, const json_t *what, char **reterr)
{
    (void)g;
    (void)what;
    *reterr = xasprintf("%s: not in this build", part);
    return -ENOENT;
}

int world_gitlab_switch(struct world_gitlab *g, const char *fault, bool on)
{
    (void)g;
    (void)fault;
    (void)on;
    return -ENOENT;
}

bool world_gitlab_linked(void)
{
    return false;
}
