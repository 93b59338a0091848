/* Deleting: one and many, with what they own. Nothing here takes time: foreground and background look the same. */
#include <errno.h>
#include <string.h>

#include "fakekube/ask.h"
#include "lib/base/mem.h"

enum { DEPTH_MAX = 8 };

struct doomed {
    json_t *list; /* [[index of resource, key], …] */
    size_t resource;
    const char *owner;
    const char *ns;
};

static void remove_object(struct cluster *c, const struct kube_resource *r, const char *ns, const char *name, bool orphan,
                          int depth);

static bool is_owned(void *arg, const char *key, const json_t *object)
{
    struct doomed *d = arg;
    const json_t *owners = object_get(object, "metadata.ownerReferences"), *o;
    bool owned = !d->owner;
    size_t i;
    json_array_foreach ((json_t *)owners, i, o) {
        const char *uid = json_string_value(json_object_get(o, "uid"));
        owned |= uid && d->owner && !strcmp(uid, d->owner);
    }
    if (owned)
        json_array_append_new(d->list, json_pack("[I, s]", (json_int_t)d->resource, key));
    return true;
}

/* All that fits, found first: shelves must not change while they are looked through. */
static void remove_those(struct cluster *c, struct doomed *d, int depth)
{
    const struct kube_resource *r;
    size_t i;
    json_t *one;
    d->list = json_array();
    for (d->resource = 0; (r = resources_at(c->resources, d->resource)); d->resource++)
        if ((r->preferred && r->namespaced) || (r->preferred && !d->ns))
            kube_shelf_each(r->shelf, d->ns, NULL, is_owned, d);
    json_array_foreach (d->list, i, one) {
        r = resources_at(c->resources, (size_t)json_integer_value(json_array_get(one, 0)));
        const char *key = json_string_value(json_array_get(one, 1)), *slash = strchr(key, '/');
        _cleanup_(freep) char *ns = slash > key ? xstrndup(key, (size_t)(slash - key)) : NULL;
        if (r)
            remove_object(c, r, ns, slash + 1, false, depth + 1);
    }
    json_decref(d->list);
}

static void remove_object(struct cluster *c, const struct kube_resource *r, const char *ns, const char *name, bool orphan,
                          int depth)
{
    const json_t *object = kube_shelf_get(r->shelf, ns, name);
    const char *uid = object ? object_text(object, "uid") : NULL;
    _cleanup_(freep) char *owner = xstrdup(uid);
    bool is_namespace = !strcmp(r->plural, "namespaces") && !*r->group;
    if (!object)
        return;
    if (json_array_size(object_get(object, "metadata.finalizers"))) {
        char now[32];
        if (object_text(object, "deletionTimestamp"))
            return;
        json_t *marked = object_copy(object);
        object_now(now);
        json_object_set_new(object_metadata(marked), "deletionTimestamp", json_string(now));
        json_object_set_new(object_metadata(marked), "deletionGracePeriodSeconds", json_integer(0));
        kube_shelf_put(r->shelf, ns, name, marked);
        return;
    }
    if (is_namespace && depth < DEPTH_MAX)
        remove_those(c, &(struct doomed){.ns = name}, depth);
    kube_shelf_remove(r->shelf, ns, name);
    if (owner && !orphan && depth < DEPTH_MAX)
        remove_those(c, &(struct doomed){.owner = owner}, depth);
}

/* Preconditions {uid, resourceVersion}. false: answered. */
static bool preconditions_hold(struct ask *a, const json_t *object)
{
    static const char *const keys[] = {"uid", "resourceVersion"};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const char *want = json_string_value(json_object_get(json_object_get(a->body, "preconditions"), keys[i]));
        const char *have = object_text(object, keys[i]);
        if (!want || (have && !strcmp(want, have)))
            continue;
        _cleanup_(freep) char *why = xasprintf("Precondition failed: %s in precondition: %s, %s in object meta: %s",
                                               i ? "ResourceVersion" : "UID", want, i ? "ResourceVersion" : "UID", have ? have : "");
        ask_refuse(a, status_conflict(a->r, a->name, why));
        return false;
    }
    return true;
}

static bool orphans(const json_t *options)
{
    const char *policy = json_string_value(json_object_get(options, "propagationPolicy"));
    return (policy && !strcmp(policy, "Orphan")) || json_is_true(json_object_get(options, "orphanDependents"));
}

void ask_delete(struct ask *a)
{
    json_t *object = json_incref((json_t *)kube_shelf_get(a->r->shelf, a->ns, a->name));
    if (!object) {
        ask_refuse(a, status_not_found(a->r, a->name));
        return;
    }
    if (preconditions_hold(a, object)) {
        if (!a->dry_run)
            remove_object(a->cluster, a->r, a->ns, a->name, orphans(a->body), 0);
        const json_t *left = kube_shelf_get(a->r->shelf, a->ns, a->name);
        if (left && !a->dry_run)
            ask_answer(a, 200, object_seen(a->r, left));
        else
            ask_answer(a, 200, status_success(a->r, a->name, object_text(object, "uid")));
    }
    json_decref(object);
}

void ask_delete_collection(struct ask *a)
{
    size_t i;
    json_t *one;
    ask_list(a);
    if (a->code != 200 || a->dry_run)
        return;
    json_array_foreach (json_object_get(a->answer, "items"), i, one) {
        const char *ns = object_text(one, "namespace"), *name = object_text(one, "name");
        if (name)
            remove_object(a->cluster, a->r, ns, name, orphans(a->body), 0);
    }
}
