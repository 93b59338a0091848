/* GitLabFlux/ReconcileProjects (16.0): held open; KAS speaks only when a project was pushed to. */
#include "fakekas/internal.h"
#include "lib/proto/pb.h"

void flux_open(struct grpc_call *call)
{
    struct kas *k = grpc_call_arg(call);
    watcher_new(&k->flux, k, call);
}

void flux_message(struct grpc_call *call, const uint8_t *p, size_t n)
{
    struct kas *k = grpc_call_arg(call);
    struct watcher *w = grpc_call_user(call);
    if (!w || w->answered)
        return;
    w->silent = true; /* its request has come, whatever becomes of it */
    if (!auth_admit(k, call))
        return;
    w->answered = true;
    json_t *request = pb_to_json(grpc_call_method(call)->in, p, n);
    kas_event(k, grpc_call_conn(call), grpc_call_stream(call), "kas.flux_open", request);
}

void flux_closed(struct grpc_call *call)
{
    struct kas *k = grpc_call_arg(call);
    watcher_closed(&k->flux, call);
}
