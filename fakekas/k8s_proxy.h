/* KAS's Kubernetes API endpoint, where the kubectl of a CI job asks: who may is judged, and the request goes through a
 * tunnel of the agent to its cluster and back. Inside fakekas only.
 *
 *   k8s_auth.c      the Authorization header
 *   jobs.c          what GitLab would say of the job's token, and on whose behalf the agent is to ask
 *   k8s_proxy.c     the listeners; from a request to what the agent is told
 *   k8s_refuse.c    each refusal in KAS's words, by version
 *   k8s_request.c   one request under way: bodies in both directions, upgrades, and each way in which it ends
 */
#pragma once

#include "fakekas/internal.h"
#include "fakekas/jobs.h"
#include "lib/script/http_side.h"

struct k8s_proxy {
    struct kas *kas;
    struct http_side *side; /* owned */
    json_t *spec;           /* kas.kubernetes_api, with what http_side looks for; owned */
    struct jobs *jobs;      /* owned */
    const char *prefix;     /* "/k8s-proxy/"; borrowed from spec */
    int64_t find_ms;        /* how long an agent is waited for; 0: for ever */
    unsigned count;         /* of requests */
};

/* -errno and *reterr. */
int k8s_proxy_open(struct kas *k, const struct http_side_listener *listeners, struct k8s_proxy **ret, char **reterr);
void k8s_proxy_close(struct k8s_proxy *p); /* frees itself behind its connections, and before the KAS. NULL is fine */
int k8s_proxy_set_job(struct k8s_proxy *p, const json_t *args, char **reterr); /* {token, status} or the status */
json_t *k8s_proxy_listeners(const struct k8s_proxy *p); /* as http_side_listeners() */

/* k8s_refuse.c: answers with an error of KAS itself. why: what stands behind the message where there is more to say, or NULL. */
void k8s_refuse(struct k8s_proxy *p, struct http1 *h, int status, const char *message, const char *why);
void k8s_proxy_event(struct k8s_proxy *p, struct conn *c, const char *event, json_t *fields);

/* k8s_request.c */
struct k8s_request;
/* args: as those of the verb tunnel_request. Taken. */
void k8s_request_begin(struct k8s_proxy *p, struct http1 *h, const struct http1_request *r, int64_t agent_id, json_t *args);
void k8s_request_body(void *proxy, struct http1 *h, const uint8_t *p, size_t n);
void k8s_request_drained(void *proxy, struct http1 *h);
void k8s_request_abandoned(struct conn *c); /* conn's on_free */
bool k8s_is_upgrade(const struct http1_request *r);
