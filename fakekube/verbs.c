/* What a scenario's steps and the control API can ask of a fake API server. */
#include <errno.h>
#include <string.h>

#include "fakekube/internal.h"
#include "fakekube/upstream_impl.h"
#include "lib/base/mem.h"
#include "lib/script/match.h"

typedef int (*verb_fn)(struct kube *k, const json_t *args, char **reterr);

static int refuse(char **reterr, char *text)
{
    *reterr = text;
    return -EINVAL;
}

static int verb_apply(struct kube *k, const json_t *args, char **reterr)
{
    return k->upstream ? kube_upstream_apply(k->upstream, args, reterr) : cluster_apply(k->cluster, args, reterr);
}

static int verb_delete(struct kube *k, const json_t *args, char **reterr)
{
    const char *kind = json_string_value(json_object_get(args, "kind")), *name = json_string_value(json_object_get(args, "name"));
    const char *ns = json_string_value(json_object_get(args, "namespace"));
    const struct kube_resource *r;
    size_t i = 0;
    if (k->upstream)
        return kube_upstream_delete(k->upstream, args, reterr);
    while (kind && (r = resources_at(k->cluster->resources, i)) && strcmp(r->kind, kind))
        i++;
    if (!kind || !name || !r)
        return refuse(reterr, xstrdup("delete: expected {kind, namespace, name} of a kind that there is"));
    struct ask a = {.cluster = k->cluster, .r = r, .verb = VERB_DELETE, .ns = r->namespaced ? ns ? ns : "default" : NULL,
                    .name = name, .user = "system:admin", .manager = "scenario"};
    ask_delete(&a);
    int e = a.code < 300 ? 0 : -ENOENT;
    if (e)
        *reterr = xasprintf("delete: %s", json_string_value(json_object_get(a.answer, "message")));
    json_decref(a.answer);
    return e;
}

static int verb_compact(struct kube *k, const json_t *args, char **reterr)
{
    kube_store_compact(k->cluster->store);
    return 0;
}

static int verb_bookmark(struct kube *k, const json_t *args, char **reterr)
{
    streams_bookmark(k);
    return 0;
}

static int verb_end_watches(struct kube *k, const json_t *args, char **reterr)
{
    if (k->upstream)
        kube_upstream_end_watches(k->upstream);
    else
        streams_end(k);
    return 0;
}

static int verb_forbid(struct kube *k, const json_t *args, char **reterr)
{
    if (!json_is_object(args) || match_check(args, reterr) < 0)
        return *reterr ? -EINVAL : refuse(reterr, xstrdup("forbid: expected a pattern such as {verb: get, resource: secrets}"));
    json_array_append_new(k->cluster->forbid, json_deep_copy(args));
    return 0;
}

static int verb_allow(struct kube *k, const json_t *args, char **reterr)
{
    json_array_clear(k->cluster->forbid);
    return 0;
}

static int verb_revoke_token(struct kube *k, const json_t *args, char **reterr)
{
    const char *token = json_string_value(args);
    if (!k->tokens)
        return refuse(reterr, xstrdup("revoke_token: this cluster asks for none"));
    if (!token || !strcmp(token, "all"))
        json_object_clear(k->tokens);
    else if (json_object_del(k->tokens, token) < 0)
        return refuse(reterr, xstrdup("revoke_token: nobody has this one"));
    return 0;
}

static const struct {
    const char *name;
    verb_fn fn;
} verbs[] = {
    {"apply", verb_apply},   {"delete", verb_delete}, {"compact", verb_compact},           {"bookmark", verb_bookmark},
    {"forbid", verb_forbid}, {"allow", verb_allow},   {"revoke_token", verb_revoke_token}, {"end_watches", verb_end_watches},
    {"log", podlog_verb},
};

/* What can be done to a real cluster too. */
static bool upstream_can(const char *verb)
{
    return !strcmp(verb, "apply") || !strcmp(verb, "delete") || !strcmp(verb, "end_watches");
}

static int perform(struct kube *k, const char *verb, const json_t *args, char **reterr)
{
    const char *own[ARRAY_SIZE(verbs)];
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        own[i] = verbs[i].name;
        if (!strcmp(verb, verbs[i].name) && k->upstream && !upstream_can(verb))
            return refuse(reterr, xasprintf("%s: a real API server cannot be told to", verb));
        if (!strcmp(verb, verbs[i].name))
            return verbs[i].fn(k, args, reterr);
    }
    int r = http_side_perform(k->side, verb, args, reterr);
    return r == -ENOSYS ? refuse(reterr, verbs_unknown(verb, own, ARRAY_SIZE(own), "the fake Kubernetes API")) : r;
}

int kube_perform(void *kube, const char *verb, const json_t *args, char **reterr)
{
    struct kube *k = kube;
    char *unused = NULL, **err = reterr ? reterr : &unused;
    *err = NULL;
    kube_event(k, "kube.verb", json_pack("{sssO*}", "verb", verb, "args", args));
    int r = perform(k, verb, args, err);
    free(unused);
    return r;
}
