/* Which rows are meant: path-like patterns with * (within a part) and ** (across parts), @cure for one cure.
 */
#pragma once

#include <stdbool.h>

/* '*' and '?' stay within a part of the path, "**" crosses. A pattern that ends in '/' means all below. */
bool glob_path(const char *pattern, const char *path);

/* Does "area/name@cure" (cure NULL: none) fit "PATTERN" or "PATTERN@CURE-PATTERN"? A pattern without @ takes
 * the scenario and all of its cures; one without ":ENTRY" all entries of its matrix. */
bool select_fits(const char *pattern, const char *id, const char *cure);
