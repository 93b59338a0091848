/* The real API server of a world, behind its fake one (fakekube/upstream.h). */
#pragma once

#include <jansson.h>

#include "conformance/kube/server.h"
#include "fakekube/kube.h"

struct world_real {
    struct kube_server *server; /* owned */
};

/* Where the programs are in the world, and what else they need. */
#define WORLD_REAL_APISERVER "kube-apiserver"
#define WORLD_REAL_ETCD "etcd"

/* Before kube_start(): servers that know the tokens of the spec. log_fd: the caller's. -errno and *reterr. */
int world_real_start(struct world_real *w, const json_t *spec, struct pki *pki, int log_fd, char **reterr);
/* After it: the objects of the spec are made, and from here on the real one answers. */
int world_real_serve(struct world_real *w, struct kube *k, const json_t *spec, char **reterr);
void world_real_done(struct world_real *w);
/* Why a row cannot be played with a real API server, a new string; NULL: it can. spec: the row. */
char *world_real_cannot(const json_t *row);
