/* What a session puts off until the callbacks of this turn are done: what it has to say, and its own end, for memory must
 * outlive the callbacks that still use it. nghttp2 is not entered again from its own callbacks; this is how. */
#pragma once

#include <stdbool.h>

#include "lib/loop/loop.h"

struct turn {
    void (*work)(void *arg);
    void (*free)(void *arg); /* of the owner's memory, and of this within it */
    void *arg;
    bool scheduled, freed;
};

void turn_schedule(struct turn *t, struct loop *loop); /* `work` once, at the end of the turn */
void turn_free(struct turn *t); /* `free` now, or in place of the work that is scheduled */
