#include "fakegitlab/objects.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fakegitlab/store_impl.h"

#define RAW_ID_LEN 20

void git_id(struct store *s, const char *type, const void *body, size_t len, char out[GIT_ID_LEN])
{
    char head[64];
    int n = snprintf(head, sizeof(head), "%s %zu", type, len);
    hash_sha1_hex(s->hasher, head, (size_t)n + 1 /* with its NUL */, body, len, out);
}

const struct git_object *objects_get(const struct store *s, const char *oid)
{
    struct git_object *o;
    HASH_FIND_STR(s->objects, oid, o);
    return o;
}

/* "100644 name\0" and twenty bytes, again and again. */
static int parse_tree(const struct store *s, struct git_object *o)
{
    const uint8_t *p = o->bytes, *end = o->bytes + o->len;
    while (p < end) {
        char *space, oid[GIT_ID_LEN];
        unsigned long mode = strtoul((const char *)p, &space, 8);
        const uint8_t *nul = memchr(p, 0, (size_t)(end - p));
        if (*space != ' ' || !nul || end - nul < 1 + RAW_ID_LEN)
            return -EIO;
        hex_write(nul + 1, RAW_ID_LEN, oid);
        const struct git_object *object = objects_get(s, oid);
        if (!object)
            return -EIO;
        o->items = xrealloc(o->items, (o->n_items + 1) * sizeof(*o->items));
        o->items[o->n_items++] = (struct git_item){.name = space + 1, .mode = (uint32_t)mode, .object = object};
        p = nul + 1 + RAW_ID_LEN;
    }
    return 0;
}

static void object_free(struct git_object *o)
{
    free(o->bytes);
    free(o->items);
    free(o);
}

static struct git_object *object_new(struct store *s, const char *oid, enum git_type type, const void *bytes, size_t len)
{
    struct git_object *o = NEW(struct git_object);
    memcpy(o->oid, oid, GIT_ID_LEN);
    o->type = type;
    o->len = len;
    o->bytes = xmemdup(bytes, len);
    if (type == GIT_TREE && parse_tree(s, o) < 0) {
        object_free(o);
        return NULL;
    }
    HASH_ADD_STR(s->objects, oid, o);
    return o;
}

int object_load(void *store, const char *oid, int type, const void *bytes, size_t len)
{
    if (strlen(oid) != GIT_ID_LEN - 1)
        return -EIO;
    struct git_object *o = object_new(store, oid, (enum git_type)type, bytes, len);
    if (!o)
        return -EIO;
    o->saved = true;
    return 0;
}

const struct git_object *objects_put(struct store *s, enum git_type type, const void *bytes, size_t len)
{
    char oid[GIT_ID_LEN];
    git_id(s, type == GIT_TREE ? "tree" : "blob", bytes, len, oid);
    struct git_object *o = (struct git_object *)objects_get(s, oid);
    if (!o && !(o = object_new(s, oid, type, bytes, len)))
        abort(); /* a tree of ours that we cannot read */
    if (!o->saved && !o->fresh) {
        db_put_object(s->db, oid, type, bytes, len);
        o->fresh = true;
        o->next_fresh = s->fresh;
        s->fresh = o;
    }
    return o;
}

void objects_settle(struct store *s, bool written)
{
    while (s->fresh) {
        struct git_object *o = s->fresh;
        s->fresh = o->next_fresh;
        o->next_fresh = NULL;
        o->fresh = false;
        o->saved = written;
    }
}

const struct git_item *tree_item(const struct git_object *tree, const char *name, size_t len)
{
    for (size_t i = 0; i < tree->n_items; i++)
        if (strncmp(tree->items[i].name, name, len) == 0 && tree->items[i].name[len] == 0)
            return &tree->items[i];
    return NULL;
}

void objects_free(struct store *s)
{
    struct git_object *o, *next;
    HASH_ITER(hh, s->objects, o, next) {
        HASH_DEL(s->objects, o);
        object_free(o);
    }
}
