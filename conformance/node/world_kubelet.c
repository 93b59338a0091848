/* The node: follows what changes in the cluster, in the loop's next turn, so that nothing is done from within a change. */
#include "conformance/node/world_kubelet.h"

#include <string.h>

#include "conformance/node/kubelet_impl.h"
#include "lib/base/mem.h"

bool kubelet_wanted(const json_t *row)
{
    return json_is_true(json_object_get(json_object_get(row, "kube"), "kubelet"));
}

static void turn(void *arg)
{
    struct kubelet *k = arg;
    json_t *pods;

    k->turn = timer_free(k->turn);
    if (k->pod)
        pod_follow(k->pod);
    rollout(k);
    pods = kubelet_all(k, "pods");
    if (!k->pod && json_array_size(pods)) {
        k->pod = pod_adopt(k, json_array_get(pods, 0));
        pod_follow(k->pod);
    }
    json_decref(pods);
}

void kubelet_look_again(struct kubelet *k)
{
    if (!k->turn)
        k->turn = timer_new(k->o.loop, 0, turn, k);
}

static void on_change(void *arg, const struct kube_change *c)
{
    static const char *const matter[] = {"deployments", "pods", "secrets", "configmaps", "serviceaccounts", "namespaces"};

    for (size_t i = 0; i < ARRAY_SIZE(matter); i++)
        if (strcmp(kube_shelf_plural(c->shelf), matter[i]) == 0)
            kubelet_look_again(arg);
}

/* What the component prints is the log of its container. */
static void on_event(void *arg, const json_t *event)
{
    struct kubelet *k = arg;
    const char *name = pod_text(event, "event"), *who = pod_text(event, "who");
    const json_t *raw = json_object_get(event, "raw");

    if (k->pod && name && who && strcmp(name, "log.line") == 0 && strcmp(who, "agent") == 0)
        kube_log_line(k->o.kube, k->pod->ns, k->pod->name, k->pod->container, json_string_value(raw), json_string_length(raw));
}

struct kubelet *kubelet_new(const struct kubelet_options *o)
{
    struct kubelet *k = NEW(struct kubelet);

    k->o = *o;
    k->cluster = kube_cluster(o->kube);
    kube_leave(o->kube, kubelet_ours, k);
    k->watch = kube_store_watch(k->cluster->store, on_change, k);
    k->lines = events_subscribe(o->events, on_event, k);
    events_emit(o->events, "world", 0, 0, "sut.waits", NULL);
    kubelet_look_again(k);
    return k;
}

struct kubelet *kubelet_free(struct kubelet *k)
{
    if (!k)
        return NULL;
    timer_free(k->turn);
    events_unsubscribe(k->lines);
    kube_store_unwatch(k->watch);
    pod_release(k->pod);
    kube_leave(k->o.kube, NULL, NULL);
    free(k);
    return NULL;
}
