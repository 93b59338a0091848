/* AgentConfiguration/GetConfiguration: the configuration at once if the agent has another commit, then again whenever
 * it changes; in between silence. */
#include <string.h>

#include "fakekas/internal.h"
#include "lib/proto/pb.h"

void configuration_open(struct grpc_call *call)
{
    struct kas *k = grpc_call_arg(call);
    watcher_new(&k->configs, k, call);
}

void configuration_closed(struct grpc_call *call)
{
    struct kas *k = grpc_call_arg(call);
    watcher_closed(&k->configs, call);
}

/* What a person wrote, and what KAS adds to it: who the agent is. */
static json_t *configuration_of(const struct kas *k, const struct agent *a)
{
    json_t *c = json_deep_copy(k->config);
    if (k->traits.agent_id || k->permissive) {
        if (!json_object_get(c, "agent_id"))
            json_object_set_new(c, "agent_id", json_integer(a->id));
        if (!json_object_get(c, "project_id"))
            json_object_set_new(c, "project_id", json_integer(a->project_id));
    }
    if ((k->traits.project_path || k->permissive) && !json_object_get(c, "project_path"))
        json_object_set_new(c, "project_path", json_string(a->project_path));
    return c;
}

static void answer(struct watcher *w, const struct agent *a)
{
    struct kas *k = w->kas;
    struct conn *c = grpc_call_conn(w->call);
    if (k->config_error) {
        kas_event(k, c, grpc_call_stream(w->call), "kas.config_refused", json_pack("{ss}", "why", k->config_error));
        grpc_finish(w->call, GRPC_FAILED_PRECONDITION, k->config_error);
        return;
    }
    if (w->commit && !strcmp(w->commit, k->commit))
        return; /* it has this one: silence */
    json_t *reply = json_pack("{soss}", "configuration", configuration_of(k, a), "commit_id", k->commit);
    _cleanup_(freep) char *err = NULL;
    free(w->commit);
    w->commit = xstrdup(k->commit);
    if (grpc_send_json(w->call, reply, &err) < 0) {
        kas_event(k, c, grpc_call_stream(w->call), "kas.bad_config", json_pack("{ss}", "why", err ? err : "?"));
        grpc_finish(w->call, GRPC_INTERNAL, "fakekas: the scenario's config is no AgentConfiguration");
    } else {
        kas_event(k, c, grpc_call_stream(w->call), "kas.config_sent", json_pack("{ss}", "commit", k->commit));
    }
    json_decref(reply);
}

static void announce(struct kas *k, struct grpc_call *call, const struct agent *a, const json_t *meta)
{
    struct link *l = link_of(grpc_call_conn(call));
    if (!l || l->announced)
        return;
    l->announced = true;
    json_t *f = json_pack("{sIss}", "agent_id", (json_int_t)a->id, "transport", l->listener->transport);
    if (meta)
        json_object_update_missing(f, (json_t *)meta);
    kas_event(k, l->conn, grpc_call_stream(call), "kas.agent_connected", f);
}

void configuration_message(struct grpc_call *call, const uint8_t *p, size_t n)
{
    struct kas *k = grpc_call_arg(call);
    struct watcher *w = grpc_call_user(call);
    const struct link *l = link_of(grpc_call_conn(call));
    if (!w || w->answered)
        return;
    json_t *request = pb_to_json(grpc_call_method(call)->in, p, n);
    if (!request) {
        grpc_finish(call, GRPC_INTERNAL, "grpc: failed to unmarshal the received message: proto: cannot parse "
                                         "invalid wire-format data");
        return;
    }
    struct agent *a = auth_admit(k, call);
    if (a) {
        const char *commit = json_string_value(json_object_get(request, "commit_id"));
        w->answered = true;
        free(w->commit);
        w->commit = xstrdup(commit);
        announce(k, call, a, json_object_get(request, "agent_meta"));
        if (l && l->polls_over)
            grpc_finish(call, GRPC_OK, "");
        else
            answer(w, a);
    } else if ((w = grpc_call_user(call))) { /* not ended: kept waiting */
        w->silent = true;
        free(w->commit);
        w->commit = xstrdup(json_string_value(json_object_get(request, "commit_id")));
    }
    json_decref(request);
}

/* Those that wait, and those that were kept waiting because of trouble with GitLab that may now be over. */
void configuration_push(struct kas *k)
{
    struct watcher *w, *next;
    for (w = TAILQ_FIRST(&k->configs); w; w = next) {
        next = TAILQ_NEXT(w, entry);
        if (!w->answered && !w->silent)
            continue;
        struct agent *a = agents_by_header(k->agents, grpc_call_header(w->call, "authorization"));
        if (!a || agent_status_now(a) != AGENT_OK)
            continue;
        w->answered = true;
        w->silent = false;
        answer(w, a);
    }
}
