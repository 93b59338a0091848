/* The fakes of a world: faults, certificates, resolver, KAS; with a KAS under test GitLab and Gitaly in its place. */
#pragma once

#include <jansson.h>

#include "fakekas/kas.h"
#include "fakekas/upstream.h"
#include "conformance/world/world_gitlab.h"
#include "conformance/world/world_hubble.h"
#include "conformance/world/world_kube.h"
#include "conformance/world/world_proxy.h"
#include "lib/net/dns.h"

struct fakes {
    struct faults *faults;
    struct pki *pki;          /* borrowed */
    struct dns *dns;          /* NULL: absent */
    struct kas *kas;          /* NULL: absent */
    struct kas *behind;       /* the one that `kas` passes everything on to; NULL: it is one itself */
    struct upstream *upstream; /* … and the way there */
    struct proxy *proxy;      /* NULL: the scenario has none */
    struct world_gitlab *gitlab; /* NULL: no KAS is under test */
    struct world_kube *kube;     /* NULL: the scenario has none */
    struct world_hubble *hubble; /* likewise */
    json_t *kas_spec, *names; /* owned */
    uint64_t next_conn_id;
};

struct fakes_options {
    struct loop *loop;
    struct events *events;
    const json_t *row;
    struct pki *pki; /* borrowed: made by fakes_warm_pki() */
    const char *token;
    const char *kube_token; /* of the agent's service account */
    const char *job_token, *kas_secret; /* with a KAS under test */
    bool own_network; /* documented addresses; else loopback */
    bool faults_off;
    bool kube_real;  /* see world_kube.h */
    int kube_log_fd;
};

/* Everything accepts when this answers 0; else -errno and *reterr. */
int fakes_start(struct fakes *f, const struct fakes_options *o, char **reterr);
/* Ends what listens and is connected; then the loop is freed; then the rest is. */
void fakes_stop(struct fakes *f);
void fakes_done(struct fakes *f);
/* A fault by its id, whosever it is: -ENOENT. */
int fakes_switch(struct fakes *f, const char *id, bool on);
/* Verbs of "gitlab", "gitaly", "kube" and "hubble", see world_gitlab_perform(). */
int fakes_perform(struct fakes *f, const char *part, const json_t *what, char **reterr);
/* PEM of what the component has to trust to believe the fake KAS; borrowed. */
const char *fakes_ca_pem(const struct fakes *f);
/* … and the cluster, if it has one; borrowed. */
const char *fakes_kube_ca_pem(const struct fakes *f);
/* Keys and certificates, with what most rows ask for minted already. The caller's. */
struct pki *fakes_warm_pki(void);
