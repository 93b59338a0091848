/* `conform list --faults`: the vocabulary of faults, with the scenarios that use each word. */
#pragma once

#include "conformance/command/options.h"
#include "conformance/suite.h"

int list_faults(const struct suite *s, const struct options *o);
