/* Discovery: which groups, versions and resources there are, in the old form and (from 1.26 on) aggregated. */
#include <string.h>

#include "fakekube/internal.h"
#include "lib/base/mem.h"

#define AGGREGATED "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"

static json_t *verbs_of(unsigned verbs)
{
    json_t *list = json_array();
    for (int i = 0; i < 8; i++)
        if (verbs & (1U << i))
            json_array_append_new(list, json_string(kube_verb_name((enum kube_verb)(1U << i))));
    return list;
}

/* "a,b"; NULL: none */
static json_t *words(const char *text)
{
    json_t *list = *text ? json_array() : NULL;
    while (*text) {
        size_t n = strcspn(text, ",");
        json_array_append_new(list, json_stringn(text, n));
        text += n + (text[n] == ',');
    }
    return list;
}

/* ---- one resource ---- */

static json_t *resource_json(const struct kube_resource *r)
{
    return json_pack("{ss, ss, sb, ss, so, so*, so*}", "name", r->plural, "singularName", r->singular, "namespaced", r->namespaced,
                     "kind", r->kind, "verbs", verbs_of(r->verbs), "shortNames", words(r->shorts), "categories",
                     words(r->categories));
}

static json_t *sub_json(const struct kube_resource *r, const char *sub, const char *group, const char *version, const char *kind)
{
    json_t *o = json_pack("{so, ss, sb}", "name", json_sprintf("%s/%s", r->plural, sub), "singularName", "", "namespaced",
                          r->namespaced);
    if (group) {
        json_object_set_new(o, "group", json_string(group));
        json_object_set_new(o, "version", json_string(version));
    }
    json_object_set_new(o, "kind", json_string(kind));
    json_object_set_new(o, "verbs", verbs_of(VERB_GET | VERB_PATCH | VERB_UPDATE));
    return o;
}

static void add_resource(json_t *list, const struct kube_resource *r)
{
    json_array_append_new(list, resource_json(r));
    if (!strcmp(r->plural, "pods") && !*r->group)
        json_array_append_new(list, json_pack("{ss, ss, sb, ss, s[s]}", "name", "pods/log", "singularName", "", "namespaced", 1,
                                              "kind", "Pod", "verbs", "get"));
    if (r->scale)
        json_array_append_new(list, sub_json(r, "scale", "autoscaling", "v1", "Scale"));
    if (r->status)
        json_array_append_new(list, sub_json(r, "status", NULL, NULL, r->kind));
}

/* ---- groups ---- */

/* Is it the first of its group (and version)? Resources stand by group in the table, but definitions come behind it. */
static bool is_first(const struct kube *k, size_t i, bool of_version)
{
    const struct kube_resource *r = resources_at(k->cluster->resources, i), *other;
    for (size_t n = 0; n < i; n++) {
        other = resources_at(k->cluster->resources, n);
        if (!strcmp(other->group, r->group) && (!of_version || !strcmp(other->version, r->version)))
            return false;
    }
    return true;
}

static json_t *version_json(const struct kube_resource *r)
{
    return json_pack("{so, ss}", "groupVersion", *r->group ? json_sprintf("%s/%s", r->group, r->version) : json_string(r->version),
                     "version", r->version);
}

static json_t *group_json(const struct kube *k, const char *group)
{
    json_t *versions = json_array();
    const struct kube_resource *r;
    for (size_t i = 0; (r = resources_at(k->cluster->resources, i)); i++)
        if (!strcmp(r->group, group) && is_first(k, i, true))
            json_array_append_new(versions, version_json(r));
    json_t *preferred = json_array_get(versions, 0), *g = json_pack("{ss}", "name", group);
    json_object_set_new(g, "versions", versions);
    if (preferred)
        json_object_set(g, "preferredVersion", preferred);
    return g;
}

static json_t *aggregated_resource(const struct kube_resource *r)
{
    json_t *kind = json_pack("{ss, ss, ss}", "group", "", "version", "", "kind", r->kind);
    json_t *o = json_pack("{ss, sO, ss, ss, so, so*, so*}", "resource", r->plural, "responseKind", kind, "scope",
                          r->namespaced ? "Namespaced" : "Cluster", "singularResource", r->singular, "verbs", verbs_of(r->verbs),
                          "shortNames", words(r->shorts), "categories", words(r->categories));
    json_t *subs = json_array();
    if (r->scale)
        json_array_append_new(subs, json_pack("{ss, s{ss, ss, ss}, so}", "subresource", "scale", "responseKind", "group",
                                              "autoscaling", "version", "v1", "kind", "Scale", "verbs",
                                              verbs_of(VERB_GET | VERB_PATCH | VERB_UPDATE)));
    if (r->status)
        json_array_append_new(subs, json_pack("{ss, sO, so}", "subresource", "status", "responseKind", kind, "verbs",
                                              verbs_of(VERB_GET | VERB_PATCH | VERB_UPDATE)));
    if (json_array_size(subs))
        json_object_set(o, "subresources", subs);
    json_decref(subs);
    json_decref(kind);
    return o;
}

static json_t *aggregated_group(const struct kube *k, const char *group)
{
    json_t *versions = json_array();
    const struct kube_resource *r, *other;
    for (size_t i = 0; (r = resources_at(k->cluster->resources, i)); i++) {
        if (strcmp(r->group, group) || !is_first(k, i, true))
            continue;
        json_t *list = json_array();
        for (size_t n = i; (other = resources_at(k->cluster->resources, n)); n++)
            if (!strcmp(other->group, group) && !strcmp(other->version, r->version))
                json_array_append_new(list, aggregated_resource(other));
        json_array_append_new(versions, json_pack("{ss, so, ss}", "version", r->version, "resources", list, "freshness", "Current"));
    }
    json_t *o = json_pack("{s{ss?}, so}", "metadata", "creationTimestamp", NULL, "versions", versions);
    if (*group)
        json_object_set_new(json_object_get(o, "metadata"), "name", json_string(group));
    return o;
}

/* true: answered, since the client understands it. */
static bool aggregated(struct call *c, bool core)
{
    const struct kube_resource *r;
    if (c->k->minor < 26 || !kube_call_accepts(c, "as=APIGroupDiscoveryList"))
        return false;
    json_t *items = json_array();
    for (size_t i = 0; (r = resources_at(c->k->cluster->resources, i)); i++)
        if (is_first(c->k, i, false) && !*r->group == core)
            json_array_append_new(items, aggregated_group(c->k, r->group));
    json_t *all = json_pack("{ss, ss, s{}, so}", "kind", "APIGroupDiscoveryList", "apiVersion", "apidiscovery.k8s.io/v2beta1",
                            "metadata", "items", items);
    _cleanup_(freep) char *text = json_dumps(all, JSON_COMPACT);
    json_decref(all);
    kube_reply_with(c, 200, AGGREGATED, NULL, text, strlen(text));
    return true;
}

/* ---- answers ---- */

void discovery_core(struct call *c)
{
    if (aggregated(c, true))
        return;
    kube_reply_json(c, 200, json_pack("{ss, s[s], s[{ss, ss}]}", "kind", "APIVersions", "versions", "v1", "serverAddressByClientCIDRs",
                                 "clientCIDR", "0.0.0.0/0", "serverAddress", c->conn->local));
}

void discovery_groups(struct call *c)
{
    const struct kube_resource *r;
    if (aggregated(c, false))
        return;
    json_t *groups = json_array();
    for (size_t i = 0; (r = resources_at(c->k->cluster->resources, i)); i++)
        if (*r->group && is_first(c->k, i, false))
            json_array_append_new(groups, group_json(c->k, r->group));
    kube_reply_json(c, 200, json_pack("{ss, ss, so}", "kind", "APIGroupList", "apiVersion", "v1", "groups", groups));
}

void discovery_group(struct call *c, const char *group)
{
    json_t *g = group_json(c->k, group), *all;
    if (!*group || !json_array_size(json_object_get(g, "versions"))) {
        json_decref(g);
        kube_reply_unserved(c);
        return;
    }
    all = json_pack("{ss, ss}", "kind", "APIGroup", "apiVersion", "v1");
    json_object_update(all, g);
    json_decref(g);
    kube_reply_json(c, 200, all);
}

void discovery_resources(struct call *c, const char *group, const char *version)
{
    json_t *list = json_array();
    const struct kube_resource *r;
    for (size_t i = 0; (r = resources_at(c->k->cluster->resources, i)); i++)
        if (!strcmp(r->group, group) && !strcmp(r->version, version))
            add_resource(list, r);
    if (!json_array_size(list)) {
        json_decref(list);
        kube_reply_unserved(c);
        return;
    }
    kube_reply_json(c, 200, json_pack("{ss, ss*, so, so}", "kind", "APIResourceList", "apiVersion", *group ? "v1" : NULL, "groupVersion",
                                 *group ? json_sprintf("%s/%s", group, version) : json_string(version), "resources", list));
}
