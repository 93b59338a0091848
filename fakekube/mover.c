/* Statuses that move as a cluster moves them, at once: each change of a workload is followed, in the loop's next turn, by what its
 * controllers would have made of it. Nothing runs; nothing fails to run either. */
#include <string.h>

#include "fakekube/internal.h"
#include "lib/base/mem.h"

struct moved {
    char *plural, *key; /* owned */
    STAILQ_ENTRY(moved) link;
};

struct mover {
    struct kube *k;
    struct kube_store_watch *watch;
    struct timer *timer; /* NULL: nothing waits */
    STAILQ_HEAD(, moved) waiting;
};

/* ---- what becomes of a kind ---- */

static json_t *condition(const char *type, const char *status, const char *reason, const char *message)
{
    char now[32];
    object_now(now);
    return json_pack("{ss, ss, ss, ss, ss, ss}", "lastTransitionTime", now, "lastUpdateTime", now, "message", message, "reason", reason,
                     "status", status, "type", type);
}

static json_int_t replicas_of(const json_t *o)
{
    const json_t *v = object_get(o, "spec.replicas");
    return v ? json_integer_value(v) : 1;
}

static json_t *observed(const json_t *o)
{
    return json_pack("{sI}", "observedGeneration", json_integer_value(object_get(o, "metadata.generation")));
}

static void set_counts(json_t *status, json_int_t n, const char *const *names)
{
    for (; n && *names; names++)
        json_object_set_new(status, *names, json_integer(n));
}

static json_t *of_deployment(const json_t *o)
{
    static const char *const counts[] = {"replicas", "updatedReplicas", "readyReplicas", "availableReplicas", NULL};
    json_t *s = observed(o);
    set_counts(s, replicas_of(o), counts);
    json_object_set_new(s, "conditions",
                        json_pack("[o, o]",
                                  condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."),
                                  condition("Progressing", "True", "NewReplicaSetAvailable", "ReplicaSet has successfully progressed.")));
    return s;
}

static json_t *of_replicas(const json_t *o)
{
    static const char *const counts[] = {"replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", NULL};
    json_t *s = observed(o);
    json_object_set_new(s, "replicas", json_integer(0));
    set_counts(s, replicas_of(o), counts);
    return s;
}

static json_t *of_stateful(const json_t *o)
{
    static const char *const counts[] = {"replicas", "currentReplicas", "updatedReplicas", "readyReplicas", "availableReplicas", NULL};
    json_t *s = observed(o);
    json_object_set_new(s, "replicas", json_integer(0));
    json_object_set_new(s, "currentRevision", json_string("1"));
    json_object_set_new(s, "updateRevision", json_string("1"));
    set_counts(s, replicas_of(o), counts);
    return s;
}

static json_t *of_daemon(const json_t *o)
{
    json_t *s = observed(o);
    json_object_update_new(s, json_pack("{si, si, si, si, si, si}", "currentNumberScheduled", 1, "desiredNumberScheduled", 1,
                                        "numberAvailable", 1, "numberMisscheduled", 0, "numberReady", 1, "updatedNumberScheduled", 1));
    return s;
}

static json_t *of_job(const json_t *o)
{
    char now[32];
    object_now(now);
    const json_t *n = object_get(o, "spec.completions");
    return json_pack("{ss, ss, sI, s[o]}", "startTime", now, "completionTime", now, "succeeded", n ? json_integer_value(n) : 1,
                     "conditions", condition("Complete", "True", "", ""));
}

static json_t *of_pod(const json_t *o)
{
    char now[32];
    object_now(now);
    return json_pack("{ss, ss, ss, s[o, o]}", "phase", "Running", "podIP", "10.244.0.10", "startTime", now, "conditions",
                     condition("Ready", "True", "", ""), condition("ContainersReady", "True", "", ""));
}

static json_t *of_claim(const json_t *o)
{
    return json_pack("{ss}", "phase", "Bound");
}

static json_t *of_definition(const json_t *o)
{
    return json_pack("{s[o, o], sO?, s[]}", "conditions", condition("NamesAccepted", "True", "NoConflicts", "no conflicts found"),
                     condition("Established", "True", "InitialNamesAccepted", "the initial names have been accepted"),
                     "acceptedNames", object_get(o, "spec.names"), "storedVersions");
}

static const struct {
    const char *plural;
    json_t *(*status)(const json_t *object);
} kinds[] = {
    {"deployments", of_deployment},   {"replicasets", of_replicas},
    {"statefulsets", of_stateful},    {"daemonsets", of_daemon},
    {"jobs", of_job},                 {"pods", of_pod},
    {"persistentvolumeclaims", of_claim}, {"customresourcedefinitions", of_definition},
};

/* ---- moving ---- */

/* Once it has been told, what it is told stays: times of conditions must not make it new. */
static bool settled(const json_t *object, const json_t *status)
{
    json_t *a = json_copy(json_object_get(object, "status")), *b = json_copy((json_t *)status);
    static const char *const times[] = {"conditions", "startTime", "completionTime"};
    for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
        json_object_del(a, times[i]);
        json_object_del(b, times[i]);
    }
    bool same = json_equal(a, b) && json_object_get(json_object_get(object, "status"), "conditions");
    json_decref(a);
    json_decref(b);
    return same;
}

json_t *kube_status_moved(const struct kube *k, const char *plural, const json_t *object)
{
    const char *statuses = json_string_value(json_object_get(k->spec, "statuses"));
    if ((statuses && !strcmp(statuses, "never")) || (k->left && k->left(k->left_arg, object)))
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        json_t *status = strcmp(kinds[i].plural, plural) ? NULL : kinds[i].status(object);
        if (status && kinds[i].status != of_definition && !settled(object, status))
            return status;
        json_decref(status);
    }
    return NULL;
}

static void move(struct mover *m, const char *plural, const char *key)
{
    struct cluster *c = m->k->cluster;
    const struct kube_resource *r;
    const char *slash = strchr(key, '/');
    _cleanup_(freep) char *ns = slash > key ? xstrndup(key, (size_t)(slash - key)) : NULL;
    size_t i = 0, kind = 0;
    while ((r = resources_at(c->resources, i)) && strcmp(r->plural, plural))
        i++;
    while (strcmp(kinds[kind].plural, plural))
        kind++;
    const json_t *object = r ? kube_shelf_get(r->shelf, ns, slash + 1) : NULL;
    if (!object || (m->k->left && m->k->left(m->k->left_arg, object)))
        return;
    json_t *status = kinds[kind].status(object);
    if (!settled(object, status)) {
        struct ask a = {.cluster = c, .r = r, .verb = VERB_PATCH, .ns = ns, .name = slash + 1, .sub = "status", .patch = PATCH_MERGE,
                        .body = json_pack("{sO}", "status", status), .user = "system:kube-controller-manager",
                        .manager = "kube-controller-manager"};
        ask_patch(&a);
        json_decref(a.body);
        json_decref(a.answer);
    }
    json_decref(status);
}

static void move_all(void *arg)
{
    struct mover *m = arg;
    struct moved *one;
    m->timer = timer_free(m->timer);
    while ((one = STAILQ_FIRST(&m->waiting))) {
        STAILQ_REMOVE_HEAD(&m->waiting, link);
        move(m, one->plural, one->key);
        free(one->plural);
        free(one->key);
        free(one);
    }
}

static void wait_for(struct mover *m, const char *plural, const char *key)
{
    struct moved *one = NEW(struct moved);
    *one = (struct moved){.plural = xstrdup(plural), .key = xstrdup(key)};
    STAILQ_INSERT_TAIL(&m->waiting, one, link);
    if (!m->timer)
        m->timer = timer_new(m->k->loop, 0, move_all, m);
}

static void on_change(void *arg, const struct kube_change *c)
{
    bool known = false;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        known |= !strcmp(kinds[i].plural, kube_shelf_plural(c->shelf));
    if (known && c->type != CHANGE_DELETED)
        wait_for(arg, kube_shelf_plural(c->shelf), c->key);
}

struct present {
    struct mover *m;
    const char *plural;
};

static bool on_present(void *arg, const char *key, const json_t *object)
{
    const struct present *p = arg;
    (void)object;
    wait_for(p->m, p->plural, key);
    return true;
}

/* What was there before anybody looked. */
static void move_present(struct mover *m)
{
    const struct kube_resource *r;
    for (size_t i = 0; (r = resources_at(m->k->cluster->resources, i)); i++)
        for (size_t n = 0; n < ARRAY_SIZE(kinds); n++)
            if (r->preferred && !strcmp(kinds[n].plural, r->plural))
                kube_shelf_each(r->shelf, NULL, NULL, on_present, &(struct present){m, r->plural});
}

struct mover *mover_new(struct kube *k)
{
    struct mover *m = NEW(struct mover);
    m->k = k;
    STAILQ_INIT(&m->waiting);
    m->watch = kube_store_watch(k->cluster->store, on_change, m);
    move_present(m);
    return m;
}

struct mover *mover_free(struct mover *m)
{
    struct moved *one;
    if (!m)
        return NULL;
    kube_store_unwatch(m->watch);
    timer_free(m->timer);
    while ((one = STAILQ_FIRST(&m->waiting))) {
        STAILQ_REMOVE_HEAD(&m->waiting, link);
        free(one->plural);
        free(one->key);
        free(one);
    }
    free(m);
    return NULL;
}
