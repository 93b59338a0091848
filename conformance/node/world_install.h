/* What a world has where a person installs the agent: that person, the node of the agent's Pod, and which rights were asked for. */
#pragma once

#include <jansson.h>

#include "conformance/world/world_actors.h"
#include "conformance/world/world_fakes.h"
#include "conformance/node/world_kubelet.h"
#include "conformance/node/world_person.h"

struct world_install {
    struct person *person;   /* owned, as all of it; NULL: none */
    struct kubelet *kubelet; /* NULL: the component is started by the world itself */
    json_t *rights;          /* what it asked of a cluster with RBAC (world_rights.h); NULL: there is none */
};

struct world_install_options {
    struct loop *loop;
    struct events *events;
    struct fakes *fakes;
    const json_t *job;
    const char *prefix; /* of the component's files */
};

/* Before the first step. -errno and *reterr. */
int world_install_begin(struct world_install *w, const struct world_install_options *o, char **reterr);
/* When the actors are there. */
void world_install_node(struct world_install *w, const struct world_install_options *o, struct actors *actors);
void world_install_event(struct world_install *w, const json_t *event); /* each */
bool world_install_failed(const struct world_install *w);               /* something of the person's was not as said */
void world_install_verdict(const struct world_install *w, json_t *verdict);
void world_install_done(struct world_install *w); /* before actors and fakes go */
