/* "did you mean …?" for the names in messages. (lib/script has the same for scenarios, but stands above us.) */
#pragma once

#include <stddef.h>

struct pb_nearest {
    const char *word;
    const char *answer; /* borrowed from what was tried; NULL: nothing is near */
    size_t distance;
};

struct pb_nearest pb_nearest_start(const char *word);
void pb_nearest_try(struct pb_nearest *n, const char *candidate, const char *answer);
