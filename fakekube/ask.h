/* What the files of the cluster share; nobody outside this folder includes it. */
#pragma once

#include "fakekube/cluster.h"
#include "fakekube/status.h"

/* ---- answers; each takes what it is given ---- */

void ask_answer(struct ask *a, int code, json_t *object);
void ask_refuse(struct ask *a, json_t *status);

/* ---- object.c ---- */

const char *object_text(const json_t *object, const char *key);      /* of metadata; NULL: none */
json_t *object_metadata(json_t *object);                             /* made if it is not there */
const json_t *object_get(const json_t *object, const char *path);    /* "spec.replicas" */
void object_now(char out[32]);                                       /* RFC 3339, seconds */
/* As the client of this version sees it: a new reference. */
json_t *object_seen(const struct kube_resource *r, const json_t *object);
json_t *object_copy(const json_t *object); /* two levels down nothing is shared */

/* ---- what is done ---- */

void ask_get(struct ask *a);
void ask_list(struct ask *a);
void ask_create(struct ask *a);
void ask_update(struct ask *a);
void ask_patch(struct ask *a);
void ask_delete(struct ask *a);
void ask_finalize(struct ask *a);
void ask_delete_collection(struct ask *a);
void ask_scale(struct ask *a);  /* get, update or patch of the subresource */
void ask_review(struct ask *a); /* SelfSubjectAccessReview and its kin */

/* ---- admit.c ---- */

/* Decodes the body as its kind. false: answered. */
bool admit_decode(struct ask *a, json_t *object);
/* Made fit to be stored; before NULL: it is new. Takes object; NULL: answered. */
json_t *admit(struct ask *a, const json_t *before, json_t *object);
void admit_defaults(const struct kube_type *type, json_t *object); /* defaults.c */
json_t *admit_problems(const struct kube_resource *r, const json_t *before, const json_t *object); /* valid.c: causes; NULL: none */
/* valid_pod.c: what belongs to single kinds, added to causes. */
void admit_problems_of_kind(json_t *causes, const struct kube_resource *r, const json_t *object);
/* Stores, unless this is a dry run, and answers. `object` is taken; `before` as above. */
void ask_store(struct ask *a, const json_t *before, json_t *object, int code);

/* ---- apply.c: metadata.managedFields ---- */

/* What an update by a.manager changes in who manages what; before NULL: it is new. In place. */
void managers_update(struct ask *a, const json_t *before, json_t *object);
/* `live` (NULL: none) with the body applied: a new object. NULL: answered. */
bool managers_body_fits(struct ask *a); /* what is applied is an object of its schema; false: answered */
json_t *managers_apply(struct ask *a, const json_t *live);
