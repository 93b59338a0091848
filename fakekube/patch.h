/* The three kinds of patches that are made of an object alone; server-side apply is apply.h. */
#pragma once

#include <jansson.h>

#include "fakekube/types.h"

/* Each gives a new object; *ret NULL and the reason, a new string, where the patch is none or does not fit. */
char *patch_json(const json_t *object, const json_t *patch, json_t **ret);  /* RFC 6902 */
char *patch_merge(const json_t *object, const json_t *patch, json_t **ret); /* RFC 7396 */
/* Kubernetes' own: lists merge by their keys; $patch, $retainKeys, $deleteFromPrimitiveList, $setElementOrder. */
char *patch_strategic(const struct kube_type *type, const json_t *object, const json_t *patch, json_t **ret);
