/* The job of a world (world.h), made from a row and from what was asked for. */
#pragma once

#include <jansson.h>

#include "conformance/suite.h"

json_t *job_make(const struct row *row, const struct options *o); /* new reference; it holds secrets */
