/* `conform list --requirements`: what is required of an agent, who judges it, and what each real version
 * did. */
#pragma once

#include "conformance/command/options.h"
#include "conformance/suite.h"

int list_requirements(const struct suite *s, const struct options *o);
