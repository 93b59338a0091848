/* A fault is found by its moment in a hash table, so that a moment without faults costs one look-up. */
#include "lib/script/faults.h"

#include <errno.h>
#include <string.h>
#include <sys/queue.h>
#include <uthash.h>

#include "lib/base/mem.h"
#include "lib/script/actions.h"
#include "lib/script/match.h"

struct fault {
    json_t *spec;              /* owned reference; what follows is read from it once */
    char *id;                  /* owned */
    const json_t *when;        /* NULL: always */
    bool asks_more;            /* `when` asks for what is not among the moment's own facts */
    struct action *actions;    /* owned */
    json_int_t after, times, every;
    double chance;
    bool on;
    json_int_t seen, hits;     /* moments that fitted `when` while on; how many of them were answered */
    TAILQ_ENTRY(fault) in_moment, in_all;
};

TAILQ_HEAD(fault_list, fault);

struct moment {
    char *name; /* owned; the hash key */
    struct fault_list faults;
    UT_hash_handle hh;
};

struct faults {
    struct moments moments; /* first: what the layers hold is this */
    struct events *events;  /* borrowed */
    struct moment *by_name;
    struct fault_list all;
    uint64_t random;        /* state of xorshift64 */
    size_t added;
};

/* ---- choosing ---------------------------------------------------------------------------------------------- */

static double chance_next(struct faults *f)
{
    f->random ^= f->random << 13;
    f->random ^= f->random >> 7;
    f->random ^= f->random << 17;
    return (double)(f->random >> 11) / (double)(1ULL << 53);
}

/* Could it still answer? */
static bool is_live(const struct fault *t)
{
    return t->on && (t->times < 0 || t->hits < t->times);
}

/* The moment fits `when`: is it one of those that are meant? */
static bool is_due(struct faults *f, struct fault *t)
{
    t->seen++;
    if (t->seen <= t->after)
        return false;
    if ((t->seen - t->after) % t->every != 0)
        return false;
    return t->chance >= 1 || chance_next(f) < t->chance;
}

/* As far as the layers that stand tell; "" before they do. */
static const char *transport_of(const struct conn *c)
{
    bool tls = false, ws = false, h2 = false;
    for (const struct layer *l = c->bottom; l; l = l->above) {
        tls |= strcmp(l->ops->name, "tls") == 0;
        ws |= strcmp(l->ops->name, "http") == 0 || strcmp(l->ops->name, "ws") == 0;
        h2 |= strcmp(l->ops->name, "h2") == 0;
    }
    if (ws)
        return tls ? "wss" : "ws";
    return !h2 ? "" : tls ? "grpcs" : "grpc";
}

/* The facts that `when` is held against. New reference. */
static json_t *whole_facts(const struct conn *c, int64_t stream, const json_t *facts)
{
    json_t *all = facts ? json_copy((json_t *)facts) : json_object();
    if (stream != 0)
        json_object_set_new(all, "stream", json_integer(stream));
    if (!c)
        return all;
    json_object_set_new(all, "conn", json_integer((json_int_t)c->id));
    const char *transport = transport_of(c);
    if (*transport)
        json_object_set_new(all, "transport", json_string(transport));
    return all;
}

static void emit_hit(struct faults *f, const struct conn *c, int64_t stream, const struct fault *t,
                     const char *moment)
{
    if (!f->events)
        return;
    events_emit(f->events, c ? c->who : "script", c ? c->id : 0, stream, "fault.hit",
                json_pack("{s:s, s:s, s:I}", "id", t->id, "at", moment, "n", t->hits));
}

static const struct action *faults_at(struct moments *m, struct conn *c, int64_t stream, const char *moment,
                                      const json_t *facts)
{
    struct faults *f = (struct faults *)m;
    struct moment *at;
    HASH_FIND_STR(f->by_name, moment, at);
    if (!at)
        return NULL;

    json_t *whole = NULL;
    struct fault *t, *hit = NULL;
    TAILQ_FOREACH(t, &at->faults, in_moment) {
        if (!is_live(t))
            continue;
        bool more = t->when && (t->asks_more || !facts);
        if (more && !whole)
            whole = whole_facts(c, stream, facts);
        if ((!t->when || match(t->when, more ? whole : facts, NULL)) && is_due(f, t)) {
            hit = t;
            break;
        }
    }
    json_decref(whole);
    if (!hit)
        return NULL;
    hit->hits++;
    /* Last: whoever hears of it may add faults or switch them. */
    emit_hit(f, c, stream, hit, moment);
    return hit->actions;
}

static bool faults_care(struct moments *m, const char *moment)
{
    struct faults *f = (struct faults *)m;
    struct moment *at;
    struct fault *t;
    HASH_FIND_STR(f->by_name, moment, at);
    if (at)
        TAILQ_FOREACH(t, &at->faults, in_moment)
            if (is_live(t))
                return true;
    return false;
}

/* ---- the list ---------------------------------------------------------------------------------------------- */

static struct moment *moment_named(struct faults *f, const char *name)
{
    struct moment *m;
    HASH_FIND_STR(f->by_name, name, m);
    if (m)
        return m;
    m = NEW(struct moment);
    m->name = xstrdup(name);
    TAILQ_INIT(&m->faults);
    HASH_ADD_KEYPTR(hh, f->by_name, m->name, strlen(m->name), m);
    return m;
}

static json_int_t count_or(const json_t *spec, const char *key, json_int_t missing)
{
    const json_t *v = json_object_get(spec, key);
    return json_is_integer(v) && json_integer_value(v) >= 0 ? json_integer_value(v) : missing;
}

/* Copying all facts at every moment is dear; few patterns need it. */
static bool asks_more(const json_t *when)
{
    static const char *const keys[] = {"conn", "stream", "transport", "any", "not"};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (json_object_get(when, keys[i]))
            return true;
    return false;
}

static struct fault *fault_new(struct faults *f, const json_t *spec)
{
    struct fault *t = NEW(struct fault);
    const char *id = json_string_value(json_object_get(spec, "id"));
    const json_t *chance = json_object_get(spec, "chance");
    f->added++;
    t->id = id ? xstrdup(id) : xasprintf("#%zu", f->added);
    t->spec = json_incref((json_t *)spec);
    t->when = json_object_get(spec, "when");
    t->asks_more = asks_more(t->when);
    t->actions = actions_new(json_object_get(spec, "do"));
    t->after = count_or(spec, "after", 0);
    t->times = count_or(spec, "times", -1);
    t->every = count_or(spec, "every", 1);
    if (t->every < 1)
        t->every = 1;
    t->chance = json_is_number(chance) ? json_number_value(chance) : 1;
    t->on = !json_is_true(json_object_get(spec, "off"));
    return t;
}

static int add(struct faults *f, const json_t *spec, bool front)
{
    const char *at = json_string_value(json_object_get(spec, "at"));
    if (!at)
        return -EINVAL;
    struct fault *t = fault_new(f, spec);
    struct moment *m = moment_named(f, at);
    if (front) {
        TAILQ_INSERT_HEAD(&m->faults, t, in_moment);
        TAILQ_INSERT_HEAD(&f->all, t, in_all);
    } else {
        TAILQ_INSERT_TAIL(&m->faults, t, in_moment);
        TAILQ_INSERT_TAIL(&f->all, t, in_all);
    }
    return 0;
}

struct faults *faults_new(const json_t *list, struct events *events, uint64_t seed)
{
    struct faults *f = NEW(struct faults);
    f->moments = (struct moments){.at = faults_at, .cares = faults_care};
    f->events = events;
    /* xorshift stands still at 0, and small seeds that differ by one bit should not run alike. */
    f->random = (seed + 1) * 0x9E3779B97F4A7C15ULL;
    if (f->random == 0)
        f->random = 1;
    TAILQ_INIT(&f->all);
    size_t i;
    json_t *spec;
    json_array_foreach(list, i, spec)
        (void)add(f, spec, /* front= */ false);
    return f;
}

struct faults *faults_free(struct faults *f)
{
    if (!f)
        return NULL;
    struct fault *t;
    while ((t = TAILQ_FIRST(&f->all))) {
        TAILQ_REMOVE(&f->all, t, in_all);
        actions_free(t->actions);
        json_decref(t->spec);
        free(t->id);
        free(t);
    }
    struct moment *m, *next;
    HASH_ITER(hh, f->by_name, m, next) {
        HASH_DEL(f->by_name, m);
        free(m->name);
        free(m);
    }
    free(f);
    return NULL;
}

struct moments *faults_moments(struct faults *f)
{
    return f ? &f->moments : NULL;
}

int faults_switch(struct faults *f, const char *id, bool on)
{
    struct fault *t;
    int r = -ENOENT;
    TAILQ_FOREACH(t, &f->all, in_all)
        if (strcmp(t->id, id) == 0) {
            t->on = on;
            r = 0;
        }
    return r;
}

void faults_all_off(struct faults *f)
{
    struct fault *t;
    TAILQ_FOREACH(t, &f->all, in_all)
        t->on = false;
}

int faults_add(struct faults *f, const json_t *fault)
{
    char *err;
    const json_t *when = json_object_get(fault, "when");
    if (!json_is_object(fault) || !json_object_get(fault, "do"))
        return -EINVAL;
    if (when && match_check(when, &err) < 0) {
        free(err);
        return -EINVAL;
    }
    return add(f, fault, /* front= */ true);
}

json_t *faults_json(const struct faults *f)
{
    json_t *list = json_array();
    const struct fault *t;
    TAILQ_FOREACH(t, &f->all, in_all)
        json_array_append_new(list, json_pack("{s:s, s:O, s:b, s:I}", "id", t->id, "at",
                                              json_object_get(t->spec, "at"), "on", t->on, "hits", t->hits));
    return list;
}
