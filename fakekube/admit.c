/* What an object must be before it is stored, and what it is made to be. */
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "fakekube/ask.h"
#include "fakekube/typed.h"
#include "lib/base/mem.h"

/* ---- decoding ---- */

static void warn(struct ask *a, json_t *unknown)
{
    size_t i;
    json_t *path;
    json_array_foreach (unknown, i, path) {
        if (!a->warnings)
            a->warnings = json_array();
        json_array_append_new(a->warnings, json_sprintf("unknown field \"%s\"", json_string_value(path)));
    }
}

static void refuse_unknown(struct ask *a, json_t *unknown)
{
    char *list = xstrdup("");
    size_t i;
    json_t *path;
    json_array_foreach (unknown, i, path) {
        char *longer = xasprintf("%s%sunknown field \"%s\"", list, i ? ", " : "", json_string_value(path));
        free(list);
        list = longer;
    }
    ask_refuse(a, status_bad_request("%s in version \"%s\" cannot be handled as a %s: strict decoding error: %s", a->r->kind,
                                     a->r->version, a->r->kind, list));
    free(list);
}

static bool kind_agrees(struct ask *a, json_t *object)
{
    const char *kind = json_string_value(json_object_get(object, "kind"));
    const char *version = json_string_value(json_object_get(object, "apiVersion"));
    _cleanup_(freep) char *own = *a->r->group ? xasprintf("%s/%s", a->r->group, a->r->version) : xstrdup(a->r->version);
    if ((!kind || !strcmp(kind, a->r->kind)) && (!version || !strcmp(version, own))) {
        json_object_set_new(object, "kind", json_string(a->r->kind)); /* a client may leave both out */
        json_object_set_new(object, "apiVersion", json_string(own));
        return true;
    }
    if (kind && strcmp(kind, a->r->kind))
        ask_refuse(a, status_bad_request("%s in version \"%s\" cannot be handled as a %s: converting (v1.%s) to (%s.%s): unknown "
                                         "conversion", kind, a->r->version, a->r->kind, kind, *a->r->group ? a->r->group : "core",
                                         a->r->kind));
    else
        ask_refuse(a, status_bad_request("the API version in the data (%s) does not match the expected API version (%s)", version, own));
    return false;
}

/* What Go's structures leave out when there is nothing in it. */
static void drop_empty(json_t *object)
{
    static const char *const own[] = {"data", "binaryData", "stringData"};
    static const char *const metadata[] = {"labels", "annotations", "finalizers", "ownerReferences"};
    json_t *m = json_object_get(object, "metadata"), *v;
    for (size_t i = 0; i < ARRAY_SIZE(own); i++)
        if (json_is_object(v = json_object_get(object, own[i])) && !json_object_size(v))
            json_object_del(object, own[i]);
    for (size_t i = 0; i < ARRAY_SIZE(metadata); i++) {
        v = json_object_get(m, metadata[i]);
        if (v && !json_object_size(v) && !json_array_size(v) && (json_is_object(v) || json_is_array(v)))
            json_object_del(m, metadata[i]);
    }
}

/* What no client sends and only a patch makes is the patch's fault. */
static void refuse_undecoded(struct ask *a, const json_t *object, const char *why)
{
    if (a->verb != VERB_PATCH || a->patch == PATCH_APPLY) {
        ask_refuse(a, status_bad_request("%s in version \"%s\" cannot be handled as a %s: %s", a->r->kind, a->r->version, a->r->kind, why));
        return;
    }
    static const struct kube_resource none = {.group = "", .kind = ""};
    json_t *shown = object_copy(object);
    json_object_del(object_metadata(shown), "managedFields");
    _cleanup_(freep) char *text = json_dumps(shown, JSON_COMPACT), *quoted = NULL;
    json_t *whole = json_string(text);
    quoted = json_dumps(whole, JSON_ENCODE_ANY);
    ask_refuse(a, status_invalid(&none, "", json_pack("[o]", status_cause("FieldValueInvalid", "patch", "Invalid value: %s: %s", quoted, why))));
    json_decref(whole);
    json_decref(shown);
}

bool admit_decode(struct ask *a, json_t *object)
{
    if (!json_is_object(object)) {
        ask_refuse(a, status_bad_request("the object provided is unrecognized (must be of type %s): couldn't get version/kind; json "
                                         "parse error: json: cannot unmarshal %s into Go value of type struct { APIVersion string "
                                         "\"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }",
                                         a->r->kind, json_is_array(object) ? "array" : "string"));
        return false;
    }
    if (!kind_agrees(a, object))
        return false;
    if (a->r->type)
        drop_empty(object);
    json_t *unknown = a->unknown == UNKNOWN_IGNORED ? NULL : json_array();
    char *why = typed_decode(a->r->type, object, unknown);
    if (why)
        refuse_undecoded(a, object, why);
    else if (json_array_size(unknown) && a->unknown == UNKNOWN_REFUSED)
        refuse_unknown(a, unknown);
    else
        warn(a, unknown);
    bool fine = !why && !(json_array_size(unknown) && a->unknown == UNKNOWN_REFUSED);
    free(why);
    json_decref(unknown);
    return fine;
}

/* ---- metadata that is the server's ---- */

static json_t *new_uid(void)
{
    uint8_t b[16];
    if (RAND_bytes(b, sizeof(b)) != 1)
        memset(b, 0, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    return json_sprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4],
                        b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

static bool has_generation(const struct kube_resource *r)
{
    static const char *const plurals[] = {"deployments", "statefulsets", "daemonsets", "replicasets", "jobs", "cronjobs",
                                          "replicationcontrollers", "ingresses", "networkpolicies", "poddisruptionbudgets",
                                          "customresourcedefinitions", "priorityclasses"};
    for (size_t i = 0; i < ARRAY_SIZE(plurals); i++)
        if (!strcmp(plurals[i], r->plural))
            return true;
    return r->custom;
}

/* All but metadata and status. */
static bool spec_differs(const json_t *before, const json_t *object)
{
    json_t *a = json_copy((json_t *)before), *b = json_copy((json_t *)object);
    json_object_del(a, "metadata");
    json_object_del(b, "metadata");
    json_object_del(a, "status");
    json_object_del(b, "status");
    bool same = json_equal(a, b);
    json_decref(a);
    json_decref(b);
    return !same;
}

static void keep_text(const json_t *before, json_t *object, const char *key)
{
    json_t *had = json_object_get(json_object_get(before, "metadata"), key);
    if (had)
        json_object_set(object_metadata(object), key, had);
    else
        json_object_del(object_metadata(object), key);
}

static void metadata_new(struct ask *a, json_t *object)
{
    char now[32];
    json_t *m = object_metadata(object);
    object_now(now);
    json_object_set_new(m, "uid", new_uid());
    json_object_set_new(m, "creationTimestamp", json_string(now));
    json_object_del(m, "deletionTimestamp");
    json_object_del(m, "resourceVersion");
    json_object_del(m, "selfLink");
    if (has_generation(a->r))
        json_object_set_new(m, "generation", json_integer(1));
}

static void metadata_kept(struct ask *a, const json_t *before, json_t *object)
{
    static const char *const kept[] = {"uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
                                       "resourceVersion", "namespace", "name", "generateName"};
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        keep_text(before, object, kept[i]);
    if (has_generation(a->r) && spec_differs(before, object)) {
        json_int_t n = json_integer_value(object_get(before, "metadata.generation"));
        json_object_set_new(object_metadata(object), "generation", json_integer(n + 1));
    }
}

/* ---- status is another's ---- */

static void keep_status(const json_t *before, json_t *object)
{
    json_t *had = before ? json_object_get(before, "status") : NULL;
    if (had)
        json_object_set(object, "status", had);
    else
        json_object_del(object, "status");
}

/* Only its status is taken, and what the managers of fields are. Takes object. */
static json_t *status_only(const json_t *before, json_t *object)
{
    json_t *out = object_copy(before), *status = json_object_get(object, "status");
    if (status)
        json_object_set(out, "status", status);
    else
        json_object_del(out, "status");
    json_t *managers = json_object_get(json_object_get(object, "metadata"), "managedFields");
    if (managers)
        json_object_set(object_metadata(out), "managedFields", managers);
    json_decref(object);
    return out;
}

/* The version that objects of a definition are stored as. */
static void stored_versions(json_t *object)
{
    size_t i;
    json_t *one;
    json_array_foreach ((json_t *)object_get(object, "spec.versions"), i, one)
        if (json_is_true(json_object_get(one, "storage")))
            json_array_append((json_t *)object_get(object, "status.storedVersions"), json_object_get(one, "name"));
}

static void first_status(struct ask *a, json_t *object)
{
    static const struct {
        const char *plural, *status;
    } first[] = {{"namespaces", "{\"phase\":\"Active\"}"},
                 {"pods", "{\"phase\":\"Pending\",\"qosClass\":\"BestEffort\"}"},
                 {"persistentvolumeclaims", "{\"phase\":\"Pending\"}"},
                 {"services", "{\"loadBalancer\":{}}"},
                 {"ingresses", "{\"loadBalancer\":{}}"},
                 {"poddisruptionbudgets",
                  "{\"disruptionsAllowed\":0,\"currentHealthy\":0,\"desiredHealthy\":0,\"expectedPods\":0}"},
                 {"horizontalpodautoscalers", "{\"currentReplicas\":0,\"desiredReplicas\":0}"},
                 {"customresourcedefinitions",
                  "{\"conditions\":null,\"acceptedNames\":{\"plural\":\"\",\"kind\":\"\"},\"storedVersions\":[]}"},
                 {"replicationcontrollers", "{\"replicas\":0}"},
                 {"replicasets", "{\"replicas\":0}"},
                 {"statefulsets", "{\"replicas\":0,\"availableReplicas\":0}"},
                 {"daemonsets", "{\"currentNumberScheduled\":0,\"numberMisscheduled\":0,\"desiredNumberScheduled\":0,\"numberReady\":0}"}};
    for (size_t i = 0; i < ARRAY_SIZE(first); i++)
        if (!strcmp(first[i].plural, a->r->plural))
            json_object_set_new(object, "status", json_loads(first[i].status, 0, NULL));
    if (!json_object_get(object, "status") && a->r->type)
        json_object_set_new(object, "status", json_object());
    if (!strcmp(a->r->plural, "customresourcedefinitions"))
        stored_versions(object);
    if (!strcmp(a->r->plural, "namespaces"))
        json_object_set_new(object, "spec", json_pack("{s[s]}", "finalizers", "kubernetes"));
}

/* An address of the cluster's, by chance; what it belongs to. */
static void service_address(json_t *object)
{
    json_t *spec = json_object_get(object, "spec"), *ip = json_object_get(spec, "clusterIP");
    const char *type = json_string_value(json_object_get(spec, "type"));
    uint8_t b[2] = {1, 1};
    if (!json_is_object(spec) || (type && !strcmp(type, "ExternalName")))
        return;
    if (!ip) {
        (void)RAND_bytes(b, sizeof(b));
        json_object_set_new(spec, "clusterIP", ip = json_sprintf("10.96.%d.%d", b[0] | 1, b[1] | 1));
    }
    if (!json_object_get(spec, "clusterIPs"))
        json_object_set_new(spec, "clusterIPs", json_pack("[O]", ip));
    if (!json_object_get(spec, "ipFamilies"))
        json_object_set_new(spec, "ipFamilies", json_pack("[s]", "IPv4"));
    if (!json_object_get(spec, "ipFamilyPolicy"))
        json_object_set_new(spec, "ipFamilyPolicy", json_string("SingleStack"));
}

/* What its own client does not say of it again stays. */
static void service_keeps(const json_t *before, json_t *object)
{
    static const char *const kept[] = {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"};
    json_t *spec = json_object_get(object, "spec");
    for (size_t i = 0; i < ARRAY_SIZE(kept) && json_is_object(spec); i++) {
        json_t *had = json_object_get(json_object_get(before, "spec"), kept[i]);
        if (had && !json_object_get(spec, kept[i]))
            json_object_set(spec, kept[i], had);
    }
}

/* ---- the whole ---- */

/* Secrets may be sent as plain text. */
static void fold_string_data(struct ask *a, json_t *object)
{
    json_t *texts = json_object_get(object, "stringData"), *v;
    const char *k;
    if (strcmp(a->r->plural, "secrets") || !texts)
        return;
    json_t *data = json_deep_copy(json_object_get(object, "data"));
    if (!data)
        data = json_object();
    json_object_foreach (texts, k, v) {
        size_t n = json_string_length(v);
        _cleanup_(freep) char *out = xcalloc(1, (n + 2) / 3 * 4 + 1);
        EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)json_string_value(v), (int)n);
        json_object_set_new(data, k, json_string(out));
    }
    json_object_set_new(object, "data", data);
    json_object_del(object, "stringData");
}

json_t *admit(struct ask *a, const json_t *before, json_t *object)
{
    bool on_status = a->sub && !strcmp(a->sub, "status");
    if (on_status)
        object = status_only(before, object);
    else if (a->r->status)
        keep_status(before, object);
    if (!on_status && a->r->type)
        admit_defaults(a->r->type, object);
    fold_string_data(a, object);
    if (before) {
        if (!strcmp(a->r->plural, "services") && !*a->r->group)
            service_keeps(before, object);
        metadata_kept(a, before, object);
    } else
        metadata_new(a, object);
    json_t *problems = admit_problems(a->r, before, object);
    if (problems) {
        const char *name = object_text(object, "name");
        ask_refuse(a, status_invalid(a->r, name ? name : "", problems));
        json_decref(object);
        return NULL;
    }
    if (!(a->verb == VERB_PATCH && a->patch == PATCH_APPLY))
        managers_update(a, before, object);
    if (!before && a->r->status)
        first_status(a, object);
    if (!before && !strcmp(a->r->plural, "services") && !*a->r->group)
        service_address(object);
    return object;
}
