/* The cluster as a whole: made, asked, freed. */
#include "fakekube/cluster.h"

#include <errno.h>
#include <string.h>

#include "fakekube/ask.h"
#include "fakekube/rbac.h"
#include "lib/base/mem.h"
#include "lib/script/match.h"

void ask_answer(struct ask *a, int code, json_t *object)
{
    json_decref(a->answer);
    a->code = code;
    a->answer = object;
}

void ask_refuse(struct ask *a, json_t *status)
{
    ask_answer(a, status_code(status), status);
}

/* ---- what is there from the beginning ---- */

/* Definitions make resources, and take them away. */
static void on_definition(void *arg, const struct kube_change *change)
{
    struct cluster *c = arg;
    if (strcmp(kube_shelf_plural(change->shelf), "customresourcedefinitions"))
        return;
    if (change->type == CHANGE_DELETED)
        resources_forget(c->resources, object_text(change->object, "name"));
    else
        resources_define(c->resources, change->object);
}

static const struct kube_resource *resource_of(const struct cluster *c, const json_t *object)
{
    const char *version = json_string_value(json_object_get(object, "apiVersion"));
    const char *kind = json_string_value(json_object_get(object, "kind"));
    const char *slash = version ? strchr(version, '/') : NULL;
    _cleanup_(freep) char *group = slash ? xstrndup(version, (size_t)(slash - version)) : xstrdup("");
    return version && kind ? resources_of_kind(c->resources, group, slash ? slash + 1 : version, kind) : NULL;
}

int cluster_apply(struct cluster *c, const json_t *object, char **reterr)
{
    const struct kube_resource *r = resource_of(c, object);
    const char *name = object_text(object, "name"), *ns = object_text(object, "namespace");
    if (!r || !name) {
        *reterr = xasprintf("%s: expected an object with apiVersion, kind and metadata.name of a kind that the cluster has",
                            json_string_value(json_object_get(object, "kind")) ? json_string_value(json_object_get(object, "kind"))
                                                                               : "object");
        return -EINVAL;
    }
    json_t *body = json_deep_copy(object);
    struct ask a = {.cluster = c, .r = r, .ns = r->namespaced ? (ns ? ns : "default") : NULL, .name = name, .body = body,
                    .user = "system:admin", .manager = "scenario"};
    a.verb = kube_shelf_get(r->shelf, a.ns, name) ? VERB_UPDATE : VERB_CREATE;
    if (a.verb == VERB_CREATE) {
        a.name = NULL;
        ask_create(&a);
    } else {
        ask_update(&a);
    }
    int r2 = a.code < 300 ? 0 : -EINVAL;
    if (r2 < 0)
        *reterr = xasprintf("%s %s: %s", r->kind, name, json_string_value(json_object_get(a.answer, "message")));
    json_decref(a.answer);
    json_decref(a.warnings);
    json_decref(body);
    return r2;
}

static int bootstrap(struct cluster *c, const json_t *objects, char **reterr)
{
    static const char *const namespaces[] = {"default", "kube-node-lease", "kube-public", "kube-system"};
    int r = 0;
    size_t i;
    json_t *v;
    for (size_t n = 0; n < ARRAY_SIZE(namespaces) && r == 0; n++) {
        json_t *ns = json_pack("{ss, ss, s{ss}}", "apiVersion", "v1", "kind", "Namespace", "metadata", "name", namespaces[n]);
        r = cluster_apply(c, ns, reterr);
        json_decref(ns);
    }
    if (c->rbac && r == 0) {
        json_t *admin = rbac_cluster_admin();
        r = cluster_apply(c, admin, reterr);
        json_decref(admin);
    }
    json_array_foreach ((json_t *)objects, i, v)
        if (r == 0)
            r = cluster_apply(c, v, reterr);
    return r;
}

int cluster_new(const struct cluster_options *o, struct cluster **ret, char **reterr)
{
    struct cluster *c = NEW(struct cluster);
    c->types = types_new();
    c->store = kube_store_new(o->history);
    c->resources = resources_new(c->types, c->store);
    c->forbid = json_is_array(o->forbid) ? json_deep_copy(o->forbid) : json_array();
    c->rbac = o->rbac;
    c->definitions = kube_store_watch(c->store, on_definition, c);
    int r = bootstrap(c, o->objects, reterr);
    if (r < 0)
        c = cluster_free(c);
    *ret = c;
    return r;
}

struct cluster *cluster_free(struct cluster *c)
{
    if (!c)
        return NULL;
    kube_store_unwatch(c->definitions);
    resources_free(c->resources);
    kube_store_free(c->store);
    types_free(c->types);
    json_decref(c->forbid);
    free(c);
    return NULL;
}

/* ---- who may ---- */

static bool is_forbidden(const struct ask *a)
{
    size_t i;
    json_t *pattern;
    bool forbidden = false;
    if (!json_array_size(a->cluster->forbid))
        return false;
    json_t *facts = json_pack("{ss, ss, ss, ss, ss, ss, ss}", "verb", kube_verb_name(a->verb), "group", a->r->group, "resource",
                              a->r->plural, "subresource", a->sub ? a->sub : "", "namespace", a->ns ? a->ns : "", "name",
                              a->name ? a->name : "", "user", a->user ? a->user : "");
    json_array_foreach (a->cluster->forbid, i, pattern)
        forbidden |= match(pattern, facts, NULL);
    json_decref(facts);
    return forbidden;
}

static bool is_allowed(const struct ask *a)
{
    struct rbac_ask r = {.user = a->user ? a->user : "system:anonymous", .groups = a->groups, .verb = kube_verb_name(a->verb),
                         .group = a->r->group, .resource = a->r->plural, .sub = a->sub, .ns = a->ns, .name = a->name};
    return !a->cluster->rbac || rbac_allows(a->cluster, &r);
}

char *cluster_forbids(const struct ask *a)
{
    if (!is_forbidden(a) && is_allowed(a))
        return NULL;
    _cleanup_(freep) char *where = a->ns ? xasprintf("in the namespace \"%s\"", a->ns) : xstrdup("at the cluster scope");
    return xasprintf("User \"%s\" cannot %s resource \"%s%s%s\" in API group \"%s\" %s", a->user ? a->user : "system:anonymous",
                     kube_verb_name(a->verb), a->r->plural, a->sub ? "/" : "", a->sub ? a->sub : "", a->r->group, where);
}

/* ---- asking ---- */

void cluster_do(struct ask *a)
{
    _cleanup_(freep) char *why = cluster_forbids(a);
    if (why) {
        ask_refuse(a, status_forbidden(a->r, a->name, why));
        return;
    }
    if (!(a->r->verbs & a->verb)) {
        ask_refuse(a, status_method(a->r));
        return;
    }
    if (a->sub && !strcmp(a->sub, "scale")) {
        ask_scale(a);
        return;
    }
    switch (a->verb) {
    case VERB_GET:
        ask_get(a);
        break;
    case VERB_LIST:
        ask_list(a);
        break;
    case VERB_CREATE:
        if (!strcmp(a->r->group, "authorization.k8s.io"))
            ask_review(a);
        else
            ask_create(a);
        break;
    case VERB_UPDATE:
        ask_update(a);
        break;
    case VERB_PATCH:
        ask_patch(a);
        break;
    case VERB_DELETE:
        ask_delete(a);
        break;
    case VERB_DELETE_COLLECTION:
        ask_delete_collection(a);
        break;
    default:
        ask_refuse(a, status_method(a->r));
    }
}
