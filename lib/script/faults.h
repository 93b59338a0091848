/* Faults: data from a scenario that answers the moments of the layers.
 *
 *   - id: NAME                    optional; for `then: {fault_on: NAME}` and the control API
 *     at: http.request            a moment
 *     when: {path: /-/x}          a pattern for the moment's facts (also conn: 1, stream, transport)
 *     after: 2                    the first two times nothing happens        (dqlite's fault primitive)
 *     times: 1                    then so often; default for ever
 *     every: 3                    each third only
 *     chance: 0.5                 from the scenario's seed
 *     do: {verb: args} or [{…}, …]
 *     off: true                   until switched on
 * The first fault that fits answers; those behind it do not see (nor count) that moment. A hit is the event
 * fault.hit {id, at, n}; a fault without an id is called "#1", "#2", … in the order of the list.
 * `transport` is known once the layers stand that tell it: not at tcp.accept nor during TLS.
 */
#pragma once

#include "lib/net/conn.h"

struct faults;

/* list: array or NULL; kept by reference. */
struct faults *faults_new(const json_t *list, struct events *events, uint64_t seed);
struct faults *faults_free(struct faults *f);
struct moments *faults_moments(struct faults *f);
int faults_switch(struct faults *f, const char *id, bool on); /* -ENOENT */
void faults_all_off(struct faults *f); /* the self-check that a scenario fails without its faults */
int faults_add(struct faults *f, const json_t *fault);        /* at the front; control API. -EINVAL: none */
json_t *faults_json(const struct faults *f);                  /* [{id, at, on, hits}] for the control API */
