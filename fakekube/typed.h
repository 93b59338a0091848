/* Values held against what is known of their kind: what an API server's decoder makes of them, and what apply says of them. */
#pragma once

#include <jansson.h>

#include "fakekube/types.h"

/* As decoding into Go's structs: takes out what is null and what is unknown, makes quantities texts, in place.
 * unknown: NULL, or a list to which the paths that were unknown are added ("spec.foo", "spec.containers[0].bar").
 * NULL, or the error, a new string: "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32". */
char *typed_decode(const struct kube_type *type, json_t *value, json_t *unknown);
/* As structured-merge-diff: NULL, or what is wrong, a new string: ".spec.foo: field not declared in schema". */
char *typed_check(const struct kube_type *type, const json_t *value);
