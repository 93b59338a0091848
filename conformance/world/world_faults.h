/* The faults of one part of a world: each fake has its own, since their moments have the same names. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct events;
struct faults;

/* Those of `faults` of a part of `row`, with the row's seed; `off`: all switched off, as --faults-off has it.
 * The caller frees them. */
struct faults *world_faults(const json_t *part, const json_t *row, struct events *events, bool off);
