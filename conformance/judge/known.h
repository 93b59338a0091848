/* Known failures (fixtures/known-failing.yaml):
 *
 *   - id: area/name           a pattern, with @cure if only that
 *     versions: agentk < 14      range of versions
 *     transports: [ws, wss]      default all
 *     reason: …                  why, in one line
 *     expires: 2027-06-30        after this day it is an error
 *     symptom: {has: …}          pattern over the verdict's reason: fails otherwise, fails truly
 */
#pragma once

#include "conformance/suite.h"

struct known;
/* A missing file is an empty list. NULL: problems were printed on standard error. */
struct known *known_load(const char *fixtures);
struct known *known_free(struct known *k);
/* May change PASS and FAIL into KNOWN-FAILING or FAIL with the list's own reason. */
void known_apply(const struct known *k, struct row *r);
