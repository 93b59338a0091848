/* Who stands beside a KAS under test: which agent, and whether the machine has what the row needs. */
#pragma once

#include <jansson.h>

#include "conformance/suite.h"

/* spec: the row, resolved. *ret: the agent, or NULL if the row has none. Why the row cannot be played, a new string with the
 * cure; NULL: it can. */
char *beside_find(const struct suite *suite, const struct component *kas, const json_t *spec,
                  const struct component **ret);
