/* A fake cluster without a wire: what is asked of its API, done. HTTP stands in front of it (kube.h).
 *
 * GLOSSARY
 *   resource  deployments of apps/v1: resources.h
 *   ask       one thing that is asked of a resource, by somebody; answered with an object, a list or a Status
 *   admit     what an object must be, or is made to be, before it is stored
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "fakekube/resources.h"
#include "fakekube/selector.h"
#include "fakekube/store.h"
#include "fakekube/types.h"

struct cluster_options {
    const json_t *forbid; /* list of patterns over {verb, group, resource, subresource, namespace, name, user}; borrowed */
    const json_t *objects; /* list of objects that are there from the beginning; borrowed */
    bool rbac;            /* who may do what is told by the roles and bindings in it (rbac.h); else all that is not forbidden */
    size_t history;       /* see kube_store_new() */
};

struct cluster {
    struct types *types;         /* owned, as the next two */
    struct kube_store *store;
    struct resources *resources;
    json_t *forbid;              /* owned; never NULL */
    struct kube_store_watch *definitions;
    bool lingers; /* what goes waits until it is let go, where a real cluster's does */
    bool rbac;
};

enum patch_kind { PATCH_JSON, PATCH_MERGE, PATCH_STRATEGIC, PATCH_APPLY };

struct ask {
    struct cluster *cluster;          /* borrowed, as all but the answer */
    const struct kube_resource *r;
    enum kube_verb verb;
    const char *ns, *name;            /* NULL: none; a list of all namespaces */
    const char *sub;                  /* "status", "scale"; NULL: none */
    const char *through;              /* the subresource by which it came to be this ask; NULL: sub */
    const char *user;
    const json_t *groups;             /* of the user, beside those that the name tells; NULL: none */
    json_t *body;                     /* what was sent; may be changed */

    struct selector *labels, *fields; /* NULL: all */
    const char *resource_version;     /* "" : none said */
    const char *continue_token;       /* NULL: from the first */
    int64_t limit;                    /* 0: none */
    enum patch_kind patch;
    const char *manager;              /* of fields; never NULL for what changes something */
    bool force, dry_run;
    enum { UNKNOWN_IGNORED, UNKNOWN_WARNED, UNKNOWN_REFUSED } unknown; /* fields */

    int code;                         /* of the answer */
    json_t *answer;                   /* a reference for who asked, never to be changed: it may be what is stored */
    json_t *warnings;                 /* owned likewise; NULL: none; list of texts */
};

/* -EINVAL and *reterr: an object of the beginning cannot be. */
int cluster_new(const struct cluster_options *o, struct cluster **ret, char **reterr);
struct cluster *cluster_free(struct cluster *c);
/* Everything but watch. */
void cluster_do(struct ask *a);
/* Puts an object without asking anybody who may: what a scenario's steps do. -EINVAL and *reterr. */
int cluster_apply(struct cluster *c, const json_t *object, char **reterr);
/* What the garbage collector and the namespaces' controller do to an object that has a deletionTimestamp. */
void cluster_let_go(struct cluster *c, const struct kube_resource *r, const char *ns, const char *name);
/* Why not, a new string as RBAC's words are; NULL: it may be done. */
char *cluster_forbids(const struct ask *a);
