/* A fake GitLab: its HTTP side. Made from the `gitlab:` part of a scenario.
 *
 * KAS asks it who an agent is (/api/v4/internal/kubernetes/…, /api/v4/job/allowed_agents), people ask it for agents and
 * tokens (REST, GraphQL, a page). What it knows stands in a store (store.h), which Gitaly shares.
 *
 * The keys it reads (all have defaults; fixtures/scenario.schema.json describes them):
 *   version: "14.7"          which calls there are ("13.6" … "16.5"). Without it: all
 *   seed: {…}                who and what is in the store, if gitlab_start() has to make one
 *   kas_secret: BASE64       32 bytes, shared with KAS; default: made for this run
 *   gitaly: {address: "tcp://…", token, features: {…}}       what agent_info says of Gitaly
 *   licence: free|premium|ultimate
 *   flags: {kubernetes_agent_internal_api: false}            see store_flag()
 *   clock: "+10m"            how far its clock is before ours ("-10m": behind); JWTs are judged by it
 *   policies: {configurations: […], scan_execution: […]}     what modules/starboard_vulnerability is told
 *   certificate, tls_options as of kas (lib/script/tls_setup.h)
 *   limits: {connections: 20000, header: 64KiB, body: 1MiB}
 *   Faults are at tcp, tls and http moments, with `who: gitlab`.
 */
#pragma once

#include <jansson.h>

#include "fakegitlab/store.h"
#include "lib/events/events.h"
#include "lib/loop/loop.h"
#include "lib/net/cert.h"
#include "lib/script/faults.h"

struct gitlab;

struct gitlab_listener_spec {
    const char *transport; /* "http" or "https" */
    const char *host;      /* numeric; NULL: 127.0.0.1 */
    uint16_t port;         /* 0: any */
};

struct gitlab_options {
    struct loop *loop;
    struct events *events;
    struct faults *faults;     /* NULL: none */
    struct pki *pki;           /* borrowed; needed for https */
    uint64_t *next_conn_id;
    const char *who;           /* in the log; NULL: "gitlab" */
    struct store *store;       /* borrowed; NULL: one in memory, made from `seed` */
    const json_t *spec;        /* the `gitlab:` object; borrowed; NULL: all defaults */
    const struct gitlab_listener_spec *listeners; /* transport NULL ends */
};

/* 0, or -errno, and *reterr says what and how to cure it. */
int gitlab_start(const struct gitlab_options *o, struct gitlab **ret, char **reterr);
/* Ends its connections. They and it are freed at the end of the loop's turn, at the latest by loop_free(): what
 * gitlab_start() was given must live until then, so free the loop before events, faults, store and pki. */
struct gitlab *gitlab_free(struct gitlab *g);

json_t *gitlab_listeners(const struct gitlab *g); /* [{"transport","address"}], as kas_listeners() */
const char *gitlab_ca_pem(const struct gitlab *g); /* what must be trusted for its certificate; NULL: no TLS. Borrowed */
struct store *gitlab_store(const struct gitlab *g);
/* The text of the file that KAS has as gitlab.authentication_secret_file (base64, one line). Borrowed. */
const char *gitlab_kas_secret(const struct gitlab *g);
/* What store_seed() told of secrets, if gitlab_start() made the store; else NULL. Borrowed. */
const json_t *gitlab_secrets(const struct gitlab *g);
/* What agent_info says of Gitaly from now on, for a Gitaly whose port is known later. NULL: as it was. */
void gitlab_set_gitaly(struct gitlab *g, const char *address, const char *token);

/* Verbs of steps and of the control API:
 *   create_agent {project, name}            delete_agent NAME|{agent: NAME|id, project}
 *   create_token {agent, token, name}       revoke_token NAME|{agent, token: id}     delete_token likewise (without
 *                                           `token`: all of that agent's)
 *   commit {project, branch, files: {path: text|null}, message, id}
 *   set_visibility {project, visibility}    set_default_branch {project, branch}     delete_project PROJECT
 *   set_licence TIER    set_flag {flag, on, project}    set_job {job: id, status}
 *   set_secret {kas_secret}: another one than KAS has    set_clock "+10m"            set_gitaly {address, token}
 * and those that any server has: lib/script/verbs.h.
 * 0, or -errno and *reterr (NULL is fine). */
int gitlab_perform(void *gitlab, const char *verb, const json_t *args, char **reterr);
json_t *gitlab_state(const struct gitlab *g); /* what there is and what was received, for the control API */
