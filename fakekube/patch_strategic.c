/* Strategic merge: a merge patch that knows which lists are told apart by a key. The directives are Kubernetes' own
 * (apimachinery's strategicpatch; "$patch: delete" and its kin are what kubectl apply sends). */
#include <string.h>

#include "fakekube/fields.h"
#include "fakekube/patch.h"
#include "lib/base/mem.h"

struct merging {
    char *error; /* owned; NULL: none yet */
};

static json_t *merge(struct merging *m, const struct schema *s, const json_t *object, const json_t *patch);

static const char *directive_of(const json_t *patch)
{
    return json_string_value(json_object_get(patch, "$patch"));
}

static bool says(const json_t *patch, const char *directive)
{
    const char *own = directive_of(patch);
    return own && !strcmp(own, directive);
}

static bool list_has(const json_t *list, const json_t *value)
{
    size_t i;
    json_t *v;
    json_array_foreach ((json_t *)list, i, v)
        if (json_equal(v, value))
            return true;
    return false;
}

/* ---- lists ---- */

static ssize_t find_by(const json_t *list, const char *key, const json_t *value)
{
    size_t i;
    json_t *v;
    json_array_foreach ((json_t *)list, i, v)
        if (value && json_equal(json_object_get(v, key), value))
            return (ssize_t)i;
    return -1;
}

/* The order that was asked for; what it does not name comes where it was, behind. */
static json_t *ordered(json_t *list, const json_t *order, const char *key)
{
    json_t *out = json_array(), *v;
    size_t i;
    json_array_foreach ((json_t *)order, i, v) {
        const json_t *wanted = key ? json_object_get(v, key) : v;
        for (size_t n = 0; n < json_array_size(list); n++) {
            json_t *item = json_array_get(list, n);
            if (json_equal(key ? json_object_get(item, key) : item, wanted)) {
                json_array_append(out, item);
                json_array_remove(list, n);
                break;
            }
        }
    }
    json_array_extend(out, list);
    json_decref(list);
    return out;
}

static json_t *merge_objects(struct merging *m, const struct schema *s, const json_t *list, const json_t *patch)
{
    const char *key = s->keys[0];
    json_t *out = json_is_array(list) ? json_copy((json_t *)list) : json_array(), *v;
    size_t i;
    json_array_foreach ((json_t *)patch, i, v) {
        const json_t *value = json_object_get(v, key);
        ssize_t at = find_by(out, key, value);
        if (says(v, "replace")) {
            json_array_clear(out);
        } else if (!value) {
            m->error = xasprintf("map: %s does not contain declared merge key: %s", json_is_object(v) ? "map[]" : "it", key);
            break;
        } else if (says(v, "delete")) {
            if (at >= 0)
                json_array_remove(out, (size_t)at);
        } else if (at < 0) {
            json_array_append_new(out, merge(m, s->item, NULL, v));
        } else {
            json_array_set_new(out, (size_t)at, merge(m, s->item, json_array_get(out, (size_t)at), v));
        }
    }
    /* `$patch: replace` stands for the whole list: the others are what it becomes. */
    return out;
}

static json_t *merge_values(const json_t *list, const json_t *patch)
{
    json_t *out = json_is_array(list) ? json_copy((json_t *)list) : json_array(), *v;
    size_t i;
    json_array_foreach ((json_t *)patch, i, v)
        if (!list_has(out, v))
            json_array_append(out, v);
    return out;
}

static json_t *merge_list(struct merging *m, const struct schema *s, const json_t *list, const json_t *patch)
{
    if (s && s->form == FORM_LIST && s->merge && s->n_keys)
        return merge_objects(m, s, list, patch);
    if (s && s->form == FORM_LIST && s->merge && s->set)
        return merge_values(list, patch);
    return json_deep_copy(patch);
}

/* ---- objects ---- */

static json_t *retained(json_t *object, const json_t *keys)
{
    json_t *out = json_object(), *v;
    const char *k;
    json_object_foreach (object, k, v) {
        json_t *name = json_string(k);
        if (list_has(keys, name))
            json_object_set(out, k, v);
        json_decref(name);
    }
    json_decref(object);
    return out;
}

static void without(json_t *object, const char *name, const json_t *values)
{
    json_t *list = json_object_get(object, name), *left = json_array(), *v;
    size_t i;
    json_array_foreach (list, i, v)
        if (!list_has(values, v))
            json_array_append(left, v);
    if (json_is_array(list))
        json_object_set(object, name, left);
    json_decref(left);
}

static void do_special(json_t *out, const struct schema *s, const json_t *patch)
{
    static const char order[] = "$setElementOrder/", primitive[] = "$deleteFromPrimitiveList/";
    const char *k;
    json_t *v;
    json_object_foreach ((json_t *)patch, k, v) {
        if (!strncmp(k, primitive, sizeof(primitive) - 1))
            without(out, k + sizeof(primitive) - 1, v);
    }
    json_object_foreach ((json_t *)patch, k, v) {
        const char *name = k + sizeof(order) - 1;
        if (strncmp(k, order, sizeof(order) - 1) || !json_is_array(json_object_get(out, name)))
            continue;
        const struct schema *field = schema_field(s, name);
        json_t *list = json_copy(json_object_get(out, name));
        json_object_set_new(out, name, ordered(list, v, field && field->n_keys ? field->keys[0] : NULL));
    }
}

static json_t *merge(struct merging *m, const struct schema *s, const json_t *object, const json_t *patch)
{
    const char *k;
    json_t *v, *out;
    if (json_is_array(patch))
        return merge_list(m, s, object, patch);
    if (!json_is_object(patch))
        return json_deep_copy(patch);
    if (says(patch, "delete"))
        return json_object();
    out = json_is_object(object) && !says(patch, "replace") ? json_copy((json_t *)object) : json_object();
    const json_t *keys = json_object_get(patch, "$retainKeys");
    if (keys)
        out = retained(out, keys);
    json_object_foreach ((json_t *)patch, k, v) {
        if (*k == '$' || m->error)
            continue;
        if (json_is_null(v))
            json_object_del(out, k);
        else
            json_object_set_new(out, k, merge(m, schema_field(s, k), json_object_get(out, k), v));
    }
    do_special(out, s, patch);
    return out;
}

char *patch_strategic(const struct kube_type *type, const json_t *object, const json_t *patch, json_t **ret)
{
    struct schema s = {.form = FORM_TYPE, .type = (struct kube_type *)type};
    struct merging m = {0};
    *ret = NULL;
    if (!json_is_object(patch))
        return xstrdup("json: cannot unmarshal array into Go value of type map[string]interface {}");
    json_t *whole = merge(&m, &s, object, patch);
    if (!m.error)
        *ret = json_deep_copy(whole);
    json_decref(whole);
    return m.error;
}
