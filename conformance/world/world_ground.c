/* Where a world stands: its addresses and its root. */
#include "conformance/world/world_ground.h"

#include <errno.h>
#include <string.h>

#include "conformance/process/netns.h"
#include "conformance/world/world_files.h"
#include "conformance/world/world_kas.h"
#include "conformance/world/world_proxy.h"
#include "lib/base/mem.h"

struct addresses {
    const char *list[64];
    size_t n;
};

static void address_add(struct addresses *a, const char *one)
{
    if (one && a->n < ARRAY_SIZE(a->list) - 1)
        a->list[a->n++] = one;
}

static void addresses_add(struct addresses *a, const json_t *list)
{
    const json_t *one;
    size_t i;

    json_array_foreach((json_t *)list, i, one) address_add(a, json_string_value(one));
}

/* An address is either there or unreachable. */
static void addresses_without(struct addresses *a, const char *one)
{
    size_t kept = 0;

    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->list[i], one) != 0)
            a->list[kept++] = a->list[i];
    a->n = kept;
    a->list[kept] = NULL;
}

static int network_up(const json_t *row, char **reterr)
{
    struct addresses there = {{WORLD_DNS_IP, WORLD_KAS_IP, WORLD_KUBE_IP, WORLD_HUBBLE_IP, WORLD_PROXY_IP}, 5}, away = {0};
    const json_t *network = json_object_get(row, "network");

    if (world_kas_under_test(row)) {
        address_add(&there, WORLD_KAS2_IP);
        address_add(&there, WORLD_GITLAB_IP);
        address_add(&there, WORLD_GITALY_IP);
        address_add(&there, WORLD_REDIS_IP);
    }
    addresses_add(&there, json_object_get(network, "addresses"));
    addresses_add(&there, json_object_get(json_object_get(row, "kas"), "addresses"));
    addresses_add(&away, json_object_get(network, "unreachable"));
    for (size_t i = 0; i < away.n; i++)
        addresses_without(&there, away.list[i]);
    return netns_up(there.list, away.list, reterr);
}

int ground_make(struct ground *g, const json_t *row, const struct rootfs_program *programs, char **reterr)
{
    char folder[] = "/tmp/conform-XXXXXX";
    int e;

    g->prefix = "";
    if (programs) {
        e = network_up(row, reterr);
        return e ? e : rootfs_enter(programs, reterr);
    }
    if (!mkdtemp(folder)) {
        *reterr = xasprintf("%s: %s", folder, strerror(errno));
        return -errno;
    }
    g->temporary = xstrdup(folder);
    g->prefix = g->temporary;
    return 0;
}

void ground_done(struct ground *g)
{
    if (g->temporary)
        folder_remove(g->temporary);
    free(g->temporary);
    *g = (struct ground){0};
}
