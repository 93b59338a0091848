/* RBAC, as far as it says yes or no: no aggregated roles, no guard against who gives more than they have. */
#include "fakekube/rbac.h"

#include <string.h>

#include "fakekube/ask.h"
#include "lib/base/mem.h"

#define ACCOUNT "system:serviceaccount:"

static bool is_among(const json_t *list, const char *text)
{
    size_t i;
    json_t *one;
    json_array_foreach ((json_t *)list, i, one) {
        const char *v = json_string_value(one);
        if (v && text && !strcmp(v, text))
            return true;
    }
    return false;
}

static bool is_among_or_star(const json_t *list, const char *text)
{
    return is_among(list, "*") || is_among(list, text);
}

/* ---- rules ---- */

static bool resource_fits(const json_t *resources, const struct rbac_ask *a)
{
    if (is_among(resources, "*"))
        return true;
    if (!a->sub)
        return is_among(resources, a->resource);
    _cleanup_(freep) char *exact = xasprintf("%s/%s", a->resource, a->sub), *any = xasprintf("*/%s", a->sub);
    return is_among(resources, exact) || is_among(resources, any);
}

static bool rule_fits(const json_t *rule, const struct rbac_ask *a)
{
    const json_t *names = json_object_get(rule, "resourceNames");
    return is_among_or_star(json_object_get(rule, "verbs"), a->verb) &&
           is_among_or_star(json_object_get(rule, "apiGroups"), a->group) &&
           resource_fits(json_object_get(rule, "resources"), a) && (!json_array_size(names) || is_among(names, a->name));
}

static const struct kube_shelf *shelf_of(const struct cluster *c, const char *plural)
{
    return resources_find(c->resources, "rbac.authorization.k8s.io", "v1", plural)->shelf;
}

static bool role_fits(const struct cluster *c, const json_t *ref, const char *ns, const struct rbac_ask *a)
{
    const char *kind = json_string_value(json_object_get(ref, "kind")), *name = json_string_value(json_object_get(ref, "name"));
    bool own = kind && !strcmp(kind, "Role");
    const json_t *role = name ? kube_shelf_get(shelf_of(c, own ? "roles" : "clusterroles"), own ? ns : NULL, name) : NULL;
    size_t i;
    json_t *rule;
    json_array_foreach (json_object_get(role, "rules"), i, rule)
        if (rule_fits(rule, a))
            return true;
    return false;
}

/* ---- subjects ---- */

/* system:serviceaccounts, system:serviceaccounts:NS */
static bool account_is_in(const char *user, const char *group)
{
    size_t n = strlen("system:serviceaccounts");
    if (strncmp(user, ACCOUNT, strlen(ACCOUNT)) || strncmp(group, "system:serviceaccounts", n))
        return false;
    const char *ns = user + strlen(ACCOUNT);
    size_t len = strcspn(ns, ":");
    return !group[n] || (group[n] == ':' && strlen(group + n + 1) == len && !strncmp(group + n + 1, ns, len));
}

static bool is_in(const struct rbac_ask *a, const char *group)
{
    bool nobody = !strcmp(a->user, "system:anonymous");
    return is_among(a->groups, group) || account_is_in(a->user, group) ||
           !strcmp(group, nobody ? "system:unauthenticated" : "system:authenticated");
}

static bool subject_is(const json_t *subject, const char *ns, const struct rbac_ask *a)
{
    const char *kind = json_string_value(json_object_get(subject, "kind")), *name = json_string_value(json_object_get(subject, "name"));
    const char *own = json_string_value(json_object_get(subject, "namespace"));
    if (!kind || !name)
        return false;
    if (!strcmp(kind, "User"))
        return !strcmp(name, a->user);
    if (!strcmp(kind, "Group"))
        return is_in(a, name);
    _cleanup_(freep) char *account = xasprintf(ACCOUNT "%s:%s", own ? own : ns ? ns : "", name);
    return !strcmp(kind, "ServiceAccount") && !strcmp(account, a->user);
}

/* ---- bindings ---- */

struct search {
    const struct cluster *c;
    const struct rbac_ask *a;
    bool found;
};

static bool on_binding(void *arg, const char *key, const json_t *binding)
{
    struct search *s = arg;
    const char *ns = object_text(binding, "namespace");
    size_t i;
    json_t *subject;
    bool meant = false;
    (void)key;
    json_array_foreach (json_object_get(binding, "subjects"), i, subject)
        meant |= subject_is(subject, ns, s->a);
    s->found = meant && role_fits(s->c, json_object_get(binding, "roleRef"), ns, s->a);
    return !s->found;
}

/* Everybody may ask what they may do. */
static bool is_about_oneself(const struct rbac_ask *a)
{
    return !strcmp(a->group, "authorization.k8s.io") && !strncmp(a->resource, "selfsubject", 11);
}

bool rbac_allows(const struct cluster *c, const struct rbac_ask *a)
{
    struct search s = {c, a, false};
    if (!strcmp(a->user, "system:admin") || is_among(a->groups, "system:masters") || is_about_oneself(a))
        return true;
    kube_shelf_each(shelf_of(c, "clusterrolebindings"), NULL, NULL, on_binding, &s);
    if (!s.found && a->ns)
        kube_shelf_each(shelf_of(c, "rolebindings"), a->ns, NULL, on_binding, &s);
    return s.found;
}

json_t *rbac_cluster_admin(void)
{
    return json_pack("{ss, ss, s{ss}, s[{s[s], s[s], s[s]}, {s[s], s[s]}]}", "apiVersion", "rbac.authorization.k8s.io/v1", "kind",
                     "ClusterRole", "metadata", "name", "cluster-admin", "rules", "apiGroups", "*", "resources", "*", "verbs", "*",
                     "nonResourceURLs", "*", "verbs", "*");
}
