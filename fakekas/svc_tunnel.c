/* ReverseTunnel/Connect: the agent calls, and KAS sends requests back through the call. A tunnel is idle until it has
 * a request; it serves one and ends. Requests for which no tunnel is idle wait for the next.
 *
 *   agent: descriptor                      KAS: request_info, message*, close_send
 *   agent: header, message*, trailer [, error], end of stream            KAS: status OK
 */
#include <errno.h>
#include <string.h>

#include "reverse_tunnel.pb-c.h"

#include "fakekas/tunnels.h"

struct tunnels *tunnels_new(struct kas *k)
{
    struct tunnels *t = NEW(struct tunnels);
    t->kas = k;
    TAILQ_INIT(&t->list);
    TAILQ_INIT(&t->waiting);
    return t;
}

struct tunnels *tunnels_free(struct tunnels *t)
{
    struct tunnel_request *r;
    if (!t)
        return NULL;
    while ((r = TAILQ_FIRST(&t->waiting))) {
        TAILQ_REMOVE(&t->waiting, r, entry);
        tunnel_request_free(r);
    }
    free(t);
    return NULL;
}

static bool usable(const struct tunnel *t)
{
    return t->described && t->service && !t->request;
}

bool tunnel_is_idle(struct grpc_call *call)
{
    const struct tunnel *t = grpc_call_user(call);
    return !t || !t->request;
}

static void send_to_agent(struct grpc_call *call, ReverseTunnel__ConnectResponse *m)
{
    size_t n = reverse_tunnel__connect_response__get_packed_size(m);
    _cleanup_(freep) uint8_t *p = xcalloc(1, n ? n : 1);
    reverse_tunnel__connect_response__pack(m, p);
    grpc_send(call, p, n);
}

void tunnel_send_inner(void *arg, const uint8_t *p, size_t n)
{
    ReverseTunnel__Message inner = REVERSE_TUNNEL__MESSAGE__INIT;
    ReverseTunnel__ConnectResponse m = REVERSE_TUNNEL__CONNECT_RESPONSE__INIT;
    inner.data = (ProtobufCBinaryData){.len = n, .data = (uint8_t *)p};
    m.msg_case = REVERSE_TUNNEL__CONNECT_RESPONSE__MSG_MESSAGE;
    m.message = &inner;
    send_to_agent(arg, &m);
}

void tunnel_send_close(struct grpc_call *call)
{
    ReverseTunnel__CloseSend close = REVERSE_TUNNEL__CLOSE_SEND__INIT;
    ReverseTunnel__ConnectResponse m = REVERSE_TUNNEL__CONNECT_RESPONSE__INIT;
    m.msg_case = REVERSE_TUNNEL__CONNECT_RESPONSE__MSG_CLOSE_SEND;
    m.close_send = &close;
    send_to_agent(call, &m);
}

static void drive(struct tunnel *t, struct tunnel_request *r)
{
    struct kas *k = t->set->kas;
    struct conn *c = grpc_call_conn(t->call);
    _cleanup_(freep) char *err = NULL;
    t->request = r;
    r->tunnel = t;
    json_t *info = tunnel_request_info(r, t->service);
    json_t *open = json_pack("{sO}", "request_info", info);
    kas_event(k, c, grpc_call_stream(t->call), "tunnel.request",
              json_pack("{sIsssO*}", "n", (json_int_t)t->n, "method_name",
                        json_string_value(json_object_get(info, "method_name")), "request", r->args));
    json_decref(info);
    if (grpc_send_json(t->call, open, &err) < 0 || tunnel_request_send(r, t->service, tunnel_send_inner, t->call, &err) < 0)
        kas_event(k, c, grpc_call_stream(t->call), "tunnel.failed", json_pack("{ss}", "why", err ? err : "?"));
    json_decref(open);
    if (err && r->taker) {
        tunnel_over(r, GRPC_INTERNAL, err);
        tunnel_cancel(r, err);
    } else if (r->taker)
        r->taker->begun(r->arg); /* the last: it may end r */
    else if (!r->keep_open)
        tunnel_send_close(t->call);
}

void tunnels_pair(struct tunnels *s)
{
    struct tunnel *t, *next;
    for (t = TAILQ_FIRST(&s->list); t && !TAILQ_EMPTY(&s->waiting); t = next) {
        next = TAILQ_NEXT(t, entry);
        struct tunnel_request *r = usable(t) ? TAILQ_FIRST(&s->waiting) : NULL;
        const struct conn *c = grpc_call_conn(t->call);
        while (r && ((r->conn && c && r->conn != (json_int_t)c->id) || (r->agent_id && r->agent_id != t->agent_id)))
            r = TAILQ_NEXT(r, entry);
        if (!r)
            continue;
        TAILQ_REMOVE(&s->waiting, r, entry);
        drive(t, r);
    }
}

/* What KAS puts into each request, unless the scenario says otherwise (null: not at all). */
static void as_kas_has_it(const struct kas *k, json_t *args)
{
    json_t *headers = json_object_get(args, "headers");
    const char *body = json_string_value(json_object_get(args, "body"));
    if (!json_is_object(headers))
        json_object_set_new(args, "headers", headers = json_object());
    if (!json_object_get(headers, "Via") && *k->traits.server)
        json_object_set_new(headers, "Via", json_sprintf("gRPC/1.0 %s", k->traits.server));
    if (!json_object_get(args, "content_length") && k->traits.request_length && !k->permissive)
        json_object_set_new(args, "content_length", json_integer(body ? (json_int_t)strlen(body) : 0));
}

int tunnels_request(struct tunnels *s, const json_t *args, char **reterr)
{
    struct tunnel_request *r = tunnel_request_new(args, reterr);
    if (!r)
        return -EINVAL;
    as_kas_has_it(s->kas, r->args);
    TAILQ_INSERT_TAIL(&s->waiting, r, entry);
    tunnels_pair(s);
    return 0;
}

json_t *tunnels_json(const struct tunnels *s)
{
    int idle = 0, busy = 0, waiting = 0;
    const struct tunnel *t;
    const struct tunnel_request *r;
    TAILQ_FOREACH (t, &s->list, entry)
        *(t->request ? &busy : &idle) += t->described;
    TAILQ_FOREACH (r, &s->waiting, entry)
        waiting++;
    return json_pack("{sisisisI}", "idle", idle, "busy", busy, "requests_waiting", waiting, "opened",
                     (json_int_t)s->count);
}

void tunnel_open(struct grpc_call *call)
{
    struct kas *k = grpc_call_arg(call);
    const struct link *l = link_of(grpc_call_conn(call));
    /* Here KAS asks GitLab before it reads anything. */
    struct agent *a = auth_admit(k, call);
    if (a && l && l->polls_over) {
        grpc_finish(call, GRPC_OK, "");
        return;
    }
    struct tunnel *t = NEW(struct tunnel);
    t->set = k->tunnels;
    t->call = call;
    t->silent = !a;
    t->agent_id = a ? a->id : 0;
    TAILQ_INSERT_TAIL(&k->tunnels->list, t, entry);
    grpc_call_set_user(call, t);
}

void tunnel_closed(struct grpc_call *call)
{
    struct tunnel *t = grpc_call_user(call);
    if (!t)
        return;
    struct tunnels *s = t->set;
    grpc_call_set_user(call, NULL);
    TAILQ_REMOVE(&s->list, t, entry);
    if (t->request)
        kas_event(s->kas, grpc_call_conn(call), grpc_call_stream(call), "tunnel.closed",
                  json_pack("{sIsb}", "n", (json_int_t)t->n, "answered", t->request->answered));
    if (t->request)
        tunnel_over(t->request, -1, "the tunnel is lost");
    tunnel_request_free(t->request);
    free(t->service);
    free(t);
}

static void invalid(struct grpc_call *call, const char *text)
{
    kas_event(grpc_call_arg(call), grpc_call_conn(call), grpc_call_stream(call), "kas.invalid_request",
              json_pack("{ss}", "why", text));
    grpc_finish(call, GRPC_INVALID_ARGUMENT, text);
}

static void describe(struct tunnel *t, const ReverseTunnel__ConnectRequest *m, const uint8_t *p, size_t n)
{
    static const char *const names[] = {"", "Descriptor_", "Header", "Message", "Trailer", "Error"};
    struct grpc_call *call = t->call;
    if (m->msg_case == REVERSE_TUNNEL__CONNECT_REQUEST__MSG__NOT_SET) {
        invalid(call, "invalid ConnectRequest.Msg: value is required");
        return;
    }
    if (m->msg_case != REVERSE_TUNNEL__CONNECT_REQUEST__MSG_DESCRIPTOR) {
        _cleanup_(freep) char *text =
            xasprintf("Invalid oneof value type: *rpc.ConnectRequest_%s", names[m->msg_case % 6]);
        invalid(call, text);
        return;
    }
    const ReverseTunnel__AgentDescriptor *d = m->descriptor ? m->descriptor->agent_descriptor : NULL;
    if (!d) {
        invalid(call, "invalid ConnectRequest.Descriptor_: embedded message failed validation | caused by: invalid "
                      "Descriptor.AgentDescriptor: value is required");
        return;
    }
    struct kas *k = t->set->kas;
    if (d->n_services)
        t->service = xstrdup(d->services[0]->name);
    t->described = true;
    t->n = ++t->set->count;
    kas_event(k, grpc_call_conn(call), grpc_call_stream(call), "kas.tunnel_open",
              json_pack("{sIss*si}", "n", (json_int_t)t->n, "service", t->service, "services", (int)d->n_services));
    tunnels_pair(t->set);
}

static void answer(struct tunnel *t, const ReverseTunnel__ConnectRequest *m)
{
    struct tunnel_request *r = t->request;
    if (!r) {
        invalid(t->call, "the agent speaks before it was asked");
        return;
    }
    switch (m->msg_case) {
    case REVERSE_TUNNEL__CONNECT_REQUEST__MSG_MESSAGE:
        tunnel_request_received(r, m->message->data.data, m->message->data.len);
        break;
    case REVERSE_TUNNEL__CONNECT_REQUEST__MSG_TRAILER:
        r->trailer = true;
        break;
    case REVERSE_TUNNEL__CONNECT_REQUEST__MSG_ERROR:
        if (m->error && m->error->status)
            tunnel_request_error(r, m->error->status->code, m->error->status->message);
        break;
    default:
        break;
    }
}

void tunnel_message(struct grpc_call *call, const uint8_t *p, size_t n)
{
    struct tunnel *t = grpc_call_user(call);
    if (!t || t->silent)
        return;
    ReverseTunnel__ConnectRequest *m = reverse_tunnel__connect_request__unpack(NULL, n, p);
    if (!m) {
        grpc_finish(call, GRPC_INTERNAL, "grpc: failed to unmarshal the received message: proto: cannot parse "
                                         "invalid wire-format data");
        return;
    }
    if (!t->described)
        describe(t, m, p, n);
    else
        answer(t, m);
    reverse_tunnel__connect_request__free_unpacked(m, NULL);
}

void tunnel_half_closed(struct grpc_call *call)
{
    struct tunnel *t = grpc_call_user(call);
    if (!t || t->silent)
        return;
    if (!t->described) {
        grpc_finish(call, GRPC_UNKNOWN, "EOF");
        return;
    }
    if (!t->request)
        return; /* KAS reads nothing before it has a request */
    t->request->answered = true;
    json_t *f = tunnel_request_response(t->request);
    json_object_set_new(f, "n", json_integer(t->n));
    kas_event(t->set->kas, grpc_call_conn(call), grpc_call_stream(call), "tunnel.response", f);
    json_t *error = t->request->error;
    tunnel_over(t->request, (int)json_integer_value(json_object_get(error, "code")), json_string_value(json_object_get(error, "message")));
    grpc_finish(call, GRPC_OK, "");
}
