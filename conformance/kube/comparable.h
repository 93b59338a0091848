/* An answer of a Kubernetes API, without what no two servers say alike. */
#pragma once

#include <jansson.h>

/* entry: of replay_play(). Identifiers, times and versions become <uid>, <time>, <version>; lists of what has a name
 * become objects by that name, so that one more at the beginning does not move all others; descriptions of OpenAPI go.
 * New reference. */
json_t *comparable(const json_t *entry);
/* What both calls are known by: "GET /api/v1/namespaces", without what a query or a name has by chance. A new string. */
char *comparable_call(const json_t *entry);
