/* Time: monotonic for order and durations, wall for people. */
#pragma once

#include <stdint.h>

#define WALL_LEN 25 /* "2026-11-23T02:46:14.850Z" and its NUL */

uint64_t clock_ns(void);              /* CLOCK_MONOTONIC, nanoseconds */
void clock_wall(char out[WALL_LEN]);  /* now, UTC, milliseconds */

/* "250ms", "15s", "1.5s", "2m", "1h" -> milliseconds. 0, or -EINVAL and *ret_ms untouched. */
int duration_parse(const char *text, int64_t *ret_ms);
/* The same with a sign before it, as a clock is before ("+10m") or behind ("-30s"); without one it is before. */
int duration_parse_signed(const char *text, int64_t *ret_ms);
