/* A document made of another, whose values stand where they stood there. */
#include "lib/base/mem.h"
#include "lib/script/yaml_doc.h"

struct derive {
    const struct yaml_doc *from;
    struct yaml_doc *to;
    yaml_derive_fn *fn;
    void *arg;
};

static json_t *derive_value(struct derive *d, const char *in, const json_t *v, struct place at);

/* One child: what `fn` gives for it, else a copy. NULL: left out. */
static json_t *derive_child(struct derive *d, const char *in, const char *key, const json_t *v, struct place at)
{
    json_t *other = NULL;
    if (!d->fn(d->arg, in, key, v, at, &other))
        return NULL;
    json_t *copy = derive_value(d, key ? key : in, other ? other : v, at);
    json_decref(other);
    return copy;
}

static json_t *derive_object(struct derive *d, const char *in, const json_t *v, struct place at)
{
    json_t *out = json_object(), *inner;
    const char *key;
    json_object_foreach((json_t *)v, key, inner) {
        struct place key_at = at, value_at = at;
        (void)yaml_member_places(d->from, v, key, &key_at, &value_at);
        json_t *child = derive_child(d, in, key, inner, value_at);
        if (child && json_is_array(inner) && json_array_size(inner) && json_is_array(child) && !json_array_size(child)) {
            json_decref(child);
            child = NULL;
        }
        if (!child)
            continue;
        key_at.file = value_at.file = d->to->name;
        yaml_remember_member(d->to, out, key, key_at, value_at);
        json_object_set_new(out, key, child);
    }
    return out;
}

static json_t *derive_array(struct derive *d, const char *in, const json_t *v, struct place at)
{
    json_t *out = json_array(), *inner;
    size_t i;
    json_array_foreach(v, i, inner) {
        struct place item_at = at;
        (void)yaml_item_places(d->from, v, i, &item_at);
        json_t *child = derive_child(d, in, NULL, inner, item_at);
        if (!child)
            continue;
        item_at.file = d->to->name;
        yaml_remember_next(d->to, out, item_at);
        json_array_append_new(out, child);
    }
    return out;
}

/* A value that came from elsewhere has no places of its own inside: all of it stands at `at`. */
static json_t *derive_value(struct derive *d, const char *in, const json_t *v, struct place at)
{
    json_t *out = json_is_object(v)  ? derive_object(d, in, v, at)
                  : json_is_array(v) ? derive_array(d, in, v, at)
                                     : json_deep_copy(v);
    at.file = d->to->name;
    yaml_remember(d->to, out, at);
    return out;
}

struct yaml_doc *yaml_derive(const struct yaml_doc *from, yaml_derive_fn *fn, void *arg)
{
    struct yaml_doc *to = yaml_doc_new(from->name);
    struct derive d = {.from = from, .to = to, .fn = fn, .arg = arg};
    to->root = derive_value(&d, "", from->root, yaml_place(from, from->root));
    return to;
}
