/* What an agent's modules send through KAS: alerts of Cilium, vulnerabilities that Starboard found. */
#include <string.h>

#include "fakegitlab/internal.h"

static bool licensed(struct call *c, const char *feature)
{
    if (store_licensed(c->g->store, feature))
        return true;
    c->why = "the licence does not have this feature";
    reply_forbidden(c);
    return false;
}

/* Grape tells everything that is missing at once: "a is missing, b[c] is missing". */
static bool complete(struct call *c, const json_t *body, const char *const *paths)
{
    struct buf missing = BUF_NULL;
    for (; *paths; paths++) {
        const char *dot = strchr(*paths, '.');
        _cleanup_(freep) char *outer = dot ? xstrndup(*paths, (size_t)(dot - *paths)) : xstrdup(*paths);
        const json_t *v = json_object_get(body, outer);
        if (dot && json_is_object(v))
            v = json_object_get(v, dot + 1);
        else if (dot)
            continue; /* that the outer one is missing was said */
        if (!v)
            buf_addf(&missing, "%s%s%s%s%s is missing", buf_len(&missing) ? ", " : "", outer, dot ? "[" : "",
                     dot ? dot + 1 : "", dot ? "]" : "");
    }
    bool fine = !buf_len(&missing);
    if (!fine)
        reply_error(c, 400, "%.*s", (int)buf_len(&missing), (const char *)buf_data(&missing));
    buf_done(&missing);
    return fine;
}

static void tell(struct call *c, const char *kind, const json_t *payload)
{
    if (events_heard(c->conn->events))
        conn_event(c->conn, 0, "gitlab.received", json_pack("{sssssO}", "kind", kind, "agent", c->token->agent->name, "payload", payload));
}

static void receive(struct call *c, enum gl_received kind, const json_t *payload)
{
    if (store_receive(c->g->store, kind, c->token->agent, payload, NULL) < 0)
        reply_message(c, 500, "500 Internal Server Error");
    else {
        tell(c, kind == GL_ALERT ? "alert" : "scan_result", payload);
        reply_json(c, 200, json_object());
    }
}

void module_cilium_alert(struct call *c)
{
    const json_t *body = licensed(c, "cilium_alerts") ? call_body(c) : NULL;
    const json_t *alert = json_object_get(body, "alert");
    if (!body)
        return;
    if (!alert)
        reply_error(c, 400, "alert is missing");
    else if (!json_is_object(alert))
        reply_error(c, 400, "alert is invalid");
    else
        receive(c, GL_ALERT, alert);
}

void module_vulnerability(struct call *c)
{
    static const char *const needed[] = {
        "vulnerability",          "vulnerability.name",  "vulnerability.severity", "vulnerability.location",
        "vulnerability.identifiers", "scanner",          "scanner.id",             "scanner.name",
        "scanner.vendor",         NULL};
    const json_t *body = licensed(c, "security_dashboard") ? call_body(c) : NULL;
    char uuid[37];
    if (!body || !complete(c, body, needed))
        return;
    if (store_receive_vulnerability(c->g->store, c->token->agent, body, uuid) < 0)
        reply_message(c, 500, "500 Internal Server Error");
    else {
        tell(c, "vulnerability", body);
        reply_json(c, 200, json_pack("{ss}", "uuid", uuid));
    }
}

void module_scan_result(struct call *c)
{
    const json_t *body = licensed(c, "security_dashboard") ? call_body(c) : NULL;
    const json_t *uuids = json_object_get(body, "uuids");
    if (!body)
        return;
    if (!uuids)
        reply_error(c, 400, "uuids is missing");
    else if (!json_is_array(uuids))
        reply_error(c, 400, "uuids is invalid");
    else
        receive(c, GL_SCAN_RESULT, body);
}

static void reply_policies(struct call *c, const char *of_spec, const char *key)
{
    json_t *policies = json_object_get(json_object_get(c->g->spec, "policies"), of_spec);
    if (licensed(c, "security_dashboard"))
        reply_json(c, 200, json_pack("{so}", key, json_is_array(policies) ? json_incref(policies) : json_array()));
}

void module_policies_configuration(struct call *c)
{
    reply_policies(c, "configurations", "configurations");
}

void module_scan_execution_policies(struct call *c)
{
    reply_policies(c, "scan_execution", "policies");
}

void module_reconcile(struct call *c)
{
    reply_json(c, 200, json_pack("{s[]}", "workspace_rails_infos"));
}
