/* What a KAS under test asks: the fake GitLab at 10.60.3.1 and the fake Gitaly at 10.60.4.1:8075, over one store.
 *
 * The store has what `gitlab: {seed}` says (by default user root, project grp/proj, agent my-agent). The first agent of the
 * project with the least id is also known by the row's token, and a running job by {job_token}: so that scenarios need not
 * name secrets.
 */
#pragma once

#include <jansson.h>

#include "lib/events/events.h"
#include "lib/loop/loop.h"
#include "lib/net/cert.h"

struct world_gitlab;

struct world_gitlab_options {
    struct loop *loop;
    struct events *events;
    struct pki *pki;
    uint64_t *next_conn_id;
    const json_t *row;
    const char *token, *job_token, *kas_secret; /* kas_secret: base64 of 32 bytes */
    bool faults_off;
};

/* -errno and *reterr. */
int world_gitlab_start(const struct world_gitlab_options *o, struct world_gitlab **ret, char **reterr);
/* Ends connections; the loop is freed after it. */
void world_gitlab_stop(struct world_gitlab *g);
/* Frees the rest, after the loop. NULL is fine; always NULL back. */
struct world_gitlab *world_gitlab_free(struct world_gitlab *g);
/* part: "gitlab" or "gitaly"; what: a verb, or {verb: args}, or a list of such. */
int world_gitlab_perform(struct world_gitlab *g, const char *part, const json_t *what, char **reterr);
int world_gitlab_switch(struct world_gitlab *g, const char *fault, bool on); /* -ENOENT */
bool world_gitlab_linked(void); /* false: this build has neither */
