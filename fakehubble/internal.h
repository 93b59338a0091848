/* What the files of the fake Hubble relay share; nobody else includes it. */
#pragma once

#include <sys/queue.h>

#include "fakehubble/hubble.h"
#include "lib/proto/grpc.h"
#include "lib/script/http_side.h"

/* A call that goes on; the call owns it. */
struct follower {
    struct hubble *hubble;
    struct grpc_call *call;
    json_t *request; /* owned: GetFlowsRequest */
    bool over;       /* it has been answered: nothing is sent any more */
    TAILQ_ENTRY(follower) link;
};

struct hubble {
    struct loop *loop; /* borrowed, as the next two */
    struct events *events;
    struct faults *faults;
    json_t *spec;             /* owned; the side borrows from it */
    struct http_side *side;   /* owned until it is closed */
    struct grpc_server *grpc; /* owned */
    json_t *kept;             /* owned: flows that happened, in the form of hubble_flow_make() */
    json_t *to_come;          /* owned: of the spec, that happen at the first question */
    TAILQ_HEAD(, follower) followers;
};

/* flow.c: what one flow is, and who wants it. */
/* A flow as a person writes it, complete and by canonical names: new reference. NULL and *reterr. */
json_t *hubble_flow_make(const json_t *written, char **reterr);
int64_t hubble_time_ns(const json_t *timestamp); /* 0: none */
/* Can the request's filters be obeyed? NULL, or a static text. */
const char *hubble_request_refused(const json_t *request);
bool hubble_flow_wanted(const json_t *request, const json_t *flow);

/* follow.c: GetFlows. */
extern const struct grpc_method hubble_methods[];
/* It happens now: kept, told, sent to who follows. Steals flow. */
void hubble_happens(struct hubble *h, json_t *flow);
