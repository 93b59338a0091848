/* What a scenario does to a call: the moment kube.request, when all is known that is asked and nothing has
 * been done. Its event is written when the call has been answered, with the status, or when a fault has
 * taken it, with `fault`. */
#include <ctype.h>
#include <string.h>

#include "fakekube/internal.h"
#include "lib/base/mem.h"

#define MOMENT "kube.request"

/* A call that a fault holds. */
struct held {
    struct kube *k;
    struct conn *conn;
    struct http1 *http;
    const struct http1_request *request; /* lives as long as it is not answered */
    json_t *facts;                       /* owned */
};

json_t *fault_facts(const struct call *c, const char *verb)
{
    _cleanup_(freep) char *lower = xstrdup(verb ? verb : c->request->method);
    for (char *p = lower; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    json_t *path = json_string(c->request->path), *facts = json_object();
    json_object_set_new(facts, "verb", json_string(lower));
    json_object_set_new(facts, "method", json_string(c->request->method));
    json_object_set_new(facts, "path", path ? path : json_string("(not UTF-8)"));
    json_object_set_new(facts, "user", json_string(c->user));
    if (c->impersonated)
        json_object_set(facts, "impersonated", c->impersonated);
    return facts;
}

bool fault_asked(const struct call *c)
{
    return !c->asked && conn_asked(c->conn, MOMENT);
}

/* refuse: {code, reason, message, details}: a Status, as Kubernetes says no. */
static bool own_action(void *arg, const struct action *a)
{
    struct held *held = arg;
    const json_t *code = json_object_get(a->args, "code");
    const char *reason = json_string_value(json_object_get(a->args, "reason"));
    const char *message = json_string_value(json_object_get(a->args, "message"));
    struct call c = {
        .k = held->k, .conn = held->conn, .http = held->http, .request = held->request, .query = ""};
    if (strcmp(a->verb, "refuse"))
        return false;
    int n = code ? (int)json_integer_value(code) : 403;
    reason = reason ? reason : n == 403 ? "Forbidden" : "";
    json_object_set_new(held->facts, "status", json_integer(n));
    json_object_set_new(held->facts, "reason", json_string(reason));
    json_object_set_new(held->facts, "message", json_string(message ? message : ""));
    kube_reply_status(&c, status_make(n, reason, message ? message : "",
                                      json_incref(json_object_get(a->args, "details"))));
    return true;
}

static void acted(void *arg, bool carry_on)
{
    struct held *held = arg;
    if (carry_on) {
        kube_call_again(held->k, held->http, held->request);
    } else {
        json_object_set_new(held->facts, "fault", json_true());
        conn_event(held->conn, 0, MOMENT, json_incref(held->facts));
    }
    json_decref(held->facts);
    free(held);
}

bool fault_takes(struct call *c, json_t *facts)
{
    const struct action *list = c->asked ? NULL : conn_ask(c->conn, 0, MOMENT, json_incref(facts));
    if (!list) {
        json_decref(facts);
        return false;
    }
    struct held *held = NEW(struct held);
    *held =
        (struct held){.k = c->k, .conn = c->conn, .http = c->http, .request = c->request, .facts = facts};
    http1_act(c->http, list, own_action, acted, held);
    return true;
}
