/* "120MiB", "64 KiB", "0B", "4096": bytes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

bool size_parse(const char *text, int64_t *ret);
