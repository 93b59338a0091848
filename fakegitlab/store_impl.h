/* What the files of the store share; nobody outside this folder includes it.
 *
 * A change goes so: look whether it may be, change the memory, write the rows between db_begin() and db_commit(), take the
 * change back if that failed, tell the subscribers. What is made new is put on its shelf only once it is written.
 */
#pragma once

#include <sys/queue.h>

#include "fakegitlab/database.h"
#include "fakegitlab/hash.h"
#include "fakegitlab/repository.h"
#include "fakegitlab/shelf.h"
#include "fakegitlab/store.h"
#include "lib/base/mem.h"

/* What is public of each stands first, and its id first in that. */
struct credential {
    struct gl_credential pub;
    uint8_t hash[SHA256_LEN];
};
struct project {
    struct gl_project pub;
    struct lookup agents_by_name;
};
struct token {
    struct gl_token pub;
    uint8_t hash[SHA256_LEN];
    int64_t saved_at; /* `last_used_at` as it is on disk */
};
struct job {
    struct gl_job pub;
    uint8_t hash[SHA256_LEN];
};
struct received {
    int64_t id, agent_id, project_id, received_at;
    json_t *payload; /* owned */
    char *uuid;      /* of a vulnerability. Owned; NULL: has none */
    bool resolved;
};

struct store_sub {
    struct store *store;
    store_fn fn;
    void *arg;
    bool gone;
    LIST_ENTRY(store_sub) entry;
};

struct git_object;

struct store {
    struct events *events; /* borrowed; may be NULL */
    struct loop *loop;     /* borrowed; may be NULL */
    struct database *db;   /* owned; NULL: in memory only */
    struct hasher *hasher; /* owned */
    struct shelf users, credentials, groups, projects, agents, tokens, jobs;
    struct lookup users_by_name, groups_by_path, projects_by_path, projects_by_relative_path,
        tokens_by_hash, credentials_by_hash, jobs_by_hash;
    struct shelf received[_GL_RECEIVED_MAX];
    int64_t last_pipeline;
    json_t *settings;           /* owned: {"licence": …, "flag:NAME", "flag:NAME:PROJECT"} */
    struct git_object *objects; /* objects.h: all, by id */
    struct git_object *fresh;   /* those that the commit at hand has made, or must write */
    LIST_HEAD(, store_sub) subs;
    int telling; /* how many store_tell() are on the stack */
    size_t n_secrets;
};

/* ---- store.c */
void store_tell(struct store *s, struct store_change change);
/* The event log will not show it. */
void store_keep_secret(struct store *s, const char *secret, const char *name);
void say(json_t **reterr, const char *format, ...) __attribute__((format(printf, 2, 3)));
int say_unwritten(json_t **reterr); /* -EIO, and why */
size_t text_length(const char *utf8); /* in letters */
/* A row is read leniently: what is missing is 0 or NULL. */
int64_t row_int(const json_t *row, const char *key);
const char *row_text(const json_t *row, const char *key);
/* "taken by another": shelves never give an id twice, also after a restart. */
void store_save_last(struct store *s, const char *kind, const struct shelf *shelf, int64_t id);

/* ---- Reading what is on disk: one function a table, for db_each(). arg: the store */
int user_load(void *store, int64_t id, const char *id_text, const json_t *row);
int credential_load(void *store, int64_t id, const char *id_text, const json_t *row);
int group_load(void *store, int64_t id, const char *id_text, const json_t *row);
int project_load(void *store, int64_t id, const char *id_text, const json_t *row);
int agent_load(void *store, int64_t id, const char *id_text, const json_t *row);
int token_load(void *store, int64_t id, const char *id_text, const json_t *row);
int job_load(void *store, int64_t id, const char *id_text, const json_t *row);
int received_load(void *store, int64_t id, const char *id_text, const json_t *row);
int setting_load(void *store, int64_t id, const char *id_text, const json_t *row);
int object_load(void *store, const char *oid, int type, const void *bytes, size_t len);
int commit_load(void *store, int64_t id, const char *id_text, const json_t *row);
int ref_load(void *store, int64_t id, const char *id_text, const json_t *row);

/* ---- store_members.c: of groups and projects */
json_t *members_json(const struct gl_members *m);                    /* {"username": 40} */
void members_read(const struct store *s, const json_t *j, struct gl_members *ret);
bool members_set(struct gl_members *m, const struct gl_user *user, enum gl_access level); /* did it change? */
enum gl_access members_level(const struct gl_members *m, const struct gl_user *user);

/* ---- Each frees one, which is on no shelf any more. */
void user_free(struct gl_user *u);
void credential_free(struct credential *c);
void group_free(struct gl_group *g);
void project_free(struct store *s, struct gl_project *p);
void agent_free(struct gl_agent *a);
void token_free(struct token *t);
void job_free(struct job *j);
void received_free(struct received *r);

/* ---- store_projects.c */
void project_put_row(struct store *s, const struct gl_project *p);
int project_save(struct store *s, const struct gl_project *p); /* 0 or -EIO: then the memory is to be taken back */

/* ---- store_agents.c, store_tokens.c, store_jobs.c, repository.c: what project_delete() does to what belongs to it */
void agent_drop_rows(struct store *s, const struct gl_agent *a); /* within a transaction */
void agent_drop(struct store *s, struct gl_agent *a);            /* from memory; frees it */
void token_drop(struct store *s, struct token *t);
void job_drop(struct store *s, struct job *j);
void repository_drop_rows(struct store *s, const struct gl_project *p);

/* The owner may write what everybody else reads. */
static inline struct gl_project *project_mut(const struct gl_project *p)
{
    return (struct gl_project *)p;
}
static inline struct gl_agent *agent_mut(const struct gl_agent *a)
{
    return (struct gl_agent *)a;
}
static inline struct token *token_mut(const struct gl_token *t)
{
    return (struct token *)t;
}
