/* What the control API shows of a fake KAS. */
#include "fakekas/internal.h"
#include "fakekas/k8s_proxy.h"

static void add_stream(void *arg, struct grpc_call *call)
{
    json_array_append_new(arg, json_pack("{sissss}", "stream", (int)grpc_call_stream(call), "method",
                                         method_short(grpc_call_method(call)), "path", grpc_call_method(call)->path));
}

static json_t *link_json(const struct kas *k, const struct link *l)
{
    json_t *streams = json_array();
    const struct agent *a = l->agent_token ? agents_by_token(k->agents, l->agent_token) : NULL;
    if (l->session)
        grpc_session_each_call(l->session, add_stream, streams);
    json_t *j = json_pack("{sIsssssssssbso}", "conn", (json_int_t)l->conn->id, "transport", l->listener->transport,
                          "peer", l->conn->peer, "local", l->conn->local, "protocol",
                          l->session ? (l->ws ? "grpc in websocket" : "grpc") : l->http ? "http" : "", "dead",
                          l->conn->dead, "streams", streams);
    if (a)
        json_object_set_new(j, "agent_id", json_integer(a->id));
    return j;
}

json_t *kas_state(const struct kas *k)
{
    json_t *connections = json_array();
    const struct link *l;
    TAILQ_FOREACH (l, &k->links, entry)
        json_array_append_new(connections, link_json(k, l));
    return json_pack("{sssbsbsososssOss*sososo}", "version", k->traits.version, "all_services", k->permissive, "stopped",
                     k->stopped, "listeners", kas_listeners(k), "agents", agents_json(k->agents), "commit", k->commit,
                     "config", k->config, "config_error", k->config_error, "tunnels", tunnels_json(k->tunnels),
                     "connections", connections, "kubernetes_api", kas_k8s_listeners(k));
}
