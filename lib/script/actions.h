/* `do:` of a fault or a step as a list of actions.
 *
 *   do: reset                             one verb without arguments
 *   do: {delay: 2s, reset: {}}            several, in the order written
 *   do: [{delay: 2s}, {respond: {…}}]
 */
#pragma once

#include "lib/net/conn.h"

/* NULL if `what` holds no verb. Verbs and arguments are borrowed from `what`, which must outlive the list; arguments
 * that were left out or null are an empty object. */
struct action *actions_new(const json_t *what);
struct action *actions_free(struct action *a);
