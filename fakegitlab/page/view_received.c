/* What the page shows of what KAS and agents sent: the newest first, and no more than people read. */
#include <string.h>

#include "fakegitlab/page/page.h"

enum { SHOWN = 50 };

static const char *text_at(const json_t *v, const char *a, const char *b)
{
    const char *text = json_string_value(json_object_get(json_object_get(v, a), b));
    return text ? text : "";
}

/* The policy that an alert is of; "" where Cilium did not say. */
static const char *alert_what(const json_t *payload)
{
    const json_t *meta = json_object_get(json_object_get(payload, "ciliumNetworkPolicy"), "metadata");
    const char *name = json_string_value(json_object_get(meta, "name"));
    return name ? name : text_at(payload, "flow", "verdict");
}

static json_t *what_of(enum gl_received kind, const json_t *payload)
{
    if (kind == GL_ALERT)
        return json_string(alert_what(payload));
    if (kind == GL_VULNERABILITY)
        return json_string(text_at(payload, "vulnerability", "name"));
    return json_sprintf("%zu found", json_array_size(json_object_get(payload, "uuids")));
}

static json_t *item_view(const struct store *s, enum gl_received kind, const json_t *item)
{
    const json_t *payload = json_object_get(item, "payload");
    const struct gl_agent *a = store_agent(s, json_integer_value(json_object_get(item, "agent_id")));
    json_t *view = json_pack("{sO, sO, so, ss, ss, so}", "id", json_object_get(item, "id"), "at",
                             json_object_get(item, "received_at"), "what", what_of(kind, payload),
                             "severity", text_at(payload, "vulnerability", "severity"), "agent",
                             a ? a->name : "(deleted)", "text", view_json_text(payload));
    if (json_is_true(json_object_get(item, "resolved")))
        json_object_set_new(view, "resolved", json_true());
    return view;
}

static bool may_see(const struct call *c, const json_t *item)
{
    const struct gl_project *p =
        store_project(c->g->store, json_integer_value(json_object_get(item, "project_id")));
    return !p || store_access(p, c->user) >= GL_DEVELOPER;
}

/* {"kind", "title", "items": […], "more": how many are not shown}; null: there are none. */
static json_t *list_view(const struct call *c, enum gl_received kind, const char *id, const char *title)
{
    json_t *all = store_received(c->g->store, kind, NULL), *items = json_array();
    size_t n = 0;
    for (size_t i = json_array_size(all); i-- > 0;) {
        const json_t *item = json_array_get(all, i);
        if (!may_see(c, item))
            continue;
        if (n++ < SHOWN)
            json_array_append_new(items, item_view(c->g->store, kind, item));
    }
    json_decref(all);
    return json_pack("{ss, ss, so, sb, so}", "kind", id, "title", title, "items", items, "some", n > 0,
                     "more", n > SHOWN ? json_integer((json_int_t)(n - SHOWN)) : json_null());
}

/* [{"name", "value"}]: of unique counters, how many there are. */
static json_t *usage_view(const struct store *s)
{
    json_t *usage = store_usage(s), *list = json_array(), *v;
    const char *name;
    json_object_foreach(json_object_get(usage, "counters"), name, v)
        json_array_append_new(list, json_pack("{ss, sO}", "name", name, "value", v));
    json_object_foreach(json_object_get(usage, "unique_counters"), name, v)
        json_array_append_new(list, json_pack("{ss, so}", "name", name, "value",
                                              json_sprintf("%zu different", json_array_size(v))));
    json_decref(usage);
    return list;
}

void view_received(const struct call *c, json_t *view)
{
    json_t *usage = usage_view(c->g->store);
    json_object_set_new(view, "received",
                        json_pack("[o, o, o]", list_view(c, GL_ALERT, "alerts", "Network alerts"),
                                  list_view(c, GL_VULNERABILITY, "vulnerabilities", "Vulnerabilities"),
                                  list_view(c, GL_SCAN_RESULT, "scans", "Scan results")));
    json_object_set_new(view, "has_usage", json_boolean(json_array_size(usage)));
    json_object_set_new(view, "usage", usage);
}
