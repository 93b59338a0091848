/* A fake KAS: listeners, the front, services, authentication. Made from the `kas:` part of a scenario.
 *
 * The keys it reads (all have defaults; fixtures/scenario.schema.json describes them):
 *   version: "14.7"          whose texts, headers, services, ageing and listeners are imitated ("13.6" … "16.5",
 *                            "head"). Without it: those of 14.7, and the services of all versions, so that any
 *                            agent connects
 *   speaks: websocket|grpc|both   default: by transport for KAS < 15.1, both from 15.1
 *   tls: bool                default: by transport (wss, grpcs)
 *   certificate: {kind: good|self-signed|unknown-ca|expired|not-yet-valid|wrong-host|no-san|missing-intermediate}
 *   front: none|omnibus      which paths reach KAS, which are answered 301, 404, 426, 502 (NGINX of Omnibus)
 *   gzip: bool               false: no decompressor installed
 *   lacks: [AgentRegistrar]  services this KAS does not have (default by version)
 *   agents: [{id, project_id, project_path, token,
 *             status: ok|unauthenticated|forbidden|not-found|rate-limited|unavailable}]
 *   config: {…AgentConfiguration…}, commit: ID      what GetConfiguration gives
 *   config_error: text       FailedPrecondition instead
 *   max_connection_age: 30m
 *   kubernetes_api: {url_path_prefix: /k8s-proxy/, jobs: […], certificate}   the endpoint for CI jobs, see jobs.h
 *   objects: …, gitlab: …    answers for GetObjectsToSynchronize and GitlabAccess
 */
#pragma once

#include <jansson.h>

#include "lib/events/events.h"
#include "lib/loop/loop.h"
#include "lib/net/cert.h"
#include "lib/script/faults.h"
#include "lib/script/http_side.h"

struct kas;

struct upstream;
struct kas_options {
    struct loop *loop;
    struct events *events;
    struct faults *faults;     /* NULL: none */
    struct pki *pki;           /* borrowed */
    uint64_t *next_conn_id;
    const char *who;           /* in the log; NULL: "kas" */
    struct upstream *upstream;       /* borrowed; what agents say goes on to another KAS (upstream.h). NULL: we are it */
    json_t *spec;              /* the `kas:` object; borrowed; NULL: all defaults */
    struct kas_listener_spec {
        const char *transport; /* "ws", "wss", "grpc", "grpcs" */
        const char *host;      /* numeric */
        uint16_t port;         /* 0: any */
    } const *listeners;        /* transport NULL ends */
    const struct http_side_listener *k8s; /* of the Kubernetes API endpoint for CI jobs; NULL: it has none */
};

/* -errno, and *reterr says what and how to cure it. */
int kas_start(const struct kas_options *o, struct kas **ret, char **reterr);
/* Ends its connections. They and it are freed at the end of the loop's turn, at the latest by loop_free(): what
 * kas_start() was given must live until then, so free the loop before events, faults and pki. */
struct kas *kas_free(struct kas *k);
/* [{"transport","address","protocols":[…]}] */
json_t *kas_listeners(const struct kas *k);
const char *kas_token(const struct kas *k);  /* of the first agent */
json_t *kas_k8s_listeners(const struct kas *k); /* [{"transport": http|https, "address"}], empty: it has none */
const char *kas_k8s_prefix(const struct kas *k);   /* "/k8s-proxy/"; borrowed */
const char *kas_k8s_ca_pem(const struct kas *k);   /* NULL: it speaks no TLS. Borrowed */
int64_t kas_agent_id(const struct kas *k);         /* of the first agent */
const char *kas_job_token(const struct kas *k);    /* of the first job; NULL: no such endpoint. Borrowed */
const char *kas_ca_pem(const struct kas *k); /* what must be trusted for its certificate; NULL: no TLS. Borrowed */
/* Verbs of steps and of the control API: push_config {config, commit, error}, push_objects {project, commit, files},
 * revoke_token {token|agent}, restore_token, set_status {status}, goaway {code, debug, last, graceful},
 * close {layer}, reset, ws_close {code, reason}, close_streams {method, stream, code, message}, end_streams {method}
 * (status OK), rst_streams {method, code}, restart {down: 2s}, stop, start, fault_on ID, fault_off ID,
 * set_job {status, token} (running, success, …: what GitLab says of a job from now on),
 * tunnel_request {method, path, query, headers, body, extra, meta, rpc, id}, frame, settings (h2_act()), ws_frame,
 * fragment (ws_act()), act {layer, do, method, stream}: any verbs of faults at a layer of what is open. Those on connections and streams take
 * `conn: N` to mean one connection only. */
int kas_perform(void *kas, const char *verb, const json_t *args, char **reterr);
json_t *kas_state(const struct kas *k);      /* connections and their streams, for the control API */
