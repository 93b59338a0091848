/* What the fake GitLab knows: users, groups, projects, agents, tokens, jobs, settings, and what agents sent.
 *
 * One store serves REST, GraphQL, the internal API, Gitaly (repository.h) and the page. In memory; with a folder, also
 * in SQLite, and then nothing is acknowledged before it is written (a change is one transaction).
 *
 * OWNERSHIP  Everything handed out as `const struct gl_…*` is the store's, and good until the next change. Every id is > 0.
 * ERRORS     A change gives 0, or
 *              -EINVAL  what was asked is refused: *reterr says why, in GitLab's words
 *              -EPERM   `by` may not: *reterr likewise
 *              -EIO     the data folder cannot be written; nothing was changed
 *            reterr: a new array of texts, GraphQL's `errors`; REST says store_error_text(). NULL is fine.
 * by         who asks. NULL is the harness itself, who may do everything.
 * SECRETS    Tokens, job tokens and the like are kept only as SHA-256, are handed out once, and are made known to the
 *            event log, which never shows them.
 * TIMES      Milliseconds since 1970, UTC; 0: never. store_time_text() writes them as GitLab does.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/events/events.h"
#include "lib/loop/loop.h"

struct store;
struct yaml_doc;
struct problems;

struct store_options {
    const char *data_dir;  /* made if it is not there. NULL: memory only */
    struct events *events; /* borrowed; gets the secrets. NULL is fine */
    struct loop *loop;     /* borrowed; watches folders of projects. NULL: none is watched */
};
/* 0, or -errno and *reterr says what and how to cure it. */
int store_open(const struct store_options *o, struct store **ret, char **reterr);
struct store *store_free(struct store *s); /* before its loop and events. NULL is fine */
bool store_is_empty(const struct store *s); /* nobody and nothing in it: the moment to seed it */

/* ---- what there is ----------------------------------------------------------------------------------------- */

enum gl_access { GL_NO_ACCESS = 0, GL_GUEST = 10, GL_REPORTER = 20, GL_DEVELOPER = 30, GL_MAINTAINER = 40, GL_OWNER = 50 };
enum gl_visibility { GL_PRIVATE, GL_PUBLIC };
enum gl_licence { GL_FREE, GL_PREMIUM, GL_ULTIMATE };
const char *gl_access_to_string(enum gl_access a); /* "developer" */
enum gl_access gl_access_from_string(const char *s); /* GL_NO_ACCESS: it is none */

struct gl_user {
    int64_t id;
    char *username, *name;
    bool admin;
    int64_t created_at;
};

/* A personal access token, or a browser's session (authorize_proxy_user of 16.x). */
enum gl_credential_kind { GL_PERSONAL_ACCESS_TOKEN, GL_SESSION };
struct gl_credential {
    int64_t id;
    enum gl_credential_kind kind;
    const struct gl_user *user;
    char *name;
    int64_t created_at;
};

struct gl_member {
    const struct gl_user *user;
    enum gl_access level;
};
struct gl_members {
    struct gl_member *list;
    size_t n;
};

struct gl_group {
    int64_t id;
    char *path; /* full: "grp/sub" */
    char *name;
    const struct gl_group *parent; /* NULL: at the top */
    struct gl_members members;
    int64_t created_at;
};

struct gl_project {
    int64_t id;
    char *path; /* full: "grp/proj" */
    char *name, *description;
    const struct gl_group *group; /* NULL: a path of one word */
    enum gl_visibility visibility;
    char *default_branch;
    struct gl_members members;
    int64_t created_at;
    /* Where Gitaly has it: "default", "@hashed/6b/86/6b86….git" (SHA-256 of the id), "project-1". */
    char *storage_name, *relative_path, *gl_repository;
    char *folder; /* on disk, whose changes become commits; NULL: none */
    const struct gl_agent *const *agents; /* by id */
    size_t n_agents;
    struct repository *repository; /* repository.h */
};

struct gl_agent {
    int64_t id;
    char *name;
    const struct gl_project *project;     /* its configuration project */
    const struct gl_user *created_by;     /* NULL: the harness */
    int64_t created_at, updated_at;
    const struct gl_token *const *tokens; /* by id, the revoked ones too */
    size_t n_tokens;
    const json_t *config;                 /* what KAS last posted (agent_configuration); NULL: nothing yet */
    int64_t config_at;
};

struct gl_token {
    int64_t id;
    char *name, *description; /* never NULL */
    const struct gl_agent *agent;
    bool revoked;
    const struct gl_user *created_by; /* NULL: the harness */
    int64_t created_at;
    int64_t last_used_at;
};

struct gl_job {
    int64_t id, pipeline_id;
    const struct gl_project *project;
    const struct gl_user *user;
    char *status;                 /* "running", "success", "failed", "canceled" */
    char *environment, *tier;     /* slug and tier; NULL: the job has none */
    const json_t *allowed_agents; /* said by the seed; NULL: by `ci_access` of the agents' configurations */
};

/* ---- looking ----------------------------------------------------------------------------------------------- */

const struct gl_user *store_user(const struct store *s, int64_t id);
const struct gl_user *store_user_by_name(const struct store *s, const char *username);
const struct gl_group *store_group(const struct store *s, int64_t id);
const struct gl_group *store_group_by_path(const struct store *s, const char *path);
const struct gl_project *store_project(const struct store *s, int64_t id);
const struct gl_project *store_project_by_path(const struct store *s, const char *path);
/* "grp/proj" or "7": what REST and project_info take as :id. */
const struct gl_project *store_project_by_ref(const struct store *s, const char *ref);
/* By Gitaly's Repository message: the relative path decides. */
const struct gl_project *store_project_by_relative_path(const struct store *s, const char *relative_path);
const struct gl_agent *store_agent(const struct store *s, int64_t id);
const struct gl_agent *store_agent_by_name(const struct gl_project *p, const char *name);
const struct gl_token *store_token(const struct store *s, int64_t id);
const struct gl_job *store_job(const struct store *s, int64_t id);

/* All of a kind, by id; the array is the store's. */
const struct gl_user *const *store_users(const struct store *s, size_t *ret_n);
const struct gl_group *const *store_groups(const struct store *s, size_t *ret_n);
const struct gl_project *const *store_projects(const struct store *s, size_t *ret_n);
const struct gl_agent *const *store_agents(const struct store *s, size_t *ret_n);
const struct gl_job *const *store_jobs(const struct store *s, size_t *ret_n);

/* ---- who is it, and may they ------------------------------------------------------------------------------- */

/* By secret: one look-up in a hash table (some 1 µs). NULL: nobody's, or revoked.
 * store_token_use() also notes the time as `last_used_at`; that is written to disk once a minute at most. */
const struct gl_token *store_token_use(struct store *s, const char *secret, size_t len);
const struct gl_user *store_user_by_secret(struct store *s, enum gl_credential_kind kind, const char *secret, size_t len);
const struct gl_job *store_job_by_token(struct store *s, const char *secret, size_t len); /* also one that is over */

/* The highest of admin, membership of the project, membership of its groups. user NULL: GL_NO_ACCESS. */
enum gl_access store_access(const struct gl_project *p, const struct gl_user *user);
enum gl_access store_group_access(const struct gl_group *g, const struct gl_user *user);
bool store_can_see(const struct gl_project *p, const struct gl_user *user); /* public, or any access */

/* ---- changing ---------------------------------------------------------------------------------------------- */

char *store_error_text(const json_t *errors); /* "A and B"; a new string */

/* id 0 everywhere: the next one. */
struct gl_user_spec {
    int64_t id;
    const char *username, *name; /* name NULL: as username */
    bool admin;
};
int store_user_create(struct store *s, const struct gl_user_spec *spec, const struct gl_user **ret, json_t **reterr);
/* secret NULL: one is made. *ret_secret: a new string, told only here. NULL is fine. */
int store_credential_create(struct store *s, const struct gl_user *user, enum gl_credential_kind kind, const char *name,
                            const char *secret, char **ret_secret, json_t **reterr);

/* Its parents are made where they are missing. One that is there already is given back. */
int store_group_create(struct store *s, const char *path, const struct gl_group **ret, json_t **reterr);
int store_group_member_set(struct store *s, const struct gl_group *g, const struct gl_user *user, enum gl_access level);

struct gl_project_spec {
    int64_t id;
    const char *path; /* its groups are made where they are missing */
    const char *name; /* NULL: the last word of the path */
    const char *description;
    enum gl_visibility visibility;
    const char *default_branch; /* NULL: "main" */
};
int store_project_create(struct store *s, const struct gl_project_spec *spec, const struct gl_project **ret,
                         json_t **reterr);
int store_project_set_visibility(struct store *s, const struct gl_project *p, enum gl_visibility v);
int store_project_set_default_branch(struct store *s, const struct gl_project *p, const char *branch);
int store_project_delete(struct store *s, const struct gl_project *p); /* with its agents, their tokens, its jobs */
/* GL_NO_ACCESS: no member any more. */
int store_project_member_set(struct store *s, const struct gl_project *p, const struct gl_user *user,
                             enum gl_access level);

/* Errors: "Name can't be blank", "Name has already been taken", "You have insufficient permissions …" … */
int store_agent_create(struct store *s, const struct gl_user *by, const struct gl_project *p, int64_t id,
                       const char *name, const struct gl_agent **ret, json_t **reterr);
int store_agent_delete(struct store *s, const struct gl_user *by, const struct gl_agent *a, json_t **reterr);
/* What KAS posts. From it follow store_allowed_agents() and store_authorize_proxy_user(). config: borrowed. */
int store_agent_configure(struct store *s, const struct gl_agent *a, const json_t *config);

struct gl_token_spec {
    int64_t id;
    const char *name, *description; /* description may be NULL */
    const char *secret;             /* NULL: 50 random URL-safe characters */
};
int store_token_create(struct store *s, const struct gl_user *by, const struct gl_agent *a,
                       const struct gl_token_spec *spec, const struct gl_token **ret, char **ret_secret,
                       json_t **reterr);
int store_token_revoke(struct store *s, const struct gl_user *by, const struct gl_token *t, json_t **reterr);
int store_token_delete(struct store *s, const struct gl_user *by, const struct gl_token *t, json_t **reterr);

struct gl_job_spec {
    int64_t id, pipeline_id; /* 0: the next ones */
    const struct gl_project *project;
    const struct gl_user *user;
    const char *status;             /* NULL: "running" */
    const char *environment, *tier; /* NULL: none; tier without environment is ignored */
    const json_t *allowed_agents;   /* [{"agent": id, "configuration": {…}}]; NULL: by `ci_access`. Borrowed */
    const char *secret;             /* NULL: one is made */
};
int store_job_create(struct store *s, const struct gl_job_spec *spec, const struct gl_job **ret, char **ret_secret,
                     json_t **reterr);
int store_job_set_status(struct store *s, const struct gl_job *j, const char *status);

/* ---- settings ---------------------------------------------------------------------------------------------- */

enum gl_licence store_licence(const struct store *s); /* GL_ULTIMATE unless told otherwise */
int store_set_licence(struct store *s, enum gl_licence l);
bool store_licensed(const struct store *s, const char *feature); /* "cilium_alerts", "security_dashboard" */
/* Feature flags. On by default: kubernetes_agent_internal_api (off: 404 of everything), kubernetes_agent_on_gitlab_com
 * (off for a project: 403). Off by default: any other, such as cluster_agents_limit_tokens_created (two active tokens
 * at most). p NULL: for all; a project's own value is stronger. */
bool store_flag(const struct store *s, const char *flag, const struct gl_project *p);
int store_set_flag(struct store *s, const char *flag, const struct gl_project *p, bool on);

/* ---- answers that several rooms need ----------------------------------------------------------------------- */

/* The body of GET /api/v4/job/allowed_agents (facts 1.3.5). A new reference. */
json_t *store_allowed_agents(const struct store *s, const struct gl_job *j);
/* The body of POST …/authorize_proxy_user (1.3.7). 0, or -ENOENT: no such agent (404), -EACCES: nobody's key (401),
 * -EPERM: may not use this agent (403), -EINVAL: no such kind of access. access_type: "session_cookie" or
 * "personal_access_token". */
int store_authorize_proxy_user(struct store *s, int64_t agent_id, const char *access_type, const char *access_key,
                               json_t **ret);

/* ---- what KAS and agents sent ------------------------------------------------------------------------------ */

enum gl_received {
    GL_ALERT,         /* modules/cilium_alert */
    GL_VULNERABILITY, /* modules/starboard_vulnerability; has a `uuid`, and `resolved` when a later scan lacks it */
    GL_SCAN_RESULT,   /* …/scan_result: {"uuids": […]} */
    GL_USAGE,         /* usage_metrics, each as it came; agent NULL */
    _GL_RECEIVED_MAX
};
#define GL_RECEIVED_KEPT 10000 /* of a kind; the oldest go */
/* payload: borrowed. agent: whose token it was; NULL for GL_USAGE. */
int store_receive(struct store *s, enum gl_received kind, const struct gl_agent *agent, const json_t *payload,
                  int64_t *ret_id);
/* The same vulnerability (agent, scanner, name, location, identifiers) has the same uuid, and stands here once. */
int store_receive_vulnerability(struct store *s, const struct gl_agent *agent, const json_t *payload,
                                char ret_uuid[37]);
/* [{"id", "agent_id", "project_id", "received_at": "2026-…Z", "payload": {…}, "uuid", "resolved"}], oldest first.
 * agent NULL: of all. A new reference. */
json_t *store_received(const struct store *s, enum gl_received kind, const struct gl_agent *agent);
size_t store_received_count(const struct store *s, enum gl_received kind);
/* {"counters": {"gitops_sync_count": 12, …}, "unique_counters": {name: [ids…]}}: everything of GL_USAGE together. A new
 * reference. store_usage_valid(): no counter is negative or no number (GitLab: 400). */
json_t *store_usage(const struct store *s);
bool store_usage_valid(const json_t *payload);

/* ---- knowing of changes ------------------------------------------------------------------------------------ */

enum store_kind {
    STORE_USER, STORE_CREDENTIAL, STORE_GROUP, STORE_PROJECT, STORE_AGENT, STORE_TOKEN, STORE_JOB, STORE_SETTING,
    STORE_COMMIT, STORE_RECEIVED, _STORE_KIND_MAX
};
enum store_op { STORE_CREATED, STORE_UPDATED, STORE_DELETED };
struct store_change {
    enum store_kind kind;
    enum store_op op;
    int64_t id, project_id, agent_id; /* 0: has none */
    const char *name;                 /* of a setting; "revoked", "used", "configured", "visibility", … of an update;
                                       * the branch of a commit; "alert" … of what was received */
    const char *commit;               /* STORE_COMMIT */
};
/* {"kind":"token","op":"updated","id":1,"name":"revoked",…}: facts of an event. A new reference. */
json_t *store_change_json(const struct store_change *c);
/* Called after the change was made and written. What was deleted is gone already. A subscriber may change the store. */
typedef void (*store_fn)(void *arg, const struct store_change *change);
struct store_sub;
struct store_sub *store_subscribe(struct store *s, store_fn fn, void *arg);
struct store_sub *store_unsubscribe(struct store_sub *sub); /* NULL is fine; before store_free() */

/* ---- seed -------------------------------------------------------------------------------------------------- */

/* $defs/gitlabSeed of fixtures/scenario.schema.json; NULL or {}: user root, project grp/proj, agent my-agent with one
 * token. doc: where `seed` stands, for the places of mistakes; NULL: its path in the seed is told instead. folder: what
 * relative paths of `folder:` are relative to; NULL: the current one.
 * 0, or -EINVAL and problems. *ret_secrets: {"agents": {"my-agent": ["TOKEN", …]}, "users": {"root": ["PAT", …]}, "sessions":
 * {"root": […]}, "jobs": ["TOKEN", …]}, a new reference; NULL is fine. */
int store_seed(struct store *s, const json_t *seed, const struct yaml_doc *doc, const char *folder,
               struct problems *problems, json_t **ret_secrets);

/* ---- small things ------------------------------------------------------------------------------------------ */

int64_t store_now(void);
#define STORE_TIME_LEN 25 /* "2026-11-23T02:46:14.850Z" and its NUL */
void store_time_text(int64_t ms, char out[STORE_TIME_LEN]);
