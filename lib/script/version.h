/* Versions and ranges: "agentk >= 13.9, < 16", "14.1 - 14.7", ">=16.4 || head". `head` is above all.
 *
 * A bound is as exact as it is written: "<= 14.7", "14.1 - 14.7" and "14.7" hold for 14.7.3 too, "> 14.7" does not, and
 * "16.0.0-rc1" is in ">= 16.0". Terms one after the other, with or without a comma, are "and"; "||" is "or". */
#pragma once

#include <stdbool.h>

int version_compare(const char *a, const char *b);      /* "14.7" = "v14.7.0" */
/* -EINVAL: no range. component may be NULL or must be named by the range if the range names one. */
int version_in(const char *range, const char *component, const char *version, bool *ret);
/* Does one of its alternatives name this component? A range that is none names nobody. */
bool version_range_names(const char *range, const char *component);
