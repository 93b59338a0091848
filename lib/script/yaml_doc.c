/* Where the values of a document stand: two tables.
 *
 * jansson's true, false and null are one value each for the whole process, so "where does this value stand" cannot be
 * asked of them; therefore a second table knows where the value under a key, or at an index, stands.
 */
#include "lib/script/yaml_doc.h"

#include <stdio.h>
#include <string.h>
#include <uthash.h>

#include "lib/base/mem.h"

struct value_place {
    const json_t *value;
    struct place at;
    UT_hash_handle hh;
};

struct child_place {
    struct place key_at, value_at;
    UT_hash_handle hh;
    const json_t *parent; /* with `key` the hash key: nothing may stand between the two */
    char key[];
};

struct yaml_doc *yaml_doc_new(const char *name)
{
    struct yaml_doc *d = NEW(struct yaml_doc);
    d->name = xstrdup(name);
    return d;
}

void yaml_remember(struct yaml_doc *d, const json_t *value, struct place at)
{
    if (json_is_boolean(value) || json_is_null(value))
        return;
    struct value_place *v = NEW(struct value_place);
    v->value = value;
    v->at = at;
    HASH_ADD_PTR(d->values, value, v);
}

/* The bytes that make the hash key: the parent's address and the key, as they stand in struct child_place. */
static struct child_place *child_new(const json_t *parent, const char *key, unsigned *ret_len)
{
    size_t n = strlen(key) + 1;
    struct child_place *c = xcalloc(1, sizeof(*c) + n);
    c->parent = parent;
    memcpy(c->key, key, n);
    *ret_len = (unsigned)(sizeof(c->parent) + n);
    return c;
}

static struct child_place *child_find(const struct yaml_doc *d, const json_t *parent, const char *key)
{
    unsigned len;
    struct child_place *probe = child_new(parent, key, &len), *found;
    HASH_FIND(hh, d->children, &probe->parent, len, found);
    free(probe);
    return found;
}

void yaml_remember_member(struct yaml_doc *d, const json_t *parent, const char *key, struct place key_at, struct place value_at)
{
    unsigned len;
    struct child_place *c = child_new(parent, key, &len);
    c->key_at = key_at;
    c->value_at = value_at;
    HASH_ADD_KEYPTR(hh, d->children, &c->parent, len, c);
}

static const char *index_key(char out[24], size_t i)
{
    snprintf(out, 24, "#%zu", i);
    return out;
}

void yaml_remember_next(struct yaml_doc *d, const json_t *array, struct place at)
{
    char key[24];
    yaml_remember_member(d, array, index_key(key, json_array_size(array)), at, at);
}

struct yaml_doc *yaml_done(struct yaml_doc *d)
{
    if (!d)
        return NULL;
    struct value_place *v, *next_v;
    HASH_ITER(hh, d->values, v, next_v) {
        HASH_DEL(d->values, v);
        free(v);
    }
    struct child_place *c, *next_c;
    HASH_ITER(hh, d->children, c, next_c) {
        HASH_DEL(d->children, c);
        free(c);
    }
    json_decref(d->root);
    free(d->name);
    free(d);
    return NULL;
}

json_t *yaml_root(const struct yaml_doc *d)
{
    return d->root;
}

struct place yaml_place(const struct yaml_doc *d, const json_t *value)
{
    struct value_place *v;
    HASH_FIND_PTR(d->values, &value, v);
    return v ? v->at : (struct place){.file = d->name};
}

bool yaml_member_places(const struct yaml_doc *d, const json_t *object, const char *key, struct place *ret_key, struct place *ret_value)
{
    const struct child_place *c = child_find(d, object, key);
    if (c && ret_key)
        *ret_key = c->key_at;
    if (c && ret_value)
        *ret_value = c->value_at;
    return c != NULL;
}

struct place yaml_key_place(const struct yaml_doc *d, const json_t *object, const char *key)
{
    struct place at;
    return yaml_member_places(d, object, key, &at, NULL) ? at : yaml_place(d, object);
}

struct place yaml_member_place(const struct yaml_doc *d, const json_t *object, const char *key)
{
    struct place at;
    return yaml_member_places(d, object, key, NULL, &at) ? at : yaml_place(d, object);
}

bool yaml_item_places(const struct yaml_doc *d, const json_t *array, size_t i, struct place *ret)
{
    char key[24];
    return yaml_member_places(d, array, index_key(key, i), NULL, ret);
}

struct place yaml_item_place(const struct yaml_doc *d, const json_t *array, size_t i)
{
    struct place at;
    return yaml_item_places(d, array, i, &at) ? at : yaml_place(d, array);
}
