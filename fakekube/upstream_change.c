/* What a real API server answered to a write, told as a change of the cluster; and what the world itself does to it. */
#include <errno.h>
#include <string.h>

#include "fakekube/upstream.h"
#include "fakekube/upstream_impl.h"
#include "lib/base/mem.h"

static bool is_status(const json_t *o)
{
    const char *kind = json_string_value(json_object_get(o, "kind"));
    return kind && !strcmp(kind, "Status");
}

char *kube_object_path(const struct kube *k, const json_t *object, bool item)
{
    const char *api = json_string_value(json_object_get(object, "apiVersion")), *kind = json_string_value(json_object_get(object, "kind"));
    const char *slash = api ? strchr(api, '/') : NULL, *name = object_text(object, "name"), *ns = object_text(object, "namespace");
    _cleanup_(freep) char *group = slash ? xstrndup(api, (size_t)(slash - api)) : xstrdup("");
    const struct kube_resource *r =
        api && kind ? resources_of_kind(k->cluster->resources, group, slash ? slash + 1 : api, kind) : NULL;
    if (!r || (item && !name))
        return NULL;
    return xasprintf("%s%s%s%s/%s%s%s", *group ? "/apis/" : "/api/", api, r->namespaced ? "/namespaces/" : "",
                     r->namespaced ? ns ? ns : "default" : "", r->plural, item ? "/" : "", item ? name : "");
}

/* ---- changes ---- */

static void tell(struct kube_upstream *u, const struct kube_resource *r, const char *type, const json_t *object)
{
    const char *ns = object_text(object, "namespace"), *version = object_text(object, "resourceVersion");
    if (!events_heard(u->k->events))
        return;
    kube_event(u->k, "kube.changed", json_pack("{ss, ss, ss, ss, ss, sI, so}", "type", type, "group", r->group, "kind", r->kind,
                                               "namespace", ns ? ns : "", "name", object_text(object, "name"), "version",
                                               (json_int_t)(version ? strtoll(version, NULL, 10) : 0), "object",
                                               kube_object_shown(r->plural, object)));
}

/* What controllers would make of it, where none run. */
static void move(struct kube_upstream *u, const struct kube_resource *r, const char *path, const json_t *object)
{
    json_t *status = kube_status_moved(u->k, r->plural, object);
    if (!status)
        return;
    json_t *body = json_pack("{so}", "status", status);
    _cleanup_(freep) char *target = xasprintf("%s/status", path);
    kube_upstream_ask(u, r, "PATCH", target, "application/merge-patch+json", body);
    json_decref(body);
}

static void object_is(struct kube_upstream *u, const struct kube_resource *r, const char *path, int status, json_t *object)
{
    const json_t *before = json_object_get(u->seen, path);
    const char *was = before ? object_text(before, "resourceVersion") : NULL, *is = object_text(object, "resourceVersion");
    if (!is || !object_text(object, "name") || (was && !strcmp(was, is)))
        return;
    json_object_set(u->seen, path, object);
    if (!strcmp(r->plural, "customresourcedefinitions"))
        resources_define(u->k->cluster->resources, object);
    tell(u, r, status == 201 ? "ADDED" : "MODIFIED", object);
    move(u, r, path, object);
}

/* Gone, with the last that was known of it. */
static void object_gone(struct kube_upstream *u, const struct kube_resource *r, const char *path, const json_t *answer)
{
    json_t *before = json_incref(json_object_get(u->seen, path));
    const char *name = strrchr(path, '/') + 1, *ns = strstr(path, "/namespaces/");
    if (before)
        json_object_del(u->seen, path);
    else if (!is_status(answer))
        before = json_incref((json_t *)answer);
    else
        before = json_pack("{s{ss, so*}}", "metadata", "name", name, "namespace",
                           r->namespaced && ns ? json_stringn(ns + 12, strcspn(ns + 12, "/")) : NULL);
    tell(u, r, "DELETED", before);
    json_decref(before);
}

/* Nothing holds it any more. */
static bool is_over(const json_t *answer)
{
    const json_t *m = json_object_get(answer, "metadata");
    return is_status(answer) || (!json_array_size(json_object_get(m, "finalizers")) &&
                                 !json_array_size(json_object_get(json_object_get(answer, "spec"), "finalizers")) &&
                                 json_integer_value(json_object_get(m, "deletionGracePeriodSeconds")) <= 0);
}

/* What the garbage collector and the namespaces' controller would do: let it go. */
static void let_go(struct kube_upstream *u, const struct kube_resource *r, const char *path, const json_t *object)
{
    json_t *left = json_array(), *one, *body;
    size_t i, n = json_array_size(object_get(object, "metadata.finalizers"));
    json_array_foreach ((json_t *)object_get(object, "metadata.finalizers"), i, one)
        if (strcmp(json_string_value(one), "foregroundDeletion") && strcmp(json_string_value(one), "orphan"))
            json_array_append(left, one);
    if (json_array_size(left) < n) {
        body = json_pack("{s{sO}}", "metadata", "finalizers", left);
        kube_upstream_ask(u, r, "PATCH", path, "application/merge-patch+json", body);
        json_decref(body);
    } else if (!strcmp(r->plural, "namespaces")) {
        _cleanup_(freep) char *target = xasprintf("%s/finalize", path);
        body = json_deep_copy(object);
        json_object_set_new(json_object_get(body, "spec"), "finalizers", json_array());
        kube_upstream_ask(u, r, "PUT", target, "application/json", body);
        json_decref(body);
    }
    json_decref(left);
}

/* A new string: the path of the object that a path of a subresource is about. */
static char *own_path(const char *path)
{
    static const char *const subs[] = {"/status", "/finalize"};
    size_t n = strlen(path);
    for (size_t i = 0; i < ARRAY_SIZE(subs); i++)
        if (n > strlen(subs[i]) && !strcmp(path + n - strlen(subs[i]), subs[i]))
            return xstrndup(path, n - strlen(subs[i]));
    return xstrdup(path);
}

void kube_upstream_changed(struct kube_upstream *u, const struct kube_resource *r, const char *method, const char *path, int status,
                           json_t *answer)
{
    _cleanup_(freep) char *own = own_path(path), *made = NULL;
    bool going = !strcmp(method, "DELETE") || object_text(answer, "deletionTimestamp");
    if (!strcmp(method, "POST") && (made = xasprintf("%s/%s", path, object_text(answer, "name") ? object_text(answer, "name") : "")))
        object_is(u, r, made, 201, answer);
    else if (json_object_get(answer, "items"))
        return;
    else if (going && is_over(answer))
        object_gone(u, r, own, answer);
    else if (!strcmp(method, "PUT") || !strcmp(method, "PATCH") || !strcmp(method, "DELETE"))
        object_is(u, r, own, status, answer);
    if (going && !made && !is_over(answer))
        let_go(u, r, own, answer);
}

/* ---- steps ---- */

static const struct kube_resource *resource_of(const struct kube *k, const char *kind)
{
    const struct kube_resource *r;
    for (size_t i = 0; (r = resources_at(k->cluster->resources, i)); i++)
        if (kind && !strcmp(r->kind, kind))
            return r;
    return NULL;
}

/* There it is, whatever was there. */
int kube_upstream_apply(struct kube_upstream *u, const json_t *object, char **reterr)
{
    _cleanup_(freep) char *path = kube_object_path(u->k, object, true);
    const struct kube_resource *r = resource_of(u->k, json_string_value(json_object_get(object, "kind")));
    if (!path || !r) {
        *reterr = xstrdup("apply: expected an object with apiVersion, a kind that there is, and metadata.name");
        return -EINVAL;
    }
    _cleanup_(freep) char *target = xasprintf("%s?fieldManager=scenario&force=true", path);
    kube_upstream_ask(u, r, "PATCH", target, "application/apply-patch+yaml", object);
    return 0;
}

int kube_upstream_delete(struct kube_upstream *u, const json_t *args, char **reterr)
{
    const struct kube_resource *r = resource_of(u->k, json_string_value(json_object_get(args, "kind")));
    json_t *object = r ? json_pack("{so, ss, s{sO*, sO*}}", "apiVersion",
                                   *r->group ? json_sprintf("%s/%s", r->group, r->version) : json_string(r->version), "kind", r->kind,
                                   "metadata", "name", json_object_get(args, "name"), "namespace", json_object_get(args, "namespace"))
                       : NULL;
    _cleanup_(freep) char *path = object ? kube_object_path(u->k, object, true) : NULL;
    json_decref(object);
    if (!path) {
        *reterr = xstrdup("delete: expected {kind, namespace, name} of a kind that there is");
        return -EINVAL;
    }
    json_t *body = json_pack("{si, ss}", "gracePeriodSeconds", 0, "propagationPolicy", "Background");
    kube_upstream_ask(u, r, "DELETE", path, "application/json", body);
    json_decref(body);
    return 0;
}
