/* Which resources a fake cluster serves: a table, and what CustomResourceDefinitions add to it. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "fakekube/store.h"
#include "fakekube/types.h"

enum kube_verb {
    VERB_CREATE = 1 << 0,
    VERB_DELETE = 1 << 1,
    VERB_DELETE_COLLECTION = 1 << 2,
    VERB_GET = 1 << 3,
    VERB_LIST = 1 << 4,
    VERB_PATCH = 1 << 5,
    VERB_UPDATE = 1 << 6,
    VERB_WATCH = 1 << 7,
    VERBS_ALL = (1 << 8) - 1
};
const char *kube_verb_name(enum kube_verb v); /* "deletecollection" */

/* One resource in one version of its group. */
struct kube_resource {
    const char *group, *version, *kind, *plural; /* group "": core */
    bool namespaced;
    unsigned verbs;
    bool status, scale;       /* subresources */
    const char *shorts;       /* "deploy"; comma between; "": none */
    const char *categories;   /* "all"; likewise */
    const char *type_name;    /* of types.h; NULL: nobody knows its fields */

    const struct kube_type *type; /* borrowed; NULL: as above */
    struct kube_shelf *shelf; /* borrowed; versions of one resource share it */
    const char *singular, *list_kind;
    bool custom;              /* from a CustomResourceDefinition */
    bool preferred;           /* the version that its group prefers */
};

struct resources;
struct resources *resources_new(const struct types *types, struct kube_store *store);
struct resources *resources_free(struct resources *r);

const struct kube_resource *resources_find(const struct resources *r, const char *group, const char *version,
                                           const char *plural);
const struct kube_resource *resources_of_kind(const struct resources *r, const char *group, const char *version,
                                              const char *kind);
/* The one that stands for a shelf: for garbage, events, counting. */
const struct kube_resource *resources_of_shelf(const struct resources *r, const struct kube_shelf *shelf);
const struct kube_resource *resources_at(const struct resources *r, size_t i); /* NULL: no more */
/* What a CustomResourceDefinition says, from now on; what it said before is forgotten. */
void resources_define(struct resources *r, const json_t *definition);
void resources_forget(struct resources *r, const char *definition_name);
