/* Deleting: one and many, with what they own. What a controller has to let go first waits for it, if there is any
 * (cluster->lingers); else nothing here takes time. */
#include <errno.h>
#include <string.h>

#include "fakekube/ask.h"
#include "lib/base/mem.h"

#define FOREGROUND "foregroundDeletion"
#define ORPHAN "orphan"

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

static bool is_namespace_of(const struct kube_resource *r)
{
    return !strcmp(r->plural, "namespaces") && !*r->group;
}

/* It is to go, and waits. hold: a finalizer more; NULL: none. */
static void mark(const struct kube_resource *r, const char *ns, const char *name, const json_t *object, const char *hold)
{
    char now[32];
    if (object_text(object, "deletionTimestamp"))
        return;
    json_t *marked = object_copy(object), *m = object_metadata(marked);
    object_now(now);
    json_object_set_new(m, "deletionTimestamp", json_string(now));
    json_t *generation = json_object_get(m, "generation");
    if (generation)
        json_object_set_new(m, "generation", json_integer(json_integer_value(generation) + 1));
    if (is_namespace_of(r))
        json_object_set_new(marked, "status", json_pack("{ss}", "phase", "Terminating"));
    else
        json_object_set_new(m, "deletionGracePeriodSeconds", json_integer(0));
    if (hold && !json_object_get(m, "finalizers"))
        json_object_set_new(m, "finalizers", json_array());
    if (hold)
        json_array_append_new(json_object_get(m, "finalizers"), json_string(hold));
    kube_shelf_put(r->shelf, ns, name, marked);
}

/* Whatever it is held by. */
static void remove_now(struct cluster *c, const struct kube_resource *r, const char *ns, const char *name, bool orphan, int depth)
{
    const json_t *object = kube_shelf_get(r->shelf, ns, name);
    const char *uid = object ? object_text(object, "uid") : NULL;
    _cleanup_(freep) char *owner = xstrdup(uid);
    if (!object)
        return;
    if (is_namespace_of(r) && depth < DEPTH_MAX)
        remove_those(c, &(struct doomed){.ns = name}, depth);
    kube_shelf_remove(r->shelf, ns, name);
    if (owner && !orphan && depth < DEPTH_MAX)
        remove_those(c, &(struct doomed){.owner = owner}, depth);
}

static void remove_object(struct cluster *c, const struct kube_resource *r, const char *ns, const char *name, bool orphan,
                          int depth)
{
    const json_t *object = kube_shelf_get(r->shelf, ns, name);
    if (object && json_array_size(object_get(object, "metadata.finalizers")))
        mark(r, ns, name, object, NULL);
    else
        remove_now(c, r, ns, name, orphan, depth);
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

/* What the object has to wait for, where somebody lets it go: a finalizer, or "" for a namespace's own. NULL: nothing. */
static const char *held_by(const struct ask *a)
{
    const char *policy = json_string_value(json_object_get(a->body, "propagationPolicy"));
    if (!a->cluster->lingers)
        return NULL;
    if (is_namespace_of(a->r))
        return "";
    return policy && !strcmp(policy, "Foreground") ? FOREGROUND : orphans(a->body) ? ORPHAN : NULL;
}

static bool is_background(const struct ask *a)
{
    const char *policy = json_string_value(json_object_get(a->body, "propagationPolicy"));
    return policy && !strcmp(policy, "Background");
}

/* … by what only waits for controllers. */
static bool is_held(const json_t *object)
{
    json_t *one;
    size_t i;
    json_array_foreach ((json_t *)object_get(object, "metadata.finalizers"), i, one)
        if (!strcmp(json_string_value(one), FOREGROUND) || !strcmp(json_string_value(one), ORPHAN))
            return true;
    return false;
}

void cluster_let_go(struct cluster *c, const struct kube_resource *r, const char *ns, const char *name)
{
    const json_t *object = kube_shelf_get(r->shelf, ns, name);
    json_t *left = json_array(), *one;
    bool orphan = false;
    size_t i;
    json_array_foreach ((json_t *)object_get(object, "metadata.finalizers"), i, one) {
        orphan |= !strcmp(json_string_value(one), ORPHAN);
        if (strcmp(json_string_value(one), FOREGROUND) && strcmp(json_string_value(one), ORPHAN))
            json_array_append(left, one);
    }
    if (json_array_size(left) == json_array_size(object_get(object, "metadata.finalizers")) && json_array_size(left)) {
        json_decref(left); /* others hold it */
        return;
    }
    if (json_array_size(left)) {
        json_t *freed = object_copy(object);
        json_object_set(object_metadata(freed), "finalizers", left);
        kube_shelf_put(r->shelf, ns, name, freed);
    } else
        remove_now(c, r, ns, name, orphan, 0);
    json_decref(left);
}

static bool policy_is_known(struct ask *a)
{
    const char *policy = json_string_value(json_object_get(a->body, "propagationPolicy"));
    json_t *cause = NULL;
    if (policy && json_object_get(a->body, "orphanDependents"))
        cause = status_cause("FieldValueInvalid", "propagationPolicy",
                             "Invalid value: \"%s\": orphanDependents and deletionPropagation cannot be both set", policy);
    else if (policy && strcmp(policy, "Foreground") && strcmp(policy, "Background") && strcmp(policy, "Orphan"))
        cause = status_cause("FieldValueNotSupported", "propagationPolicy",
                             "Unsupported value: \"%s\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"", policy);
    if (!cause)
        return true;
    static const struct kube_resource options = {.group = "meta.k8s.io", .kind = "DeleteOptions"};
    ask_refuse(a, status_invalid(&options, "", json_pack("[o]", cause)));
    return false;
}

/* Some are there for ever. */
static bool may_go(struct ask *a)
{
    static const char *const kept[] = {"default", "kube-system", "kube-public"};
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        if (is_namespace_of(a->r) && !strcmp(a->name, kept[i])) {
            ask_refuse(a, status_forbidden(a->r, a->name, "this namespace may not be deleted"));
            return false;
        }
    return true;
}

void ask_delete(struct ask *a)
{
    json_t *object = json_incref((json_t *)kube_shelf_get(a->r->shelf, a->ns, a->name));
    const char *held = held_by(a);
    if (!policy_is_known(a) || !may_go(a)) {
        json_decref(object);
        return;
    }
    if (!object) {
        ask_refuse(a, status_not_found(a->r, a->name));
        return;
    }
    if (preconditions_hold(a, object)) {
        if (!a->dry_run && is_background(a) && is_held(object))
            cluster_let_go(a->cluster, a->r, a->ns, a->name);
        else if (!a->dry_run && held)
            mark(a->r, a->ns, a->name, object, *held ? held : NULL);
        else if (!a->dry_run)
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

/* PUT …/namespaces/NAME/finalize: who is named no longer has let it go. */
void ask_finalize(struct ask *a)
{
    const json_t *before = kube_shelf_get(a->r->shelf, a->ns, a->name), *left = object_get(a->body, "spec.finalizers");
    if (!before) {
        ask_refuse(a, status_not_found(a->r, a->name));
        return;
    }
    json_t *object = object_copy(before);
    json_object_set_new(object, "spec", json_array_size(left) ? json_pack("{sO}", "finalizers", left) : json_object());
    if (json_array_size(left) || !object_text(object, "deletionTimestamp")) {
        json_incref(object);
        kube_shelf_put(a->r->shelf, a->ns, a->name, object);
    } else
        remove_now(a->cluster, a->r, a->ns, a->name, false, 0);
    ask_answer(a, 200, object);
}
