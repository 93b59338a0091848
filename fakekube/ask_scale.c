/* The subresource scale: how many replicas, as autoscaling/v1 says it. */
#include <string.h>

#include "fakekube/ask.h"
#include "fakekube/patch.h"
#include "lib/base/mem.h"

static json_t *scale_of(const json_t *object)
{
    const json_t *metadata = json_object_get(object, "metadata"), *labels = object_get(object, "spec.selector.matchLabels"), *v;
    static const char *const kept[] = {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"};
    json_t *m = json_object();
    const char *k;
    char *selector = xstrdup("");
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        if (json_object_get(metadata, kept[i]))
            json_object_set(m, kept[i], json_object_get(metadata, kept[i]));
    json_object_foreach ((json_t *)labels, k, v) {
        char *longer = xasprintf("%s%s%s=%s", selector, *selector ? "," : "", k, json_string_value(v));
        free(selector);
        selector = longer;
    }
    json_t *scale = json_pack("{ss, ss, so, s{sI}, s{sI, ss}}", "kind", "Scale", "apiVersion", "autoscaling/v1", "metadata", m, "spec",
                              "replicas", (json_int_t)json_integer_value(object_get(object, "spec.replicas")), "status", "replicas",
                              (json_int_t)json_integer_value(object_get(object, "status.replicas")), "selector", selector);
    free(selector);
    return scale;
}

/* A whole Scale, or a patch of one; a new object. NULL: answered. */
static json_t *wanted(struct ask *a, const json_t *now)
{
    json_t *scale = NULL;
    char *why = a->verb == VERB_UPDATE    ? NULL
                : a->patch == PATCH_JSON ? patch_json(now, a->body, &scale)
                                         : patch_merge(now, a->body, &scale);
    if (a->verb == VERB_UPDATE)
        scale = json_incref(a->body);
    if (why)
        ask_refuse(a, status_bad_request("error decoding patch: %s", why));
    else if (!json_is_integer(object_get(scale, "spec.replicas")) || json_integer_value(object_get(scale, "spec.replicas")) < 0) {
        ask_refuse(a, status_bad_request("Scale in version \"v1\" cannot be handled as a Scale: spec.replicas: expected a number"));
        json_decref(scale);
        scale = NULL;
    }
    free(why);
    return scale;
}

void ask_scale(struct ask *a)
{
    const json_t *object = kube_shelf_get(a->r->shelf, a->ns, a->name);
    if (!object) {
        ask_refuse(a, status_not_found(a->r, a->name));
        return;
    }
    json_t *now = scale_of(object), *scale = a->verb == VERB_GET ? NULL : wanted(a, now);
    if (a->verb == VERB_GET)
        ask_answer(a, 200, json_incref(now));
    if (scale) {
        struct ask change = *a;
        change.verb = VERB_PATCH;
        change.patch = PATCH_MERGE;
        change.sub = NULL;
        change.through = "scale";
        change.answer = change.warnings = NULL;
        change.body = json_pack("{s{sO}}", "spec", "replicas", object_get(scale, "spec.replicas"));
        ask_patch(&change);
        if (change.code < 300)
            ask_answer(a, 200, scale_of(change.answer));
        else
            ask_answer(a, change.code, json_incref(change.answer));
        json_decref(change.answer);
        json_decref(change.warnings);
        json_decref(change.body);
        json_decref(scale);
    }
    json_decref(now);
}
