/* GetFlows: what was kept first, then what happens, for as long as somebody follows. */
#include <string.h>

#include "hubble.pb-c.h"

#include "fakehubble/internal.h"
#include "lib/base/mem.h"
#include "lib/proto/pb.h"

#define NODE "minikube"

enum { KEPT_MAX = 4096 };

static void send_flow(struct grpc_call *call, const json_t *flow)
{
    json_t *m = json_pack("{sOssso*}", "flow", flow, "node_name", NODE, "time", json_incref(json_object_get(flow, "time")));
    _cleanup_(freep) char *why = NULL;

    (void)grpc_send_json(call, m, &why); /* it has been through the descriptor once */
    json_decref(m);
}

void hubble_happens(struct hubble *h, json_t *flow)
{
    struct follower *f, *next;
    json_int_t sent = 0;

    if (json_array_size(h->kept) >= KEPT_MAX)
        json_array_remove(h->kept, 0);
    json_array_append_new(h->kept, flow);
    /* One that is sent to may end. */
    for (f = TAILQ_FIRST(&h->followers); f; f = next) {
        next = TAILQ_NEXT(f, link);
        if (f->over || !hubble_flow_wanted(f->request, flow))
            continue;
        send_flow(f->call, flow);
        sent++;
    }
    events_emit(h->events, "hubble", 0, 0, "hubble.flow", json_pack("{sOsI}", "flow", flow, "sent", sent));
}

/* `number` is how many of the newest. Who only follows is told of what comes. */
static size_t first_of(const json_t *request, const json_t *kept)
{
    size_t n = json_array_size(kept), number = (size_t)json_integer_value(json_object_get(request, "number"));
    bool follows = json_is_true(json_object_get(request, "follow"));

    if (!number && follows && !json_object_get(request, "since"))
        return n;
    if (!number)
        return 0;
    size_t i = n;
    for (; i && number; i--)
        if (hubble_flow_wanted(request, json_array_get(kept, i - 1)))
            number--;
    return i;
}

static void begins(struct hubble *h)
{
    size_t i;
    json_t *flow, *list = h->to_come;

    h->to_come = NULL;
    json_array_foreach (list, i, flow) {
        _cleanup_(freep) char *why = NULL;
        json_t *made = hubble_flow_make(flow, &why); /* was looked at before: it can be made */
        if (made)
            hubble_happens(h, made);
    }
    json_decref(list);
}

static void ends(struct follower *f, int code, const char *message)
{
    f->over = true;
    grpc_finish(f->call, code, message);
}

static void get_flows(struct grpc_call *call, const uint8_t *p, size_t n)
{
    struct hubble *h = grpc_call_arg(call);
    json_t *request = grpc_call_user(call) ? NULL : pb_to_json(&hubble__get_flows_request__descriptor, p, n);

    if (!request)
        return;
    const char *why = hubble_request_refused(request);
    struct follower *f = NEW(struct follower);
    *f = (struct follower){.hubble = h, .call = call, .request = request};
    grpc_call_set_user(call, f);
    TAILQ_INSERT_TAIL(&h->followers, f, link);
    if (why) {
        ends(f, GRPC_INVALID_ARGUMENT, why);
        return;
    }
    for (size_t i = first_of(request, h->kept); i < json_array_size(h->kept); i++)
        if (hubble_flow_wanted(request, json_array_get(h->kept, i)))
            send_flow(call, json_array_get(h->kept, i));
    begins(h);
    if (!json_is_true(json_object_get(request, "follow")))
        ends(f, GRPC_OK, "");
}

static void half_closed(struct grpc_call *call)
{
    if (!grpc_call_user(call))
        grpc_finish(call, GRPC_UNKNOWN, "EOF");
}

static void closed(struct grpc_call *call)
{
    struct follower *f = grpc_call_user(call);

    grpc_call_set_user(call, NULL);
    if (!f)
        return;
    TAILQ_REMOVE(&f->hubble->followers, f, link);
    json_decref(f->request);
    free(f);
}

const struct grpc_method hubble_methods[] = {
    {.path = "/observer.Observer/GetFlows", .in = &hubble__get_flows_request__descriptor,
     .out = &hubble__get_flows_response__descriptor, .server_streams = true, .message = get_flows, .half_closed = half_closed,
     .closed = closed},
    {0}};
