/* What the component under test uses meanwhile, and whether that is within `expect.bounds`.
 *
 *   rss          most memory that was resident (VmHWM)      limit "120MiB"
 *   descriptors  most that were open at any look            limit 60
 *   goroutines   by its metrics endpoint, when it is judged limit 200; only where the profile says `metrics`
 *   cpu          user and system time until it is judged    limit "2s"
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct bounds {
    json_t *limits;    /* owned; {rss, descriptors, goroutines, cpu}, those that are judged */
    int64_t rss_bytes; /* -1, as the next three: never seen */
    int64_t descriptors, goroutines, cpu_ms;
    uint64_t looked_ns; /* last, for bounds_look() */
    const char *name;   /* of the program, among the children of this process; NULL: there is but one. Borrowed */
};

/* wanted: expect.bounds: an object, true (the profile's alone) or NULL; defaults: the profile's `bounds` or NULL.
 * Keys that `wanted` does not have are the defaults'. -EINVAL and *reterr. */
int bounds_init(struct bounds *b, const json_t *wanted, const json_t *defaults, char **reterr);
void bounds_done(struct bounds *b);

/* folder: of the process, /proc/PID. What cannot be read stays as it was. */
void bounds_sample(struct bounds *b, const char *folder);
/* The same for the child of this process that is meant, but not more often than each 20 ms, unless `now`. */
void bounds_look(struct bounds *b, bool now);
/* Asks http://127.0.0.1:PORT/metrics, waiting 300 ms at most. What answers, but has no goroutines, is no Go program: then
 * they are not judged. */
void bounds_ask(struct bounds *b, int port);
/* "go_goroutines 27" in the text of a metrics endpoint, or -1. */
int64_t bounds_goroutines(const char *metrics);

/* {rss, descriptors, goroutines, cpu_ms}; null: not seen. New reference. */
json_t *bounds_used(const struct bounds *b);
/* Adds to the judge's verdict `used`, and what is beyond its limit to `unmet`: then it does not pass. */
void bounds_judge(const struct bounds *b, json_t *verdict);
