/* Which rows are meant: path-like patterns with * (within a part) and ** (across parts), @cure for one cure.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "conformance/command/options.h"

/* '*' and '?' stay within a part of the path, "**" crosses. A pattern that ends in '/' means all below. */
bool glob_path(const char *pattern, const char *path);

/* Does "area/name@cure" (cure NULL: none) fit "PATTERN" or "PATTERN@CURE-PATTERN"? A pattern without @ takes
 * the scenario and all of its cures; one without ":ENTRY" all entries of its matrix. */
bool select_fits(const char *pattern, const char *id, const char *cure);
/* Is this transport meant? None named: any. */
bool select_transport(const struct options *o, const char *transport);
/* Are the patterns, transports and what was said of cures met? pattern_used, or NULL: a flag for each pattern, set where it
 * fits, whatever the rest says. */
bool select_row(const struct options *o, const char *id, const char *transport, const char *cure, bool *pattern_used);
/* about: scenario_json(). Has it one of these tags or layers? No tags: true. */
bool select_tagged(const json_t *about, const struct strings *tags);
