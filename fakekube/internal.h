/* What the files of the fake API server's HTTP side share; nobody outside this folder includes it.
 *
 * GLOSSARY
 *   call    one HTTP request that is being answered (call.c): of a resource (resource_call.c), or another (route.c)
 *   ask     what a call asks of the cluster (cluster.h)
 *   stream  a watch that is open (watch.c)
 */
#pragma once

#include <sys/queue.h>

#include "fakekube/ask.h"
#include "fakekube/kube.h"
#include "lib/base/buf.h"
#include "lib/proto/http1.h"
#include "lib/proto/uri.h"

struct kube_limits {
    int64_t connections, header, body, watch; /* watch: bytes that one may lie behind */
};

struct kube {
    struct loop *loop;      /* borrowed, as the next four */
    struct events *events;
    struct faults *faults;
    json_t *spec;           /* owned, never NULL */
    struct http_side *side; /* owned until kube_free() */
    struct cluster *cluster; /* owned */
    struct kube_store_watch *changes;
    int minor;              /* 1.N */
    char *version;          /* "1.27.16"; owned */
    json_t *tokens;         /* token -> user; NULL: anybody is admitted; owned */
    bool anonymous;
    struct kube_limits limits;
    TAILQ_HEAD(, stream) streams;
    struct mover *mover;    /* statuses that move by themselves; NULL: never */
    bool (*left)(void *arg, const json_t *object); /* … but for these; NULL: none */
    void *left_arg;
    TAILQ_HEAD(, podlog) logs;
    uint64_t *next_conn_id; /* borrowed */
    struct kube_upstream *upstream; /* the real API server that answers; owned; NULL: we do */
    char *openapi[3];       /* remembered, see openapi.c; owned */
    size_t openapi_len[3];
};

struct call {
    struct kube *k;
    struct conn *conn;
    struct http1 *http;
    const struct http1_request *request;
    const char *query;          /* without "?", never NULL; not decoded */
    const char *user;           /* whom it is done for */
    const json_t *groups;       /* of that user, where they are said; borrowed from impersonated; NULL: none */
    json_t *impersonated;       /* owned; NULL: nobody */
    int status;                 /* of the answer; 0: none yet */
    bool asked;                 /* the scenario has been, at kube.request */
};

/* ---- call.c ---- */

void kube_call_serve(void *kube, struct http1 *h, const struct http1_request *r); /* http1_owner.request */
void kube_call_again(void *kube, struct http1 *h, const struct http1_request *r); /* the same, when the scenario has been asked */
/* Each answers the call, once. json: taken. */
void kube_reply_json(struct call *c, int code, json_t *json);
void kube_reply_status(struct call *c, json_t *status); /* with its own code */
void kube_reply_with(struct call *c, int code, const char *content_type, const json_t *headers, const void *body, size_t len);
void kube_reply_no_page(struct call *c); /* 404, in the words of the server's outermost part */
void kube_reply_unserved(struct call *c);    /* 404, in the words of whoever would serve it */
void kube_reply_no_resource(struct call *c); /* 404, in those of who serves a group */
json_t *kube_call_headers(const struct call *c, const char *content_type); /* those that every answer has */
char *kube_call_param(const struct call *c, const char *name); /* a new string; NULL: not given */
bool kube_call_flag(const struct call *c, const char *name);   /* "true", "1", or there without a value */
bool kube_call_accepts(const struct call *c, const char *part); /* does Accept say it? */

/* ---- fault.c: the moment kube.request ---- */

json_t *fault_facts(const struct call *c, const char *verb); /* those that every call has */
/* Asks the scenario, once a call. true: it has taken the call; what it lets pass is served again later. facts: taken. */
bool fault_takes(struct call *c, json_t *facts);
bool fault_asked(const struct call *c); /* is it worth while to make facts? */

/* ---- auth.c ---- */

void kube_call_guess(struct call *c); /* the same, where another decides */
bool kube_call_admit(struct call *c); /* who asks, and for whom. false: answered */

/* ---- what is answered ---- */

bool route_call(struct call *c, const struct uri_path *path); /* all that is no resource; false: it is none of these */
void resource_call(struct call *c, const struct kube_resource *r, const char *ns, const char *name, const char *sub);
/* What kube.request will tell of it, but for status and reason, if another answers it. New reference. */
json_t *resource_call_facts(struct call *c, const struct kube_resource *r, const char *ns, const char *name, const char *sub,
                            bool *ret_watch, bool *ret_dry_run);
void discovery_core(struct call *c);
void discovery_groups(struct call *c);
void discovery_group(struct call *c, const char *group);
void discovery_resources(struct call *c, const char *group, const char *version);
void openapi_v2(struct call *c);
void openapi_v3(struct call *c, const struct uri_path *path);
void openapi_forget(struct kube *k);
json_t *openapi_document(struct kube *k, const char *group, const char *version); /* group NULL: OpenAPI 2 of all */
void openapi_encode(const json_t *document, struct buf *out); /* openapi_pb.c: as gnostic's protobuf */
json_t *kube_table(const struct kube_resource *r, const json_t *answer); /* table.c: as `kubectl get` shows it; new */

/* ---- answers that stay open ---- */

/* conn->user of one: what is done when its connection goes. */
struct open_answer {
    void (*abandon)(struct open_answer *o);
    void (*body)(struct open_answer *o, struct http1 *http, const uint8_t *p, size_t n); /* of the request; n 0: its end. NULL: has none */
    void (*drained)(struct open_answer *o, struct http1 *http); /* what was written has gone; NULL: does not matter */
};
void kube_abandon(struct conn *c); /* conn->on_free */

/* ---- podproxy.c ---- */

void podproxy_call(struct call *c, struct ask *a); /* pods/NAME/proxy/… */
bool podproxy_streams(void *kube, const struct http1_request *r); /* http1_owner.streams */

/* ---- exec.c, portforward.c: what remote.h is for ---- */

void exec_call(struct call *c, struct ask *a);        /* pods/NAME/exec */
void portforward_call(struct call *c, struct ask *a); /* pods/NAME/portforward */

/* ---- podlog.c ---- */

struct podlog;
/* The container of that name, NULL: the first. NULL: it has none. Borrowed from the Pod. */
const char *podlog_container(const json_t *pod, const char *said);
void podlog_call(struct call *c, struct ask *a); /* GET pods/NAME/log */
void podlog_forget(struct kube *k, const char *key); /* "ns/pod"; NULL: all */
int podlog_verb(struct kube *k, const json_t *args, char **reterr);

/* ---- watch.c ---- */

struct stream;
/* Takes the selectors of a. */
void watch_call(struct call *c, struct ask *a);
void streams_end(struct kube *k);
void streams_bookmark(struct kube *k);
const struct stream *streams_next(const struct stream *s);

/* ---- kube.c, verbs.c, mover.c ---- */

void kube_event(struct kube *k, const char *event, json_t *fields); /* fields stolen */
int kube_settings(struct kube *k, char **reterr);
struct mover *mover_new(struct kube *k);
struct mover *mover_free(struct mover *m);
/* Without what would fill the log, or must not stand there. New reference. */
json_t *kube_object_shown(const char *plural, const json_t *object);
/* The status that the object should have and has not. New reference; NULL: it is as it should be, or nobody knows. */
json_t *kube_status_moved(const struct kube *k, const char *plural, const json_t *object);
