/* How a value and its schema are walked together, and how one is laid over another. */
#include <string.h>

#include "fakekube/fields.h"
#include "lib/base/mem.h"

const struct schema *schema_field(const struct schema *s, const char *name)
{
    if (!s)
        return NULL;
    if (s->form == FORM_MAP)
        return s->item;
    return s->form == FORM_TYPE ? type_field(s->type, name) : NULL;
}

bool schema_by_key(const struct schema *s)
{
    return s && s->form == FORM_LIST && s->apply && (s->set || s->n_keys);
}

/* What an API server takes for granted when a key is not said. */
static json_t *default_of(const char *key)
{
    return !strcmp(key, "protocol") ? json_string("TCP") : NULL;
}

char *schema_item_key(const struct schema *s, const json_t *item)
{
    if (s->set) {
        _cleanup_(freep) char *text = json_dumps(item, JSON_ENCODE_ANY | JSON_COMPACT);
        return xasprintf("v:%s", text ? text : "null");
    }
    json_t *keys = json_object();
    for (int i = 0; i < s->n_keys; i++) {
        json_t *v = json_object_get(item, s->keys[i]);
        json_t *one = v ? json_incref(v) : default_of(s->keys[i]);
        if (one)
            json_object_set_new(keys, s->keys[i], one);
    }
    char *text = json_object_size(keys) ? json_dumps(keys, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    char *key = text ? xasprintf("k:%s", text) : NULL;
    free(text);
    json_decref(keys);
    return key;
}

ssize_t schema_item_find(const struct schema *s, const json_t *list, const char *key)
{
    size_t i;
    json_t *v;
    json_array_foreach ((json_t *)list, i, v) {
        _cleanup_(freep) char *own = schema_item_key(s, v);
        if (own && !strcmp(own, key))
            return (ssize_t)i;
    }
    return -1;
}

static json_t *merge_lists(const struct schema *s, const json_t *live, const json_t *patch)
{
    json_t *out = json_deep_copy(live), *v;
    size_t i;
    json_array_foreach ((json_t *)patch, i, v) {
        _cleanup_(freep) char *key = schema_item_key(s, v);
        ssize_t at = key ? schema_item_find(s, out, key) : -1;
        if (at < 0)
            json_array_append_new(out, json_deep_copy(v));
        else if (!s->set)
            json_array_set_new(out, (size_t)at, schema_merge(s->item, json_array_get(out, (size_t)at), v));
    }
    return out;
}

json_t *schema_merge(const struct schema *s, const json_t *live, const json_t *patch)
{
    json_t *v, *out;
    const char *k;
    if (json_is_array(live) && json_is_array(patch) && schema_by_key(s))
        return merge_lists(s, live, patch);
    if (!json_is_object(live) || !json_is_object(patch) || (s && (s->atomic || (s->form == FORM_TYPE && s->type->atomic))))
        return json_deep_copy(patch);
    out = json_copy((json_t *)live);
    json_object_foreach ((json_t *)patch, k, v)
        json_object_set_new(out, k, schema_merge(schema_field(s, k), json_object_get(live, k), v));
    return out;
}
