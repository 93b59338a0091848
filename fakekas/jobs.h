/* The CI jobs that this KAS's GitLab knows: what it would answer when KAS asks which agents a job's token may use. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "lib/events/events.h"

/* An entry of `kas.kubernetes_api.jobs`, all of it optional:
 *   {token, status: running|success|failed|canceled|not-found|unavailable, id, pipeline, project, groups: [id], user,
 *    environment: {slug, tier}, agents: [{id, config_project, access_as: {agent|ci_job: {}, impersonate: {…}}}]}
 * Without `agents` it may use every agent, and config_project and access_as stand beside `id` for all of them. */
struct job {
    char *token;         /* owned */
    const char *status;  /* static */
    int answer;          /* GitLab's status: 200; 403 when it is over, 404, 500 */
    json_t *spec;        /* owned */
};

struct jobs;
/* list: NULL or empty: one job that runs, with a token made for this run. Tokens become secrets of `events`. 0, or -EINVAL and *reterr. */
int jobs_new(const json_t *list, struct events *events, struct jobs **ret, char **reterr);
struct jobs *jobs_free(struct jobs *j);
struct job *jobs_by_token(struct jobs *j, const char *token); /* NULL: nobody's */
struct job *jobs_first(const struct jobs *j);
/* Which agents may it use? {config_project, access_as} of this one, borrowed; NULL: not this one. */
const json_t *job_agent(const struct job *j, int64_t agent_id);
/* -EINVAL: no status. */
int job_set_status(struct job *j, const char *status);
/* What the agent is to do on behalf of: an ImpersonationConfig, {} for the agent itself. New reference. tiers: an
 * environment's tier is told too (15.7). */
json_t *job_impersonation(const struct job *j, int64_t agent_id, const json_t *agent, bool tiers);
