/* The files that a scenario puts in front of the component: resolver, hosts, certificates, token, service
 * account. */
#pragma once

#include <jansson.h>

struct pki;
#include <stdbool.h>

struct world_files {
    const char *prefix; /* "" in a root of its own, else a folder that stands for / */
    const json_t *row;  /* of scenario_row() */
    const char *token;  /* of the fake KAS's agent */
    const char *kube_token;
    const char *ca_pem; /* what has to be trusted */
    struct pki *pki;
    const char *kube_ca_pem; /* … of the cluster */
    bool hosted;             /* a Pod has its own token and service account: what its spec says */
};

/* -errno and *reterr. */
int world_files_write(const struct world_files *f, char **reterr);

/* Where things are, as the component sees them. */
#define WORLD_TOKEN_FILE "/config/token"
#define WORLD_CA_FILE "/config/ca.pem"
#define WORLD_MISSING_CA_FILE "/config/missing-ca.pem"
/* A certificate of the world's root and its key, for the agent's own endpoint; there when an argument names it. */
#define WORLD_ENDPOINT_FILE "/config/endpoint.pem"
#define WORLD_NOT_PEM_FILE "/config/not-pem.pem"
#define WORLD_SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"
#define WORLD_DNS_IP "10.60.0.10"
#define WORLD_KAS_IP "10.60.1.1"
#define WORLD_KUBE_IP "10.96.0.1"
#define WORLD_HUBBLE_IP "10.60.6.1"
/* With a KAS under test: */
#define WORLD_KAS2_IP "10.60.1.2"
#define WORLD_GITLAB_IP "10.60.3.1"
#define WORLD_GITALY_IP "10.60.4.1"
#define WORLD_REDIS_IP "10.60.5.1"
