/* The resources that every cluster has. Those of CustomResourceDefinitions come behind them. */
#include "fakekube/resources.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/mem.h"

#define CREATE_ONLY VERB_CREATE

static const struct kube_resource table[] = {
    /* group, version, kind, plural, namespaced, verbs, status, scale, short names, categories, type */
    {"", "v1", "ConfigMap", "configmaps", true, VERBS_ALL, false, false, "cm", "", "core.v1.ConfigMap"},
    {"", "v1", "Endpoints", "endpoints", true, VERBS_ALL, false, false, "ep", "", "core.v1.Endpoints"},
    {"", "v1", "Event", "events", true, VERBS_ALL, false, false, "ev", "", "core.v1.Event"},
    {"", "v1", "LimitRange", "limitranges", true, VERBS_ALL, false, false, "limits", "", "core.v1.LimitRange"},
    {"", "v1", "Namespace", "namespaces", false, VERBS_ALL & ~VERB_DELETE_COLLECTION, true, false, "ns", "", "core.v1.Namespace"},
    {"", "v1", "Node", "nodes", false, VERBS_ALL, true, false, "no", "", "core.v1.Node"},
    {"", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true, VERBS_ALL, true, false, "pvc", "",
     "core.v1.PersistentVolumeClaim"},
    {"", "v1", "PersistentVolume", "persistentvolumes", false, VERBS_ALL, true, false, "pv", "", "core.v1.PersistentVolume"},
    {"", "v1", "Pod", "pods", true, VERBS_ALL, true, false, "po", "all", "core.v1.Pod"},
    {"", "v1", "PodTemplate", "podtemplates", true, VERBS_ALL, false, false, "", "", "core.v1.PodTemplate"},
    {"", "v1", "ReplicationController", "replicationcontrollers", true, VERBS_ALL, true, true, "rc", "all",
     "core.v1.ReplicationController"},
    {"", "v1", "ResourceQuota", "resourcequotas", true, VERBS_ALL, true, false, "quota", "", "core.v1.ResourceQuota"},
    {"", "v1", "Secret", "secrets", true, VERBS_ALL, false, false, "", "", "core.v1.Secret"},
    {"", "v1", "ServiceAccount", "serviceaccounts", true, VERBS_ALL, false, false, "sa", "", "core.v1.ServiceAccount"},
    {"", "v1", "Service", "services", true, VERBS_ALL & ~VERB_DELETE_COLLECTION, true, false, "svc", "all", "core.v1.Service"},

    {"apps", "v1", "ControllerRevision", "controllerrevisions", true, VERBS_ALL, false, false, "", "", "apps.v1.ControllerRevision"},
    {"apps", "v1", "DaemonSet", "daemonsets", true, VERBS_ALL, true, false, "ds", "all", "apps.v1.DaemonSet"},
    {"apps", "v1", "Deployment", "deployments", true, VERBS_ALL, true, true, "deploy", "all", "apps.v1.Deployment"},
    {"apps", "v1", "ReplicaSet", "replicasets", true, VERBS_ALL, true, true, "rs", "all", "apps.v1.ReplicaSet"},
    {"apps", "v1", "StatefulSet", "statefulsets", true, VERBS_ALL, true, true, "sts", "all", "apps.v1.StatefulSet"},

    {"events.k8s.io", "v1", "Event", "events", true, VERBS_ALL, false, false, "ev", "", "events.v1.Event"},

    {"authorization.k8s.io", "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", true, CREATE_ONLY, false, false,
     "", "", "authorization.v1.LocalSubjectAccessReview"},
    {"authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", false, CREATE_ONLY, false, false,
     "", "", "authorization.v1.SelfSubjectAccessReview"},
    {"authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", false, CREATE_ONLY, false, false,
     "", "", "authorization.v1.SelfSubjectRulesReview"},
    {"authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", false, CREATE_ONLY, false, false, "", "",
     "authorization.v1.SubjectAccessReview"},

    {"autoscaling", "v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true, VERBS_ALL, true, false, "hpa", "all",
     "autoscaling.v1.HorizontalPodAutoscaler"},
    {"batch", "v1", "CronJob", "cronjobs", true, VERBS_ALL, true, false, "cj", "all", "batch.v1.CronJob"},
    {"batch", "v1", "Job", "jobs", true, VERBS_ALL, true, false, "", "all", "batch.v1.Job"},

    {"networking.k8s.io", "v1", "IngressClass", "ingressclasses", false, VERBS_ALL, false, false, "", "", "networking.v1.IngressClass"},
    {"networking.k8s.io", "v1", "Ingress", "ingresses", true, VERBS_ALL, true, false, "ing", "", "networking.v1.Ingress"},
    {"networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", true, VERBS_ALL, false, false, "netpol", "",
     "networking.v1.NetworkPolicy"},
    {"policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", true, VERBS_ALL, true, false, "pdb", "",
     "policy.v1.PodDisruptionBudget"},

    {"rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", false, VERBS_ALL, false, false, "", "",
     "rbac.v1.ClusterRoleBinding"},
    {"rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", false, VERBS_ALL, false, false, "", "", "rbac.v1.ClusterRole"},
    {"rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", true, VERBS_ALL, false, false, "", "", "rbac.v1.RoleBinding"},
    {"rbac.authorization.k8s.io", "v1", "Role", "roles", true, VERBS_ALL, false, false, "", "", "rbac.v1.Role"},

    {"storage.k8s.io", "v1", "StorageClass", "storageclasses", false, VERBS_ALL, false, false, "sc", "", "storage.v1.StorageClass"},
    {"apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false, VERBS_ALL, true, false,
     "crd,crds", "api-extensions", "apiextensions.v1.CustomResourceDefinition"},
    {"scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", false, VERBS_ALL, false, false, "pc", "",
     "scheduling.v1.PriorityClass"},
    {"coordination.k8s.io", "v1", "Lease", "leases", true, VERBS_ALL, false, false, "", "", "coordination.v1.Lease"},
    {"discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true, VERBS_ALL, false, false, "", "", "discovery.v1.EndpointSlice"},
};

struct one {
    struct kube_resource r;
    char *memory[8];  /* owned: its texts that are not static */
    char *definition; /* owned; of whom it is; NULL: of the table */
};

struct resources {
    const struct types *types;
    struct kube_store *store;
    struct one **all; /* owned */
    size_t n;
};

const char *kube_verb_name(enum kube_verb v)
{
    static const char *const names[] = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
    return names[__builtin_ctz(v)];
}

/* ---- adding ---- */

static const char *keep(struct one *o, char *text)
{
    for (size_t i = 0; i < ARRAY_SIZE(o->memory); i++)
        if (!o->memory[i]) {
            o->memory[i] = text;
            break;
        }
    return text;
}

static char *lower(const char *text)
{
    char *t = xstrdup(text);
    for (char *c = t; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return t;
}

static void add(struct resources *all, struct one *o)
{
    o->r.type = types_find(all->types, o->r.type_name);
    o->r.shelf = kube_store_shelf(all->store, o->r.group, o->r.plural);
    all->all = xrealloc(all->all, (all->n + 1) * sizeof(struct one *));
    all->all[all->n++] = o;
}

struct resources *resources_new(const struct types *types, struct kube_store *store)
{
    struct resources *all = NEW(struct resources);
    all->types = types;
    all->store = store;
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        struct one *o = NEW(struct one);
        o->r = table[i];
        o->r.singular = keep(o, lower(table[i].kind));
        o->r.list_kind = keep(o, xasprintf("%sList", table[i].kind));
        o->r.preferred = true;
        add(all, o);
    }
    return all;
}

static void one_free(struct one *o)
{
    for (size_t i = 0; i < ARRAY_SIZE(o->memory); i++)
        free(o->memory[i]);
    free(o->definition);
    free(o);
}

struct resources *resources_free(struct resources *r)
{
    if (!r)
        return NULL;
    for (size_t i = 0; i < r->n; i++)
        one_free(r->all[i]);
    free(r->all);
    free(r);
    return NULL;
}

/* ---- CustomResourceDefinitions ---- */

void resources_forget(struct resources *all, const char *definition)
{
    size_t kept = 0;
    for (size_t i = 0; i < all->n; i++) {
        struct one *o = all->all[i];
        if (o->definition && !strcmp(o->definition, definition))
            one_free(o);
        else
            all->all[kept++] = o;
    }
    all->n = kept;
}

static char *joined(const json_t *list)
{
    char *text = xstrdup("");
    size_t i;
    json_t *v;
    json_array_foreach ((json_t *)list, i, v) {
        char *longer = xasprintf("%s%s%s", text, i ? "," : "", json_string_value(v) ? json_string_value(v) : "");
        free(text);
        text = longer;
    }
    return text;
}

static const char *text_of(const json_t *object, const char *key, const char *otherwise)
{
    const char *v = json_string_value(json_object_get(object, key));
    return v ? v : otherwise;
}

static void define_version(struct resources *all, const json_t *definition, const json_t *version, bool first)
{
    const json_t *spec = json_object_get(definition, "spec"), *names = json_object_get(spec, "names");
    const json_t *sub = json_object_get(version, "subresources");
    const char *name = text_of(json_object_get(definition, "metadata"), "name", "");
    struct one *o = NEW(struct one);
    o->definition = xstrdup(name);
    struct kube_resource *r = &o->r;
    r->group = keep(o, xstrdup(text_of(spec, "group", "")));
    r->version = keep(o, xstrdup(text_of(version, "name", "v1")));
    r->kind = keep(o, xstrdup(text_of(names, "kind", "")));
    r->plural = keep(o, xstrdup(text_of(names, "plural", "")));
    r->singular = keep(o, json_object_get(names, "singular") ? xstrdup(text_of(names, "singular", "")) : lower(r->kind));
    r->list_kind = keep(o, json_object_get(names, "listKind") ? xstrdup(text_of(names, "listKind", ""))
                                                              : xasprintf("%sList", r->kind));
    r->shorts = keep(o, joined(json_object_get(names, "shortNames")));
    r->categories = keep(o, joined(json_object_get(names, "categories")));
    r->namespaced = !strcmp(text_of(spec, "scope", "Namespaced"), "Namespaced");
    r->verbs = VERBS_ALL;
    r->status = json_object_get(sub, "status");
    r->scale = json_object_get(sub, "scale");
    r->custom = true;
    r->preferred = first;
    add(all, o);
}

void resources_define(struct resources *all, const json_t *definition)
{
    const json_t *versions = json_object_get(json_object_get(definition, "spec"), "versions"), *v;
    size_t i;
    bool first = true;
    resources_forget(all, text_of(json_object_get(definition, "metadata"), "name", ""));
    json_array_foreach ((json_t *)versions, i, v)
        if (json_is_true(json_object_get(v, "served"))) {
            define_version(all, definition, v, first);
            first = false;
        }
}

/* ---- looking ---- */

const struct kube_resource *resources_at(const struct resources *r, size_t i)
{
    return i < r->n ? &r->all[i]->r : NULL;
}

const struct kube_resource *resources_find(const struct resources *r, const char *group, const char *version,
                                           const char *plural)
{
    const struct kube_resource *one;
    for (size_t i = 0; (one = resources_at(r, i)); i++)
        if (!strcmp(one->plural, plural) && !strcmp(one->group, group) && !strcmp(one->version, version))
            return one;
    return NULL;
}

const struct kube_resource *resources_of_kind(const struct resources *r, const char *group, const char *version,
                                              const char *kind)
{
    const struct kube_resource *one;
    for (size_t i = 0; (one = resources_at(r, i)); i++)
        if (!strcmp(one->kind, kind) && !strcmp(one->group, group) && !strcmp(one->version, version))
            return one;
    return NULL;
}

const struct kube_resource *resources_of_shelf(const struct resources *r, const struct kube_shelf *shelf)
{
    const struct kube_resource *one;
    for (size_t i = 0; (one = resources_at(r, i)); i++)
        if (one->shelf == shelf)
            return one;
    return NULL;
}
