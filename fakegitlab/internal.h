/* What the files of the fake GitLab's HTTP side share; nobody outside this folder includes it.
 *
 * GLOSSARY
 *   call     one HTTP request that is being answered (call.c)
 *   route    which calls there are: method, path, who may ask, handler (routes.c)
 *   internal what only KAS may ask, with its JWT: /api/v4/internal/kubernetes/…
 */
#pragma once

#include <jansson.h>

#include "fakegitlab/gitlab.h"
#include "fakegitlab/jwt.h"
#include "fakegitlab/page/web_session.h"
#include "lib/proto/uri.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/net/listener.h"
#include "lib/proto/http1.h"
#include "lib/script/tls_setup.h"
#include "lib/script/verbs.h"

#define KAS_ISSUER "gitlab-kas"
#define KAS_AUDIENCE "gitlab"
#define KAS_HEADER "gitlab-kas-api-request"

struct gitlab_listener {
    struct gitlab *g;
    char transport[8];
    bool tls;
    struct listener *listener; /* owned */
};

/* 0: the default. Bytes, but for connections, which are counted for each listener. */
struct gitlab_limits {
    int64_t connections; /* 20000 */
    int64_t header;      /* 64 KiB, which is also the most */
    int64_t body;        /* 1 MiB; 413 beyond */
};

struct gitlab {
    struct loop *loop;      /* borrowed, as the next four */
    struct events *events;
    struct faults *faults;
    struct pki *pki;
    uint64_t *next_conn_id;
    const char *who;        /* static */
    json_t *spec;           /* owned, never NULL */
    const char *version;    /* of the spec; NULL: all of them */
    struct store *store;
    bool own_store;
    json_t *secrets;        /* owned; NULL: the store is not ours */
    struct store_sub *sub;  /* tells when remembered answers are stale */
    struct gitlab_limits limits;
    struct tls_setup tls;
    struct gitlab_listener *listeners; /* owned */
    size_t n_listeners;
    bool stopped;
    struct verbs verbs;     /* what any server does on a step's word */

    char *kas_secret;       /* base64; owned */
    struct jwt_key *kas_key;
    int64_t clock_ms;       /* how far our clock is ahead */
    json_t *gitaly_info;    /* owned */
    uint64_t chance;        /* of request ids */
    unsigned char session_key[SESSION_KEY_LEN]; /* of the page's tokens; made when one is asked for */
    bool session_keyed;
    struct agent_infos *infos; /* agent_info's answers as text, by agent (internal_info.c) */
};

enum who_asks {
    ASKS_ANYBODY,
    ASKS_KAS,   /* a JWT */
    ASKS_AGENT, /* KAS, with the token of an agent */
    ASKS_JOB,   /* a Job-Token */
    ASKS_USER,  /* a personal access token */
    ASKS_GRAPHQL, /* the same, or a browser's session, or nobody; what is wrong is told as GraphQL does */
    ASKS_BROWSER  /* anybody, who then has a session (page/web_session.h) */
};

struct call;
struct route {
    const char *method;   /* "GET" (and HEAD), …; "*": any */
    const char *path;     /* "/api/v4/projects/:id/cluster_agents/:agent_id" */
    enum who_asks asks;
    void (*answer)(struct call *c);
    const char *versions; /* of GitLab that have it; NULL: all */
};
extern const struct route gitlab_routes[];
extern const size_t gitlab_n_routes;

struct call {
    struct gitlab *g;
    const struct gitlab_listener *listener;
    struct conn *conn;
    struct http1 *http;
    const struct http1_request *request;
    const struct route *route;  /* NULL: there is none */
    struct uri_path path;
    const char *params[4];      /* the values of :names, in their order */
    const char *query;          /* without "?", never NULL; not decoded */
    json_t *body;               /* owned; NULL: none, or not read yet */
    bool body_read;
    char request_id[64];
    /* Who asks; NULL where nobody of that kind does. */
    const struct gl_token *token;
    const struct gl_user *user;
    const struct gl_job *job;
    struct web_session session;     /* of a browser; name NULL: none */
    json_t *asker;              /* owned; the same for the log, where there is one: they may be gone when it is written */
    const char *why;            /* for the log: why it was refused; static */
    int status;                 /* of the answer; 0: none yet */
};

/* ---- call.c: reading and answering ---- */

void call_serve(void *listener, struct http1 *h, const struct http1_request *r); /* http1_owner.request */

/* Each answers the call, once. `json` is stolen. headers (borrowed, may be NULL) stand beside ours. */
void reply_json(struct call *c, int status, json_t *json);
void reply_json_with(struct call *c, int status, const json_t *headers, json_t *json);
void reply_text(struct call *c, int status, const char *content_type, const char *text, size_t len);
void reply_text_with(struct call *c, int status, const json_t *headers, const char *content_type, const char *text,
                     size_t len);
void reply_none(struct call *c, int status); /* 204 */
/* {"message": "404 Project Not Found"}: what GitLab itself says. */
void reply_message(struct call *c, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* {"error": "name is missing"}: what Grape says for it. */
void reply_error(struct call *c, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
void reply_unauthorized(struct call *c);  /* 401 {"message":"401 Unauthorized"} */
void reply_forbidden(struct call *c);
void reply_not_found(struct call *c, const char *what); /* NULL: "404 Not Found" */
void reply_bad_request(struct call *c, const char *reason); /* {"message":"400 Bad request - …"} */

/* The body as an object: JSON, or a form. NULL: the call was answered with what is wrong. Without a body: {}. */
const json_t *call_body(struct call *c);
/* A parameter of body or query. NULL: it was not given. A new reference. */
json_t *call_param(struct call *c, const char *name);
/* The same as a text or an id; false: the call was answered ("name is missing", "agent_id is invalid"). *ret: new. */
bool call_param_text(struct call *c, const char *name, bool required, char **ret);
bool call_param_id(struct call *c, const char *name, int64_t *ret);
/* "12", 12: > 0. */
bool id_of_text(const char *text, int64_t *ret);
bool id_of_json(const json_t *v, int64_t *ret);
int64_t gitlab_now_ms(const struct gitlab *g);

/* ---- auth.c ---- */

bool call_admit(struct call *c); /* by its route; false: it was answered */

/* ---- what is answered ---- */

void internal_agent_info(struct call *c);
void internal_project_info(struct call *c);
void internal_verify_project_access(struct call *c);
void internal_usage_metrics(struct call *c);
void internal_agent_configuration(struct call *c);
void internal_authorize_proxy_user(struct call *c);
void job_allowed_agents(struct call *c);
void module_cilium_alert(struct call *c);
void module_vulnerability(struct call *c);
void module_scan_result(struct call *c);
void module_policies_configuration(struct call *c);
void module_scan_execution_policies(struct call *c);
void module_reconcile(struct call *c);
void rest_agents_list(struct call *c);
void rest_agents_show(struct call *c);
void rest_agents_create(struct call *c);
void rest_agents_delete(struct call *c);
void rest_tokens_list(struct call *c);
void rest_tokens_show(struct call *c);
void rest_tokens_create(struct call *c);
void rest_tokens_delete(struct call *c);
void rest_version(struct call *c);
void graphql_answer(struct call *c);
void health_liveness(struct call *c);
void health_readiness(struct call *c);
void health_plain(struct call *c);

void page_not_found(struct call *c); /* page/page.c; of the others page/page.h has the list */

/* ---- peers.c: who is at the other end ---- */

void peer_new(struct conn *c);
void peer_called(struct call *c);
void peer_is_kas(struct conn *c); /* it has proved it, with a JWT */
/* [{"from", "program", "kas", "since", "calls", "last_at"}], times as store_now(). A new reference. */
json_t *peers_json(const struct gitlab *g);

struct agent_infos *agent_infos_new(void);
void agent_infos_forget(struct agent_infos *i);
struct agent_infos *agent_infos_free(struct agent_infos *i);

/* rest_page.c: [offset, offset + n) of `total` by `page` and `per_page`, and the headers that say so. NULL: answered. */
json_t *rest_page(struct call *c, size_t total, size_t *ret_offset, size_t *ret_n);

/* ---- gitlab.c, lifecycle.c, settings.c ---- */

void gitlab_build(void *listener, struct conn *c); /* the layers of a connection */
void gitlab_event(struct gitlab *g, struct conn *c, const char *event, json_t *fields); /* fields stolen */
int settings_read(struct gitlab *g, char **reterr); /* of the spec; *reterr names the key */
int settings_secret(struct gitlab *g, const char *base64, char **reterr); /* NULL: a new one */
void gitlab_stop(struct gitlab *g, bool keep);
int gitlab_resume(struct gitlab *g, char **reterr);
extern const struct verbs_owner gitlab_verbs_owner; /* verbs.c */
/* verbs_store.c: those that change what it knows. -ENOSYS: another verb. */
int gitlab_store_verb(struct gitlab *g, const char *verb, const json_t *args, char **reterr);
