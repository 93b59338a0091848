/* What the cluster is told of what happens on its node. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "conformance/node/kubelet_impl.h"
#include "lib/base/mem.h"

static const char *group_of(const char *plural)
{
    return strcmp(plural, "deployments") == 0 ? "apps" : "";
}

int say_ask(struct kubelet *k, const char *plural, enum kube_verb verb, const char *ns, const char *name, json_t *body)
{
    struct ask a = {.cluster = k->cluster, .r = resources_find(k->cluster->resources, group_of(plural), "v1", plural), .verb = verb,
                    .ns = ns, .name = name, .sub = verb == VERB_PATCH ? "status" : NULL, .user = "system:admin", .manager = "kubelet",
                    .patch = PATCH_MERGE, .body = body};

    cluster_do(&a);
    json_decref(a.body);
    json_decref(a.answer);
    json_decref(a.warnings);
    return a.code;
}

static void now(char out[32])
{
    time_t t = time(NULL);
    struct tm tm;

    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
}

json_t *say_condition(const char *type, bool yes, const char *reason, const char *message)
{
    char at[32];

    now(at);
    return json_pack("{ss, ss, ss, ss, ss, ss}", "lastTransitionTime", at, "lastUpdateTime", at, "message", message ? message : "",
                     "reason", reason ? reason : "", "status", yes ? "True" : "False", "type", type);
}

/* A copy without times, and without what is null. */
static json_t *timeless(const json_t *v)
{
    static const char *const times[] = {"lastTransitionTime", "lastUpdateTime", "startTime", "startedAt", "finishedAt"};
    json_t *out, *one;
    const char *key;
    size_t i;

    if (json_is_array(v)) {
        out = json_array();
        json_array_foreach((json_t *)v, i, one) json_array_append_new(out, timeless(one));
        return out;
    }
    if (!json_is_object(v))
        return json_incref((json_t *)v);
    out = json_object();
    json_object_foreach((json_t *)v, key, one) if (!json_is_null(one))
        json_object_set_new(out, key, timeless(one));
    for (i = 0; i < ARRAY_SIZE(times); i++)
        json_object_del(out, times[i]);
    return out;
}

void say_status(struct kubelet *k, const char *plural, const char *ns, const char *name, json_t *status)
{
    const json_t *object = pod_object(k->cluster, plural, ns, name), *has = json_object_get(object, "status");
    json_t *was = timeless(has ? has : status), *is = timeless(status);

    if (object && (!has || !json_equal(was, is)))
        (void)say_ask(k, plural, VERB_PATCH, ns, name, json_pack("{sO}", "status", status));
    json_decref(was);
    json_decref(is);
    json_decref(status);
}

/* One message has one name, so that it is told once. */
static unsigned long long hash_of(const char *text)
{
    unsigned long long h = 14695981039346656037ull;

    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 1099511628211ull;
    return h;
}

void say_event(struct kubelet *k, const json_t *about, const char *type, const char *reason, const char *message)
{
    const char *ns = pod_text(about, "metadata.namespace"), *name = pod_text(about, "metadata.name");
    _cleanup_(freep) char *own = xasprintf("%s.%016llx", name, hash_of(message));
    char at[32];

    now(at);
    if (pod_object(k->cluster, "events", ns, own))
        return;
    (void)say_ask(k, "events", VERB_CREATE, ns, NULL,
                  json_pack("{ss, ss, s{ss, ss}, s{ss, ss, ss, ss, ss?}, ss, ss, ss, ss, ss, si, s{ss}}", "apiVersion", "v1", "kind",
                            "Event", "metadata", "name", own, "namespace", ns, "involvedObject", "apiVersion",
                            pod_text(about, "apiVersion"), "kind", pod_text(about, "kind"), "name", name, "namespace", ns, "uid",
                            pod_text(about, "metadata.uid"), "type", type, "reason", reason, "message", message, "firstTimestamp", at,
                            "lastTimestamp", at, "count", 1, "source", "component", "kubelet"));
}
