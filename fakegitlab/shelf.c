/* Shelves are sorted arrays: lists are what pages and GraphQL want, and a look-up by id is a binary search. */
#include "fakegitlab/shelf.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "lib/base/mem.h"

static int64_t id_of(const void *item)
{
    int64_t id;
    memcpy(&id, item, sizeof(id));
    return id;
}

/* Where `id` stands, or would. */
static size_t place_of(const struct shelf *s, int64_t id)
{
    size_t low = 0, high = s->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (id_of(s->list[middle]) < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t shelf_id(const struct shelf *s, int64_t wanted)
{
    if (wanted <= 0)
        return s->last + 1;
    return shelf_get(s, wanted) ? 0 : wanted;
}

void shelf_put(struct shelf *s, void *item)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 8;
        s->list = xrealloc(s->list, s->cap * sizeof(*s->list));
    }
    int64_t id = id_of(item);
    size_t at = place_of(s, id);
    memmove(s->list + at + 1, s->list + at, (s->n - at) * sizeof(*s->list));
    s->list[at] = item;
    s->n++;
    if (id > s->last)
        s->last = id;
}

void *shelf_get(const struct shelf *s, int64_t id)
{
    size_t at = place_of(s, id);
    return at < s->n && id_of(s->list[at]) == id ? s->list[at] : NULL;
}

void shelf_remove(struct shelf *s, int64_t id)
{
    size_t at = place_of(s, id);
    if (at == s->n || id_of(s->list[at]) != id)
        return;
    s->n--;
    memmove(s->list + at, s->list + at + 1, (s->n - at) * sizeof(*s->list));
}

void shelf_done(struct shelf *s)
{
    free(s->list);
    *s = (struct shelf){0};
}

struct lookup_entry {
    UT_hash_handle hh;
    void *item;
    uint8_t key[];
};

void lookup_put(struct lookup *l, const void *key, size_t len, void *item)
{
    lookup_remove(l, key, len);
    struct lookup_entry *e = xcalloc(1, sizeof(*e) + len);
    memcpy(e->key, key, len);
    e->item = item;
    HASH_ADD_KEYPTR(hh, l->entries, e->key, (unsigned)len, e);
}

static struct lookup_entry *find(const struct lookup *l, const void *key, size_t len)
{
    struct lookup_entry *e;
    HASH_FIND(hh, l->entries, key, (unsigned)len, e);
    return e;
}

void *lookup_get(const struct lookup *l, const void *key, size_t len)
{
    struct lookup_entry *e = find(l, key, len);
    return e ? e->item : NULL;
}

void lookup_remove(struct lookup *l, const void *key, size_t len)
{
    struct lookup_entry *e = find(l, key, len);
    if (!e)
        return;
    HASH_DEL(l->entries, e);
    free(e);
}

void lookup_done(struct lookup *l)
{
    struct lookup_entry *e, *next;
    HASH_ITER(hh, l->entries, e, next) {
        HASH_DEL(l->entries, e);
        free(e);
    }
}

void lookup_put_text(struct lookup *l, const char *key, void *item)
{
    lookup_put(l, key, strlen(key), item);
}

void *lookup_get_text(const struct lookup *l, const char *key)
{
    return key ? lookup_get(l, key, strlen(key)) : NULL;
}

void lookup_remove_text(struct lookup *l, const char *key)
{
    lookup_remove(l, key, strlen(key));
}
