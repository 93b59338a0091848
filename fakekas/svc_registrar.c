/* AgentRegistrar/Register (16.5): the agent says who it is. */
#include "fakekas/internal.h"
#include "lib/proto/pb.h"

static void tell_registered(struct kas *k, struct grpc_call *call, const struct agent *a, const uint8_t *p, size_t n)
{
    json_t *f = json_pack("{sI}", "agent_id", (json_int_t)a->id);
    json_t *request = pb_to_json(grpc_call_method(call)->in, p, n);
    if (request)
        json_object_update(f, request);
    json_decref(request);
    kas_event(k, grpc_call_conn(call), grpc_call_stream(call), "kas.registered", f);
}

void registrar_message(struct grpc_call *call, const uint8_t *p, size_t n)
{
    struct kas *k = grpc_call_arg(call);
    struct agent *a = auth_admit(k, call);
    if (!a)
        return;
    if (events_heard(k->events))
        tell_registered(k, call, a, p, n);
    grpc_send(call, NULL, 0);
    grpc_finish(call, GRPC_OK, "");
}
