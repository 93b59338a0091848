/* A fake Kubernetes API server: HTTP in front of a cluster (cluster.h). Made from the `kube:` part of a scenario.
 *
 * The keys it reads (all have defaults; fixtures/scenario.schema.json describes them):
 *   version: "1.27"          what /version says, and whose discovery it has (aggregated from 1.26 on)
 *   objects: [{…}, …]        what is there from the beginning
 *   tokens: {TOKEN: user}    who is who; without it anybody is system:admin
 *   anonymous: true          who has no token is system:anonymous and may what nobody forbids
 *   forbid: [{verb: get, resource: secrets, …}]    what RBAC refuses: patterns over {verb, group, resource, subresource,
 *                            namespace, name, user}
 *   rbac: true               who may do what is told by the roles and bindings in the cluster; else all that is not forbidden
 *   controllers: false       no controller runs: what goes waits for ever for what it is held by (compare-kube)
 *   statuses: at-once|never|[{when, after, becomes, status}]    do Deployments become available, Jobs complete, Pods run?
 *   exec: [{when: {command: …}, stdout, stderr, code}]    what commands do (exec.c); without a rule: true, false, echo, cat
 *   history: 1000            how many changes a watch may lie behind
 *   certificate, tls_options as of kas (lib/script/tls_setup.h)
 *   limits: {connections, header, body: 3MiB, watch: 8MiB}     watch: a client that has so much unread is let go
 *   Faults are at tcp, tls and http moments and at kube.request, with `who: kube`.
 *
 * Each request is an event kube.request {verb, method, path, group, version, resource, subresource, namespace, name, user,
 * impersonated, manager, dry_run, status, reason}, each change kube.changed {type, group, kind, namespace, name, version, object}.
 * A command that has ended is kube.exec {namespace, name, container, command, user, code}.
 * In a verbose log every call is kube.call {method, target, headers, body} too.
 */
#pragma once

#include <jansson.h>

#include "lib/events/events.h"
#include "lib/loop/loop.h"
#include "lib/net/cert.h"
#include "lib/script/faults.h"
#include "lib/script/http_side.h"

struct kube;
struct cluster;

struct kube_options {
    struct loop *loop;
    struct events *events;
    struct faults *faults;     /* NULL: none */
    struct pki *pki;           /* borrowed; needed for https */
    uint64_t *next_conn_id;
    const json_t *spec;        /* the `kube:` object; borrowed; NULL: all defaults */
    const struct http_side_listener *listeners; /* transport NULL ends */
};

/* 0, or -errno, and *reterr says what and how to cure it. */
int kube_start(const struct kube_options *o, struct kube **ret, char **reterr);
/* As gitlab_free(): it and its connections are freed at the end of the loop's turn. */
struct kube *kube_free(struct kube *k);
json_t *kube_listeners(const struct kube *k); /* [{"transport", "address"}] */
const char *kube_ca_pem(const struct kube *k); /* NULL: no TLS. Borrowed */
struct cluster *kube_cluster(const struct kube *k);

/* ---- for who plays the nodes of the cluster ---- */

/* Objects whose status somebody else moves; said before the loop's next turn. */
void kube_leave(struct kube *k, bool (*left)(void *arg, const json_t *object), void *arg);
/* From now on the token is that user's; user NULL: nobody's. Without `tokens` in the spec anybody is let in as before. */
void kube_token(struct kube *k, const char *token, const char *user);
/* A container begins: what it has printed before is the log of `--previous`. Before that it has none. */
void kube_log_begin(struct kube *k, const char *ns, const char *pod, const char *container);
void kube_log_line(struct kube *k, const char *ns, const char *pod, const char *container, const char *line, size_t n);
/* It has ended; who follows is told so. The log stays until the pod goes. */
void kube_log_end(struct kube *k, const char *ns, const char *pod, const char *container);

/* Verbs of steps and of the control API:
 *   apply OBJECT             there it is, whatever was there     delete {kind, namespace, name}
 *   compact                  watches and pages of before get 410
 *   bookmark                 every watch that allows it gets one
 *   end_watches              those that are open end, as a server does that has had enough
 *   forbid PATTERN           one more that RBAC refuses          allow: all of them no longer
 *   revoke_token TOKEN|all
 *   log {namespace, name, container, lines: [text], end: true}    what a Pod prints, and that it is through
 * and those that any server has: lib/script/verbs.h.
 * 0, or -errno and *reterr (NULL is fine). */
int kube_perform(void *kube, const char *verb, const json_t *args, char **reterr);
json_t *kube_state(const struct kube *k); /* for the control API: how many of what there is, watches */
