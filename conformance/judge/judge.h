/* The judge: reads events, says whether what a scenario expects has come true. Pure: no file, no clock, no
 * process.
 *
 * GLOSSARY
 *   want      one expectation: a pattern over log lines or events that must be seen, or must never be
 *   settled   nothing that may still come can change the outcome (but time: `lasts`)
 *   ending    from the moment the component is told to end, only its exit counts
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct judge;

enum judge_state {
    JUDGE_OPEN, /* something is still to be seen */
    JUDGE_MET,  /* everything has been seen; what must never be seen has not */
    JUDGE_LOST  /* it can only fail from here */
};

/* expect: of a resolved row (scenario_row()). healthy: what `healthy: true` stands for, from the component's
 * profile: {log, wire, never}; NULL if none. Both are kept by reference. who: the component under test, whose lines
 * are meant where a pattern does not say `who`; borrowed; NULL: anybody's. NULL and *reterr for an expectation that is
 * none. */
struct judge *judge_new(json_t *expect, json_t *healthy, const char *who, char **reterr);
struct judge *judge_free(struct judge *j);

/* Each event in order. Log lines are {event: "log.line", line: {…}, raw: "…"}; the component's end is
 * {event: "sut.exit", code, signal}; sut.stopped is one that a step brought about, sut.ended one after which somebody starts it again, and
 * sut.waits says that nobody has started it: these are not judged. */
void judge_event(struct judge *j, const json_t *event);
enum judge_state judge_state(const struct judge *j);
/* How long it must be watched in any case, for what must never be seen; 0: not. */
int64_t judge_lasts_ms(const struct judge *j);
int64_t judge_within_ms(const struct judge *j);
void judge_ending(struct judge *j);

/* {"pass": bool, "reason": "one line", "unmet": [{"what", "expected", "seen", "nearest", "why"}]}; new
 * reference. */
json_t *judge_verdict(const struct judge *j);
