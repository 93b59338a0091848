/* Objects on shelves, and the memory of what happened. */
#include "fakekube/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include "lib/base/mem.h"

enum { HISTORY_DEFAULT = 1000 };

struct entry {
    char *key;      /* owned */
    json_t *object; /* owned */
};

struct kube_shelf {
    struct kube_store *store;
    char *group, *plural;
    struct entry *entries; /* owned; sorted by key */
    size_t n, cap;
    SLIST_ENTRY(kube_shelf) link;
};

/* One that is remembered, or has still to be told. */
struct past {
    struct kube_change change; /* owns what it points at */
    STAILQ_ENTRY(past) link;
};

struct kube_store_watch {
    struct kube_store *store;
    kube_change_fn fn; /* NULL: ended while it was told something */
    void *arg;
    LIST_ENTRY(kube_store_watch) link;
};

struct kube_store {
    uint64_t version, oldest;
    size_t history, n_past;
    SLIST_HEAD(, kube_shelf) shelves;
    STAILQ_HEAD(, past) past;
    struct past *told; /* the last that everybody has heard of; NULL: none of those remembered */
    LIST_HEAD(, kube_store_watch) watches;
    bool telling;
};

/* ---- the whole ---- */

struct kube_store *kube_store_new(size_t history)
{
    struct kube_store *s = NEW(struct kube_store);
    s->history = history ? history : HISTORY_DEFAULT;
    s->version = s->oldest = 1;
    SLIST_INIT(&s->shelves);
    STAILQ_INIT(&s->past);
    LIST_INIT(&s->watches);
    return s;
}

static void forget_first(struct kube_store *s)
{
    struct past *p = STAILQ_FIRST(&s->past);
    STAILQ_REMOVE_HEAD(&s->past, link);
    s->n_past--;
    s->oldest = p->change.version;
    if (s->told == p)
        s->told = NULL;
    free((char *)p->change.key);
    json_decref((json_t *)p->change.object);
    json_decref((json_t *)p->change.before);
    free(p);
}

struct kube_store *kube_store_free(struct kube_store *s)
{
    if (!s)
        return NULL;
    while (!STAILQ_EMPTY(&s->past))
        forget_first(s);
    while (!SLIST_EMPTY(&s->shelves)) {
        struct kube_shelf *sh = SLIST_FIRST(&s->shelves);
        SLIST_REMOVE_HEAD(&s->shelves, link);
        for (size_t i = 0; i < sh->n; i++) {
            free(sh->entries[i].key);
            json_decref(sh->entries[i].object);
        }
        free(sh->entries);
        free(sh->group);
        free(sh->plural);
        free(sh);
    }
    free(s);
    return NULL;
}

uint64_t kube_store_version(const struct kube_store *s)
{
    return s->version;
}

uint64_t kube_store_oldest(const struct kube_store *s)
{
    return s->oldest;
}

void kube_store_compact(struct kube_store *s)
{
    while (STAILQ_FIRST(&s->past) && s->told)
        forget_first(s);
    s->oldest = s->version;
}

/* ---- shelves ---- */

struct kube_shelf *kube_store_shelf(struct kube_store *s, const char *group, const char *plural)
{
    struct kube_shelf *sh;
    SLIST_FOREACH (sh, &s->shelves, link)
        if (!strcmp(sh->group, group) && !strcmp(sh->plural, plural))
            return sh;
    sh = NEW(struct kube_shelf);
    *sh = (struct kube_shelf){.store = s, .group = xstrdup(group), .plural = xstrdup(plural)};
    SLIST_INSERT_HEAD(&s->shelves, sh, link);
    return sh;
}

const char *kube_shelf_group(const struct kube_shelf *sh)
{
    return sh->group;
}

const char *kube_shelf_plural(const struct kube_shelf *sh)
{
    return sh->plural;
}

size_t kube_shelf_count(const struct kube_shelf *sh)
{
    return sh->n;
}

/* Where it is, or would be: `after` also skips the equal one. */
static size_t place_of(const struct kube_shelf *sh, const char *key, bool after)
{
    size_t low = 0, high = sh->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int c = strcmp(sh->entries[middle].key, key);
        if (c < 0 || (after && c == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static char *key_of(const char *ns, const char *name)
{
    return xasprintf("%s/%s", ns ? ns : "", name);
}

static struct entry *entry_at(const struct kube_shelf *sh, size_t place, const char *key)
{
    return place < sh->n && !strcmp(sh->entries[place].key, key) ? &sh->entries[place] : NULL;
}

const json_t *kube_shelf_get(const struct kube_shelf *sh, const char *ns, const char *name)
{
    _cleanup_(freep) char *key = key_of(ns, name);
    struct entry *e = entry_at(sh, place_of(sh, key, false), key);
    return e ? e->object : NULL;
}

void kube_shelf_each(const struct kube_shelf *sh, const char *ns, const char *after,
                bool (*fn)(void *arg, const char *key, const json_t *object), void *arg)
{
    _cleanup_(freep) char *prefix = ns ? xasprintf("%s/", ns) : NULL;
    size_t len = prefix ? strlen(prefix) : 0, i = prefix ? place_of(sh, prefix, false) : 0;
    size_t behind = after ? place_of(sh, after, true) : 0;
    for (i = behind > i ? behind : i; i < sh->n; i++)
        if ((prefix && strncmp(sh->entries[i].key, prefix, len) != 0) ||
            !fn(arg, sh->entries[i].key, sh->entries[i].object))
            return;
}

/* ---- changes ---- */

static void set_version(json_t *object, uint64_t version)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, version);
    json_object_set_new(json_object_get(object, "metadata"), "resourceVersion", json_string(text));
}

static struct past *next_to_tell(const struct kube_store *s)
{
    return s->told ? STAILQ_NEXT(s->told, link) : STAILQ_FIRST(&s->past);
}

static void sweep(struct kube_store *s)
{
    struct kube_store_watch *w, *next;
    for (w = LIST_FIRST(&s->watches); w; w = next) {
        next = LIST_NEXT(w, link);
        if (!w->fn) {
            LIST_REMOVE(w, link);
            free(w);
        }
    }
    while (s->n_past > s->history && s->told && STAILQ_FIRST(&s->past) != s->told)
        forget_first(s);
}

static void tell(struct kube_store *s)
{
    struct past *p;
    if (s->telling)
        return;
    s->telling = true;
    while ((p = next_to_tell(s))) {
        struct kube_store_watch *w;
        s->told = p;
        LIST_FOREACH (w, &s->watches, link)
            if (w->fn)
                w->fn(w->arg, &p->change);
    }
    s->telling = false;
    sweep(s);
}

static void changed(struct kube_shelf *sh, enum change_type type, const char *key, const json_t *object, const json_t *before)
{
    struct kube_store *s = sh->store;
    struct past *p = NEW(struct past);
    p->change = (struct kube_change){.type = type, .shelf = sh, .key = xstrdup(key), .version = s->version,
                                .object = json_incref((json_t *)object), .before = json_incref((json_t *)before)};
    STAILQ_INSERT_TAIL(&s->past, p, link);
    s->n_past++;
    tell(s);
}

const json_t *kube_shelf_put(struct kube_shelf *sh, const char *ns, const char *name, json_t *object)
{
    _cleanup_(freep) char *key = key_of(ns, name);
    size_t place = place_of(sh, key, false);
    struct entry *e = entry_at(sh, place, key);
    json_t *before = e ? e->object : NULL;
    set_version(object, ++sh->store->version);
    if (!e) {
        if (sh->n == sh->cap) {
            sh->cap = sh->cap ? sh->cap * 2 : 8;
            sh->entries = xrealloc(sh->entries, sh->cap * sizeof(*sh->entries));
        }
        memmove(sh->entries + place + 1, sh->entries + place, (sh->n - place) * sizeof(*sh->entries));
        sh->n++;
        e = &sh->entries[place];
        e->key = xstrdup(key);
    }
    e->object = object;
    changed(sh, before ? CHANGE_MODIFIED : CHANGE_ADDED, key, object, before);
    json_decref(before);
    return object;
}

int kube_shelf_remove(struct kube_shelf *sh, const char *ns, const char *name)
{
    _cleanup_(freep) char *key = key_of(ns, name);
    size_t place = place_of(sh, key, false);
    struct entry *e = entry_at(sh, place, key);
    if (!e)
        return -ENOENT;
    json_t *before = e->object, *last = json_copy(before);
    free(e->key);
    memmove(e, e + 1, (sh->n - place - 1) * sizeof(*e));
    sh->n--;
    json_object_set_new(last, "metadata", json_copy(json_object_get(before, "metadata")));
    set_version(last, ++sh->store->version);
    changed(sh, CHANGE_DELETED, key, last, before);
    json_decref(last);
    json_decref(before);
    return 0;
}

/* ---- those who want to know ---- */

struct kube_store_watch *kube_store_watch(struct kube_store *s, kube_change_fn fn, void *arg)
{
    struct kube_store_watch *w = NEW(struct kube_store_watch);
    *w = (struct kube_store_watch){.store = s, .fn = fn, .arg = arg};
    LIST_INSERT_HEAD(&s->watches, w, link);
    return w;
}

struct kube_store_watch *kube_store_unwatch(struct kube_store_watch *w)
{
    if (!w)
        return NULL;
    w->fn = NULL;
    if (!w->store->telling)
        sweep(w->store);
    return NULL;
}

int kube_shelf_since(const struct kube_shelf *sh, uint64_t version, kube_change_fn fn, void *arg)
{
    const struct kube_store *s = sh->store;
    struct past *p;
    if (version < s->oldest)
        return -ESTALE;
    STAILQ_FOREACH (p, &s->past, link) {
        if (p->change.version > version && p->change.shelf == sh)
            fn(arg, &p->change);
        if (p == s->told)
            break; /* the rest is still to be told, to everybody */
    }
    return 0;
}
