/* What a Pod's spec asks of its node: which files where, which environment, which arguments; read from the cluster that it is in.
 * Nothing is done here. One container, the first.
 */
#pragma once

#include <jansson.h>

#include "fakekube/cluster.h"

struct pod_plan {
    json_t *command, *args; /* lists of texts; command NULL: the image's own entry point */
    json_t *env;            /* {name: text} in their order */
    json_t *mounts;         /* [{path, file: text}], [{path, folder: {name: text}}] in their order */
    char *reason, *message; /* why it cannot begin: "ContainerCreating" and what the node says of it; NULL: it can */
    const char *event;      /* "FailedMount", "Failed"; static */
};

/* pod: as it is stored. token, ca_pem: of its service account. What is meanwhile missing is told in reason and message. */
void pod_plan_make(const struct cluster *c, const json_t *pod, const char *token, const char *ca_pem, struct pod_plan *ret);
void pod_plan_done(struct pod_plan *p);

/* The first container of a Pod, or of a Deployment's template; NULL: there is none. Borrowed. */
const json_t *pod_container(const json_t *object);
const json_t *pod_at(const json_t *object, const char *path); /* "metadata.name" */
const char *pod_text(const json_t *object, const char *path); /* NULL: there is none */
/* Borrowed until the cluster next changes; NULL: not there. */
const json_t *pod_object(const struct cluster *c, const char *plural, const char *ns, const char *name);

/* ---- pod_volumes.c ---- */

/* What is in a volume: {name: text}, a new reference. NULL: it is not there yet, and p->message says why. */
json_t *pod_volume(const struct cluster *c, const json_t *pod, const json_t *volume, const char *token, struct pod_plan *p);
json_t *pod_account_files(const json_t *pod, const char *token, const char *ca_pem); /* of the service account */
/* A key of a Secret or a ConfigMap: a new text; NULL: it has none of that name. */
json_t *pod_key(const json_t *object, const char *key);
