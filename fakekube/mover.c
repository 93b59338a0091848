/* Statuses that move as a cluster moves them: each change of a workload is followed, in the loop's next turn, by what its controllers
 * would have made of it (statuses.c). Nothing runs. A scenario may say of some that they take their time, fail, or stay as they are:
 *
 *   statuses: [{when: {kind: Deployment, name: a}, after: 2s}, {when: {kind: Job}, becomes: failed}]
 */
#include <string.h>

#include "fakekube/internal.h"
#include "fakekube/statuses.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/script/match.h"

struct moved {
    char *plural, *key; /* owned */
    STAILQ_ENTRY(moved) link;
};

/* One that takes its time: of this object, as it was to be then. */
struct later {
    struct mover *m;
    char *plural, *key, *uid; /* owned */
    json_int_t generation;
    struct timer *timer; /* NULL: its time has come */
    LIST_ENTRY(later) link;
};

struct mover {
    struct kube *k;
    struct kube_store_watch *watch;
    struct timer *timer; /* NULL: nothing waits */
    STAILQ_HEAD(, moved) waiting;
    LIST_HEAD(, later) later;
    bool statuses;       /* … of workloads; those of definitions are the server's own */
    bool controllers;    /* what goes is let go */
};

/* ---- moving ---- */

static void move_all(void *arg);

static void wait_for(struct mover *m, const char *plural, const char *key)
{
    struct moved *one = NEW(struct moved);
    *one = (struct moved){.plural = xstrdup(plural), .key = xstrdup(key)};
    STAILQ_INSERT_TAIL(&m->waiting, one, link);
    if (!m->timer)
        m->timer = timer_new(m->k->loop, 0, move_all, m);
}

/* Without what is of the moment. A new object. */
static json_t *lasting(const json_t *status)
{
    static const char *const times[] = {"startTime", "completionTime", "lastTransitionTime", "lastUpdateTime"};
    json_t *o = json_deep_copy(status), *one;
    size_t i;
    for (i = 0; i < ARRAY_SIZE(times); i++)
        json_object_del(o, times[i]);
    json_array_foreach (json_object_get(o, "conditions"), i, one)
        for (size_t k = 0; k < ARRAY_SIZE(times); k++)
            json_object_del(one, times[k]);
    return o;
}

/* Once it has been told, what it is told stays: times must not make it new. */
static bool settled(const json_t *object, const json_t *status)
{
    const json_t *had = json_object_get(object, "status");
    json_t *a = lasting(had), *b = lasting(status);
    bool same = had && json_equal(a, b);
    json_decref(a);
    json_decref(b);
    return same;
}

/* The first rule that fits, NULL: all is well at once. */
static const json_t *rule_of(const struct kube *k, const char *kind, const json_t *object)
{
    const json_t *rules = json_object_get(k->spec, "statuses"), *rule, *found = NULL;
    size_t i;
    json_t *facts = json_pack("{ss*, sO*, sO*}", "kind", kind, "name", json_object_get(json_object_get(object, "metadata"), "name"),
                              "namespace", json_object_get(json_object_get(object, "metadata"), "namespace"));
    json_array_foreach (rules, i, rule)
        if (!found && match(json_object_get(rule, "when"), facts, NULL))
            found = rule;
    json_decref(facts);
    return found;
}

static enum status_outcome outcome_of(const json_t *rule)
{
    static const char *const words[] = {"ready", "waiting", "failed", "untouched"};
    const char *word = json_string_value(json_object_get(rule, "becomes"));
    for (size_t i = 0; word && i < ARRAY_SIZE(words); i++)
        if (!strcmp(word, words[i]))
            return (enum status_outcome)i;
    return STATUS_READY;
}

json_t *kube_status_moved(const struct kube *k, const char *plural, const json_t *object)
{
    const char *statuses = json_string_value(json_object_get(k->spec, "statuses"));
    if ((statuses && !strcmp(statuses, "never")) || (k->left && k->left(k->left_arg, object)) ||
        !strcmp(plural, "customresourcedefinitions"))
        return NULL;
    const json_t *rule = rule_of(k, json_string_value(json_object_get(object, "kind")), object);
    json_t *status = status_becomes(plural, outcome_of(rule), object);
    if (status && !settled(object, status))
        return status;
    json_decref(status);
    return NULL;
}

static void on_later(void *arg)
{
    struct later *l = arg;
    l->timer = timer_free(l->timer);
    wait_for(l->m, l->plural, l->key);
}

/* Has the rule's time come? A new object, and each change of what it is to be, waits anew. */
static bool due(struct mover *m, const json_t *rule, const char *plural, const char *key, const json_t *object)
{
    const char *after = json_string_value(json_object_get(rule, "after")), *uid = object_text(object, "uid");
    json_int_t generation = json_integer_value(object_get(object, "metadata.generation"));
    int64_t ms = 0;
    struct later *l;
    if (!after || duration_parse(after, &ms) < 0 || !ms)
        return true;
    LIST_FOREACH (l, &m->later, link)
        if (!strcmp(l->plural, plural) && !strcmp(l->key, key) && !strcmp(l->uid, uid ? uid : "") && l->generation == generation)
            return !l->timer;
    l = NEW(struct later);
    *l = (struct later){.m = m, .plural = xstrdup(plural), .key = xstrdup(key), .uid = xstrdup(uid ? uid : ""), .generation = generation};
    LIST_INSERT_HEAD(&m->later, l, link);
    l->timer = timer_new(m->k->loop, (uint64_t)ms, on_later, l);
    return false;
}

/* What it is to be now; NULL: as it is. */
static json_t *status_now(struct mover *m, const struct kube_resource *r, const char *key, const json_t *object)
{
    const json_t *rule = rule_of(m->k, r->kind, object), *said = json_object_get(rule, "status");
    if (!due(m, rule, r->plural, key, object))
        return status_becomes(r->plural, STATUS_WAITING, object);
    return said ? json_deep_copy(said) : status_becomes(r->plural, outcome_of(rule), object);
}

/* What was said while it waited is no longer so: a merge patch. Takes status. */
static json_t *patch_of(const char *plural, const json_t *object, json_t *status)
{
    json_t *waited = status_becomes(plural, STATUS_WAITING, object), *v;
    const char *key;
    json_object_foreach (waited, key, v)
        if (!json_object_get(status, key) && json_object_get(json_object_get(object, "status"), key))
            json_object_set_new(status, key, json_null());
    json_decref(waited);
    return json_pack("{so}", "status", status);
}

static void move(struct mover *m, const char *plural, const char *key)
{
    struct cluster *c = m->k->cluster;
    const struct kube_resource *r;
    const char *slash = strchr(key, '/');
    _cleanup_(freep) char *ns = slash > key ? xstrndup(key, (size_t)(slash - key)) : NULL;
    size_t i = 0;
    while ((r = resources_at(c->resources, i)) && strcmp(r->plural, plural))
        i++;
    const json_t *object = r ? kube_shelf_get(r->shelf, ns, slash + 1) : NULL;
    bool going = object && object_text(object, "deletionTimestamp"), definition = !strcmp(plural, "customresourcedefinitions");
    if (going && m->controllers)
        cluster_let_go(c, r, ns, slash + 1);
    if (!object || going || (!m->statuses && !definition) || (m->k->left && m->k->left(m->k->left_arg, object)))
        return;
    json_t *status = status_now(m, r, key, object);
    if (status && !settled(object, status)) {
        struct ask a = {.cluster = c, .r = r, .verb = VERB_PATCH, .ns = ns, .name = slash + 1, .sub = "status", .patch = PATCH_MERGE,
                        .body = patch_of(plural, object, json_incref(status)), .user = "system:kube-controller-manager",
                        .manager = definition ? "kube-apiserver" : "kube-controller-manager"};
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

static void on_change(void *arg, const struct kube_change *c)
{
    if ((status_moves(kube_shelf_plural(c->shelf)) || object_text(c->object, "deletionTimestamp")) && c->type != CHANGE_DELETED)
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
        if (r->preferred && status_moves(r->plural))
            kube_shelf_each(r->shelf, NULL, NULL, on_present, &(struct present){m, r->plural});
}

struct mover *mover_new(struct kube *k)
{
    struct mover *m = NEW(struct mover);
    m->k = k;
    STAILQ_INIT(&m->waiting);
    LIST_INIT(&m->later);
    const char *statuses = json_string_value(json_object_get(k->spec, "statuses"));
    m->statuses = !statuses || strcmp(statuses, "never");
    m->controllers = !json_is_false(json_object_get(k->spec, "controllers"));
    k->cluster->lingers = true;
    m->watch = kube_store_watch(k->cluster->store, on_change, m);
    move_present(m);
    return m;
}

static void later_free(struct mover *m)
{
    struct later *l;
    while ((l = LIST_FIRST(&m->later))) {
        LIST_REMOVE(l, link);
        timer_free(l->timer);
        free(l->plural);
        free(l->key);
        free(l->uid);
        free(l);
    }
}

struct mover *mover_free(struct mover *m)
{
    struct moved *one;
    if (!m)
        return NULL;
    kube_store_unwatch(m->watch);
    timer_free(m->timer);
    later_free(m);
    while ((one = STAILQ_FIRST(&m->waiting))) {
        STAILQ_REMOVE_HEAD(&m->waiting, link);
        free(one->plural);
        free(one->key);
        free(one);
    }
    free(m);
    return NULL;
}
