/* What the files of the fake KAS share; nobody outside this folder includes it.
 *
 * GLOSSARY
 *   listener  a port that agents are told: its transport (ws, wss, grpc, grpcs) and what it speaks
 *   link      one connection of one agent, from accept to close
 *   agent     who a token belongs to, and what GitLab would say of it (agents.h)
 *   traits    what differs between versions of KAS (traits.h)
 */
#pragma once

#include <sys/queue.h>

#include "fakekas/agents.h"
#include "fakekas/front.h"
#include "fakekas/kas.h"
#include "fakekas/traits.h"
#include "lib/base/mem.h"
#include "lib/net/listener.h"
#include "lib/proto/grpc.h"
#include "lib/proto/http1.h"
#include "lib/proto/websocket.h"
#include "lib/script/verbs.h"
#include "lib/script/tls_setup.h"

enum speaks { SPEAKS_WEBSOCKET = 1, SPEAKS_GRPC = 2, SPEAKS_BOTH = 3 };

/* 0: the default of whoever looks at it. Bytes, but for connections, which are counted for each listener. */
struct kas_limits {
    int64_t connections; /* 20000 */
    int64_t header;      /* HTTP/1 64 KiB, which is also the most; HTTP/2 16 MiB */
    int64_t message;     /* gRPC, 4 MiB */
    int64_t ws_message;  /* 10 MiB */
};
int limits_read(const json_t *spec, struct kas_limits *ret, char **reterr); /* kas.limits; -EINVAL */

struct kas_listener {
    struct kas *kas;
    char transport[8];
    bool tls;
    enum speaks speaks;
    struct listener *listener; /* owned */
};

struct link {
    struct kas *kas;
    const struct kas_listener *listener;
    struct conn *conn;            /* owns us through on_free */
    struct http1 *http;           /* NULL until it is one; borrowed from the connection, like the next two */
    struct ws *ws;
    struct grpc_session *session;
    struct relay *relay;          /* owned; to the other KAS (relay.h); NULL: there is none */
    char *agent_token;            /* of whom was last let in; NULL: nobody yet. Owned */
    struct timer *age;            /* owned; the next step of ageing */
    int age_stage;
    bool polls_over;              /* too old: streams that poll end with OK at once */
    bool announced;               /* kas.agent_connected was written */
    TAILQ_ENTRY(link) entry;
};

/* Streams that wait for something to be told them. Each is the call's user and freed when the call is closed. */
struct watcher {
    struct grpc_call *call;
    struct kas *kas;
    char *project; /* GetObjectsToSynchronize; else NULL. Owned, like the next */
    json_t *paths;
    char *commit;  /* what the client has. Owned */
    bool answered; /* the request has come and was let in */
    bool silent;   /* it has come, and KAS is in trouble with GitLab and says nothing */
    TAILQ_ENTRY(watcher) entry;
};
TAILQ_HEAD(watchers, watcher);

struct tunnels;
struct k8s_proxy;

struct kas {
    struct loop *loop;       /* borrowed, as the next four */
    struct events *events;
    struct faults *faults;
    struct pki *pki;
    uint64_t *next_conn_id;
    json_t *spec;            /* owned, never NULL */
    struct kas_traits traits;
    struct kas_limits limits;
    bool permissive;         /* no version was asked for: every agent's services are there */
    struct front front;
    struct agents *agents;   /* owned */
    struct tls_setup tls;    /* owned; empty: no listener has TLS */
    struct grpc_server *grpc;
    const char *who;         /* in the log; static */
    struct upstream *upstream;     /* borrowed; not NULL: everything goes on to another KAS */
    struct grpc_method *relayed; /* owned; then these are the methods */
    struct kas_listener *listeners; /* owned */
    size_t n_listeners;
    bool stopped;
    TAILQ_HEAD(links, link) links;

    json_t *config;          /* owned, never NULL; what a person wrote of AgentConfiguration */
    char *config_error;      /* owned; not NULL: FailedPrecondition with this text */
    char *commit;            /* owned, never NULL */
    struct watchers configs; /* open GetConfiguration streams */
    json_t *objects;         /* owned; NULL: the spec says nothing of manifest projects */
    struct watchers objects_streams;
    struct watchers flux;
    struct tunnels *tunnels; /* owned */
    struct k8s_proxy *k8s;   /* owned; NULL: no Kubernetes API endpoint */
    struct verbs verbs;
    uint64_t chance;         /* of correlation ids: seeded when the first is made */
};

/* connection's link, or NULL while it is being torn down. */
static inline struct link *link_of(struct conn *c)
{
    return c ? c->user : NULL;
}

/* An event of this KAS; conn NULL: of none. `fields` is stolen. */
void kas_event(struct kas *k, struct conn *c, int64_t stream, const char *event, json_t *fields);

/* stack.c: what a listener does with a connection. */
void stack_build(void *listener, struct conn *c);
enum speaks speaks_default(const struct kas_traits *t, const char *transport);
/* accept.c: an HTTP request reached the listener. */
void accept_request(void *link, struct http1 *h, const struct http1_request *r);
void accept_refuse_preface(struct conn *c); /* raw gRPC where only WebSocket is spoken */
/* age.c: connections grow old. */
void age_start(struct link *l);
void age_stop(struct link *l);

/* methods.c */
extern const struct grpc_method kas_methods[];
const char *method_short(const struct grpc_method *m);      /* "GetConfiguration" */
bool method_served(void *kas, const struct grpc_method *m);

/* auth.c */
int auth_headers(void *kas, struct grpc_call *call, const char **ret_message);
json_t *auth_response_headers(void *kas, struct grpc_call *call);
struct agent *agents_by_header(struct agents *a, const char *authorization);
/* Who is it? NULL: the call has been ended, or is held in silence, as the agent's status wants. */
struct agent *auth_admit(struct kas *k, struct grpc_call *call);

/* watcher.c */
struct watcher *watcher_new(struct watchers *list, struct kas *k, struct grpc_call *call);
void watcher_closed(struct watchers *list, struct grpc_call *call);
void watcher_half_closed(struct grpc_call *call); /* without a request there is nothing to wait for */
/* Ends each stream of this agent (NULL: of all) with the status that its agent has now. */
void watchers_recheck(struct watchers *list, const struct agent *a);

/* svc_*.c: one file for each service. */
void configuration_open(struct grpc_call *call);
void configuration_message(struct grpc_call *call, const uint8_t *p, size_t n);
void configuration_closed(struct grpc_call *call);
void configuration_push(struct kas *k); /* to every stream that has another commit */
void tunnel_open(struct grpc_call *call);
void tunnel_message(struct grpc_call *call, const uint8_t *p, size_t n);
void tunnel_half_closed(struct grpc_call *call);
void tunnel_closed(struct grpc_call *call);
struct tunnels *tunnels_new(struct kas *k);
struct tunnels *tunnels_free(struct tunnels *t);
int tunnels_request(struct tunnels *t, const json_t *args, char **reterr);
json_t *tunnels_json(const struct tunnels *t);
bool tunnel_is_idle(struct grpc_call *call);
void registrar_message(struct grpc_call *call, const uint8_t *p, size_t n);
void reflection_message(struct grpc_call *call, const uint8_t *p, size_t n);
void reflection_half_closed(struct grpc_call *call);
void gitlab_access_open(struct grpc_call *call);
void gitlab_access_message(struct grpc_call *call, const uint8_t *p, size_t n);
void gitlab_access_half_closed(struct grpc_call *call);
void gitlab_access_closed(struct grpc_call *call);
void gitlab_access137_message(struct grpc_call *call, const uint8_t *p, size_t n);
void gitops_open(struct grpc_call *call);
void gitops_message(struct grpc_call *call, const uint8_t *p, size_t n);
void gitops136_message(struct grpc_call *call, const uint8_t *p, size_t n);
void gitops_closed(struct grpc_call *call);
void gitops_push(struct kas *k, const char *project);
void flux_open(struct grpc_call *call);
void flux_message(struct grpc_call *call, const uint8_t *p, size_t n);
void flux_closed(struct grpc_call *call);

/* lifecycle.c: how verbs of any server (lib/script/verbs.h) act on this one. */
extern const struct verbs_owner kas_verbs_owner;
int kas_fill_backlog(void *kas, char **reterr); /* connections hang from now on: nobody accepts */

/* kas.c: the documented names under which it is reached; NULL ends. */
extern const char *const kas_usual_hosts[];
