/* A world: one row, played. Fakes, the component under test, one loop, one event log, a judge. Its namespaces are
 * there already.
 *
 * The job is one JSON object that `conform run` gives through its zygote (worlds.h):
 *   row        what scenario_row() answered          name      "agentk-14.7/kas-address/refused/ws@cure"
 *   component  {name, kind, version, path, mutant}   profile   resolved for the version
 *   dir        folder for events.jsonl, sut.log      token     of the agent, made for this run
 *   actors     {agent: component with its profile}   job_token of a CI job, likewise; both with a KAS under test only
 *   namespace, faults_off, keep, verbose: bool       stop_ms   from SIGTERM to SIGKILL
 *   kubectl    path of the one that the person of the row has; with a part `person` only
 *   kube_real  {apiserver, etcd}: programs of a real Kubernetes API; none: the fake one
 *   linger_ms  to go on when everything was seen
 *
 * Told on standard output, one JSON object a line:
 *   {"state": "up"}               the component has shown a sign of life: the next one may start
 *   {"state": "judged", "pass", "reason", "unmet", "seconds", "exit": {code, signal, lifetime_ms}}
 */
#pragma once

#include <jansson.h>

struct pki;

/* Plays the job, in this process; what is in `pki` already need not be minted. The exit code of the process: 0 however it was judged; 3 if the world could not be made,
 * which was told as {"state": "broken", "reason"}. */
int world_row(json_t *job, struct pki *pki);
