/* What counts as a place for a value: one rule for filling and for checking. */
#pragma once

#include <stddef.h>

/* Length of the name if p stands at "{name}", else 0. Names are small letters, digits and _: JSON, regular expressions
 * and globs in a scenario keep their braces. */
size_t template_name(const char *p);
