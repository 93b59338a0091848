/* Which documented failure is a log line? By the `explain:` patterns of the scenarios. */
#pragma once

#include <jansson.h>

#include "conformance/suite.h"

struct explainer;

/* nothing_wrong: patterns of lines that a healthy component prints; kept by reference. The suite must
 * outlive it. */
struct explainer *explainer_new(const struct suite *s, json_t *nothing_wrong);
struct explainer *explainer_free(struct explainer *e);

enum explained { EXPLAINED_FAILURE, EXPLAINED_NOTHING_WRONG, EXPLAINED_UNKNOWN };

/* raw: a line as it was read, perhaps with something before its JSON. *ret_scenarios: those that it is the
 * sign of, the most specific first, equals together; NULL-terminated, the caller frees the array. */
enum explained explain_line(const struct explainer *e, const char *raw,
                            const struct scenario ***ret_scenarios);
