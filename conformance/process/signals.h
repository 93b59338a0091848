/* Signals by name. */
#pragma once

#include <jansson.h>

/* "TERM", "SIGTERM", 15, or {signal: one of these}; -EINVAL. */
int signal_parse(const json_t *args);
