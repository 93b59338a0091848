/* The cluster that an agent under test runs in: a fake Kubernetes API at 10.96.0.1:443, where its environment and its service
 * account lead. It is there when the scenario has a `kube` part; else connections to that address are refused. */
#pragma once

#include <jansson.h>

#include "lib/events/events.h"
#include "lib/loop/loop.h"
#include "lib/net/cert.h"

struct world_kube;

struct world_kube_options {
    struct loop *loop;
    struct events *events;
    struct pki *pki;
    uint64_t *next_conn_id;
    const json_t *row;
    const char *token; /* of the service account */
    bool faults_off;
    bool real;       /* a real API server answers (kube/world_real.h); its programs stand in /app */
    int real_log_fd; /* … and what it logs goes there; the caller's */
};

bool world_kube_wanted(const json_t *row);
/* -errno and *reterr. */
int world_kube_start(const struct world_kube_options *o, struct world_kube **ret, char **reterr);
/* Ends connections; the loop is freed after it. */
void world_kube_stop(struct world_kube *k);
/* Frees the rest, after the loop. NULL is fine; always NULL back. */
struct world_kube *world_kube_free(struct world_kube *k);
struct kube *world_kube_api(struct world_kube *k); /* borrowed; NULL is fine */
/* What a Pod's ca.crt holds; borrowed. */
const char *world_kube_ca_pem(const struct world_kube *k);
/* what: a verb, or {verb: args}, or a list of such. */
int world_kube_perform(struct world_kube *k, const json_t *what, char **reterr);
int world_kube_switch(struct world_kube *k, const char *fault, bool on); /* -ENOENT */
