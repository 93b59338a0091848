/* Steps: `then:` waits for events, then acts on the whole fake. In order, one after the other.
 *
 *   - on: {event: grpc.message, method: GetConfiguration, direction: sent}   a pattern for an event
 *     count: 2                                     the second such event (default 1), counted from the step before
 *     after: 1s                                    and then this long
 *     do: {revoke_token: {}}  or a list
 *
 * Without `on` a step acts as soon as the one before has acted. A step begins to count when the one before begins to
 * act, so what that one brings about counts. Steps act from a timer, never from inside the event that they waited for.
 * Events: step.done {step, did: [verbs]}, step.failed {step, verb, error, reason} (the other verbs are still done).
 */
#pragma once

#include <jansson.h>

#include "lib/events/events.h"
#include "lib/loop/loop.h"

/* Does one verb; 0, or -errno and a reason for the event step.failed. */
typedef int (*perform_fn)(void *arg, const char *verb, const json_t *args, char **reterr);

struct steps;
/* list: array or NULL; kept by reference. */
struct steps *steps_start(const json_t *list, struct loop *loop, struct events *events, perform_fn fn, void *arg);
bool steps_done(const struct steps *s);
struct steps *steps_free(struct steps *s);
