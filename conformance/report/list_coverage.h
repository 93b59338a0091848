/* `conform list --coverage`: what users meet (fixtures/coverage.yaml), which scenario shows it, what cures
 * it, and which versions of real agents and KAS have met it. Ends with 1 if a row is blank without a reason,
 * or a reason is stale. */
#pragma once

#include "conformance/command/options.h"
#include "conformance/suite.h"

int list_coverage(const struct suite *s, const struct options *o);
