/* Globs as the agent's `paths` use them: ** any folders, * and ? within one, {a,b}, [a-z]. */
#pragma once

#include <stdbool.h>

bool glob_fits(const char *pattern, const char *path);
