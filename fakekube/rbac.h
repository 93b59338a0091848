/* Who may do what, by the Roles, ClusterRoles and their bindings that are in the cluster. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct cluster;

struct rbac_ask {
    const char *user;
    const json_t *groups;  /* that are said beside those which the user's name tells; NULL: none */
    const char *verb;      /* "get", "impersonate" */
    const char *group, *resource, *sub; /* sub NULL: none */
    const char *ns, *name; /* NULL: all */
};

/* system:admin may do all; so may the group system:masters. */
bool rbac_allows(const struct cluster *c, const struct rbac_ask *a);
/* What a cluster has from the beginning for its bindings to lead to: the ClusterRole cluster-admin. New reference. */
json_t *rbac_cluster_admin(void);
