/* Creating, replacing and patching. */
#include <string.h>

#include "fakekube/ask.h"
#include "fakekube/patch.h"
#include "lib/base/mem.h"

#define MODIFIED "the object has been modified; please apply your changes to the latest version and try again"

static bool is_status(const struct ask *a)
{
    return a->sub && !strcmp(a->sub, "status");
}

/* ---- what the request and its object must agree about ---- */

static bool namespace_agrees(struct ask *a, json_t *object)
{
    const char *said = object_text(object, "namespace");
    if (!a->r->namespaced) {
        json_object_del(object_metadata(object), "namespace");
        return true;
    }
    if (said && *said && strcmp(said, a->ns)) {
        ask_refuse(a, status_bad_request("the namespace of the provided object does not match the namespace sent on the request"));
        return false;
    }
    json_object_set_new(object_metadata(object), "namespace", json_string(a->ns));
    return true;
}

static bool name_agrees(struct ask *a, json_t *object)
{
    const char *said = object_text(object, "name");
    if (said && *said && strcmp(said, a->name)) {
        ask_refuse(a, status_bad_request("the name of the object (%s) does not match the name on the URL (%s)", said, a->name));
        return false;
    }
    if (!said || !*said)
        json_object_set_new(object_metadata(object), "name", json_string(a->name));
    return true;
}

static bool namespace_is_there(struct ask *a)
{
    const struct kube_resource *namespaces = resources_find(a->cluster->resources, "", "v1", "namespaces");
    const json_t *ns = a->r->namespaced ? kube_shelf_get(namespaces->shelf, NULL, a->ns) : NULL;
    if (a->r->namespaced && !ns) {
        ask_refuse(a, status_not_found(namespaces, a->ns));
        return false;
    }
    if (ns && object_text(ns, "deletionTimestamp")) {
        _cleanup_(freep) char *why =
            xasprintf("unable to create new content in namespace %s because it is being terminated", a->ns);
        const char *name = a->name ? a->name : object_text(a->body, "name");
        json_t *status = status_forbidden(a->r, name, why);
        json_object_set_new(json_object_get(status, "details"), "causes",
                            json_pack("[{ss, so, ss}]", "reason", "NamespaceTerminating", "message",
                                      json_sprintf("namespace %s is being terminated", a->ns), "field", "metadata.namespace"));
        ask_refuse(a, status);
        return false;
    }
    return true;
}

/* ---- storing ---- */

/* Something was changed but who manages it, and when. */
static bool differs(const json_t *before, const json_t *object)
{
    json_t *a = object_copy(before), *b = object_copy(object);
    json_object_del(object_metadata(a), "managedFields");
    json_object_del(object_metadata(b), "managedFields");
    bool same = json_equal(a, b);
    json_decref(a);
    json_decref(b);
    return !same;
}

/* The last finalizer of an object that is to go has gone. */
static bool may_go_now(const json_t *object)
{
    return object_text(object, "deletionTimestamp") && !json_array_size(object_get(object, "metadata.finalizers"));
}

void ask_store(struct ask *a, const json_t *before, json_t *object, int code)
{
    const char *name = object_text(object, "name");
    json_t *managers = before ? json_object_get(json_object_get(before, "metadata"), "managedFields") : NULL;
    bool changed = !before || differs(before, object) ||
                   (a->patch == PATCH_APPLY && a->verb == VERB_PATCH &&
                    json_array_size(managers) != json_array_size(object_get(object, "metadata.managedFields")));
    if (!changed && before) { /* nothing happened: no new version, no event */
        ask_answer(a, code, object_seen(a->r, before));
        json_decref(object);
    } else if (a->dry_run) {
        ask_answer(a, code, object);
    } else if (before && may_go_now(object)) {
        ask_answer(a, code, json_incref(object));
        kube_shelf_remove(a->r->shelf, a->ns, name);
        json_decref(object);
    } else {
        _cleanup_(freep) char *own = xstrdup(name);
        json_incref(object); /* who hears of it may change it again */
        kube_shelf_put(a->r->shelf, a->ns, own, object);
        ask_answer(a, code, object_seen(a->r, object));
        json_decref(object);
    }
}

/* ---- create ---- */

static void generate_name(json_t *object)
{
    static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
    const char *base = object_text(object, "generateName"), *name = object_text(object, "name");
    char tail[6] = "";
    if ((name && *name) || !base || !*base)
        return;
    for (int i = 0; i < 5; i++)
        tail[i] = letters[(unsigned)random() % (sizeof(letters) - 1)];
    json_object_set_new(object_metadata(object), "name", json_sprintf("%.58s%s", base, tail));
}

/* Takes object. */
static void create(struct ask *a, json_t *object)
{
    generate_name(object);
    const char *name = object_text(object, "name");
    if (name && kube_shelf_get(a->r->shelf, a->ns, name)) {
        ask_refuse(a, status_exists(a->r, name));
        json_decref(object);
        return;
    }
    object = admit(a, NULL, object);
    if (object)
        ask_store(a, NULL, object, 201);
}

void ask_create(struct ask *a)
{
    if (!admit_decode(a, a->body) || !namespace_agrees(a, a->body) || !namespace_is_there(a))
        return;
    json_t *object = object_copy(a->body);
    json_object_del(object_metadata(object), "managedFields");
    create(a, object);
}

/* ---- update ---- */

/* Takes object, which stands for `before` from now on. */
static void replace(struct ask *a, const json_t *before, json_t *object)
{
    const char *want = object_text(object, "resourceVersion"), *have = object_text(before, "resourceVersion");
    const char *uid = object_text(object, "uid"), *own = object_text(before, "uid");
    json_incref((json_t *)before);
    if (want && *want && strcmp(want, "0") && strcmp(want, have)) {
        ask_refuse(a, status_conflict(a->r, a->name, MODIFIED));
    } else if (uid && *uid && own && strcmp(uid, own)) {
        _cleanup_(freep) char *why = xasprintf("Precondition failed: UID in precondition: %s, UID in object meta: %s", uid, own);
        ask_refuse(a, status_conflict(a->r, a->name, why));
    } else {
        object = admit(a, before, object);
        if (object)
            ask_store(a, before, object, 200);
        json_decref((json_t *)before);
        return;
    }
    json_decref(object);
    json_decref((json_t *)before);
}

static bool sub_is_there(struct ask *a)
{
    if (!a->sub || (is_status(a) && a->r->status))
        return true;
    ask_refuse(a, status_method(a->r));
    return false;
}

void ask_update(struct ask *a)
{
    const json_t *before = kube_shelf_get(a->r->shelf, a->ns, a->name);
    if (a->sub && !strcmp(a->sub, "finalize")) {
        ask_finalize(a);
        return;
    }
    if (!sub_is_there(a) || !admit_decode(a, a->body) || !name_agrees(a, a->body) || !namespace_agrees(a, a->body))
        return;
    if (!before) {
        ask_refuse(a, status_not_found(a->r, a->name));
        return;
    }
    replace(a, before, object_copy(a->body));
}

/* ---- patch ---- */

static json_t *patched(struct ask *a, const json_t *before)
{
    json_t *object = NULL;
    char *why = NULL;
    if (a->patch == PATCH_JSON)
        why = patch_json(before, a->body, &object);
    else if (a->patch == PATCH_MERGE)
        why = patch_merge(before, a->body, &object);
    else if (a->r->custom)
        why = xstrdup("strategic merge patch format is not supported");
    else
        why = patch_strategic(a->r->type, before, a->body, &object);
    if (why && a->patch == PATCH_JSON)
        ask_refuse(a, status_make(422, "Invalid", "the server rejected our request due to an error in our request", json_object()));
    else if (why)
        ask_refuse(a, status_bad_request("error decoding patch: %s", why));
    free(why);
    return object;
}

static void apply(struct ask *a)
{
    const json_t *before = kube_shelf_get(a->r->shelf, a->ns, a->name);
    if (!json_is_object(a->body)) {
        ask_refuse(a, status_bad_request("error decoding YAML: json: cannot unmarshal %s into Go value of type map[string]interface {}",
                                         json_is_array(a->body) ? "array" : json_is_string(a->body) ? "string" : "number"));
        return;
    }
    if (!managers_body_fits(a) || !name_agrees(a, a->body) || !namespace_agrees(a, a->body))
        return;
    if (!before && !namespace_is_there(a))
        return;
    json_t *object = managers_apply(a, before);
    if (!object)
        return;
    if (before)
        replace(a, before, object);
    else
        create(a, object);
}

void ask_patch(struct ask *a)
{
    const json_t *before = kube_shelf_get(a->r->shelf, a->ns, a->name);
    if (!sub_is_there(a))
        return;
    if (a->patch == PATCH_APPLY) {
        apply(a);
        return;
    }
    if (!before) {
        ask_refuse(a, status_not_found(a->r, a->name));
        return;
    }
    json_t *object = patched(a, before);
    if (!object)
        return;
    if (!admit_decode(a, object) || !name_agrees(a, object) || !namespace_agrees(a, object)) {
        json_decref(object);
        return;
    }
    replace(a, before, object);
}
