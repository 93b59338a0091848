/* What a component prints in one of several ways, as chance within it decides: the profile's `races`.
 *
 *   races:
 *     NAME: {place: REGEX, chance: REGEX}
 *
 * Go's network code tells of a connection that dies under it what the goroutine met that came first. Golden
 * logs hold what was observed, and a text that is rare enough was not. So two lines count as one if they are
 * equal but for what `place` marks (its group, or the whole match) in one of their texts, and if at least
 * one of the two says there what `chance` fits: a text of which it is known that it comes in place of
 * another. Two texts that are both no such chance stay different: a wrong cause is still a wrong cause. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct races;

/* `profile` is the resolved profile's `races`, or NULL: then nothing is the same. NULL and *reterr: not as
 * above. */
struct races *races_new(const json_t *profile, char **reterr);
struct races *races_free(struct races *r);
/* Whether one line may stand in place of the other. Both are normalised; equal lines are the same. */
bool races_same(const struct races *r, const json_t *a, const json_t *b);
