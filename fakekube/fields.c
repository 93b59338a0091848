/* Sets of fields: what belongs to them, and sums of them. */
#include "fakekube/fields.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"

/* ---- one node ---- */

static bool is_member(const json_t *node)
{
    return node && (!json_object_size(node) || json_object_get(node, "."));
}

/* Takes children. NULL: nothing is left. */
static json_t *node_make(bool member, json_t *children)
{
    if (!json_object_size(children) && !member) {
        json_decref(children);
        return NULL;
    }
    if (json_object_size(children) && member)
        json_object_set_new(children, ".", json_object());
    return children;
}

static void add(json_t *children, const char *key, json_t *node)
{
    if (node)
        json_object_set_new(children, key, node);
}

bool fields_empty(const json_t *set)
{
    return !json_object_size(set);
}

/* ---- sums; the top itself is never a member ---- */

static json_t *join(const json_t *a, const json_t *b)
{
    json_t *out = json_object(), *v;
    const char *k;
    json_object_foreach ((json_t *)a, k, v)
        if (strcmp(k, "."))
            add(out, k, json_object_get(b, k) ? join(v, json_object_get(b, k)) : json_deep_copy(v));
    json_object_foreach ((json_t *)b, k, v)
        if (strcmp(k, ".") && !json_object_get(a, k))
            add(out, k, json_deep_copy(v));
    return node_make(is_member(a) || is_member(b), out);
}

static json_t *minus(const json_t *a, const json_t *b)
{
    json_t *out = json_object(), *v;
    const char *k;
    json_object_foreach ((json_t *)a, k, v)
        if (strcmp(k, "."))
            add(out, k, json_object_get(b, k) ? minus(v, json_object_get(b, k)) : json_deep_copy(v));
    return node_make(is_member(a) && !is_member(b), out);
}

static json_t *both(const json_t *a, const json_t *b)
{
    json_t *out = json_object(), *v;
    const char *k;
    json_object_foreach ((json_t *)a, k, v)
        if (strcmp(k, ".") && json_object_get(b, k))
            add(out, k, both(v, json_object_get(b, k)));
    return node_make(is_member(a) && is_member(b), out);
}

/* The top is an object whatever it holds. */
static json_t *top(json_t *node)
{
    if (!node)
        return json_object();
    json_object_del(node, ".");
    return node;
}

json_t *fields_union(const json_t *a, const json_t *b)
{
    return top(join(a, b));
}

json_t *fields_minus(const json_t *a, const json_t *b)
{
    return top(minus(a, b));
}

json_t *fields_and(const json_t *a, const json_t *b)
{
    return top(both(a, b));
}

/* ---- of values ---- */

static json_t *leaf(void)
{
    return json_object();
}

/* Taken as a whole, whatever is in it. */
static bool is_whole(const struct schema *s)
{
    return s && (s->atomic || (s->form == FORM_TYPE && s->type->atomic));
}

static json_t *fields_in(const struct schema *s, const json_t *value, bool containers)
{
    json_t *out, *v;
    const char *k;
    size_t i;
    bool by_key = json_is_array(value) && schema_by_key(s);
    if (!(json_is_object(value) && (!s || s->form == FORM_ANY || s->form == FORM_TYPE || s->form == FORM_MAP)) && !by_key)
        return leaf();
    if (is_whole(s) || (!json_object_size(value) && !json_array_size(value)))
        return leaf();
    out = json_object();
    json_object_foreach ((json_t *)value, k, v) {
        _cleanup_(freep) char *name = xasprintf("f:%s", k);
        add(out, name, fields_in(schema_field(s, k), v, containers));
    }
    json_array_foreach ((json_t *)value, i, v) {
        _cleanup_(freep) char *key = schema_item_key(s, v);
        json_t *node = key && !s->set ? fields_in(s->item, v, containers) : leaf();
        if (key && json_object_size(node))
            json_object_set_new(node, ".", json_object());
        if (key)
            json_object_set_new(out, key, node);
        else
            json_decref(node);
    }
    if (containers && json_object_size(out))
        json_object_set_new(out, ".", json_object());
    return out;
}

json_t *fields_of(const struct schema *s, const json_t *value)
{
    return fields_in(s, value, false);
}

json_t *fields_with_containers(const struct schema *s, const json_t *value)
{
    return fields_in(s, value, true);
}

json_t *fields_changed(const struct schema *s, const json_t *before, const json_t *after)
{
    json_t *out, *v;
    const char *k;
    size_t i;
    if (!before || json_typeof(before) != json_typeof(after))
        return fields_with_containers(s, after);
    if (is_whole(s))
        return json_equal(before, after) ? NULL : leaf();
    bool by_key = json_is_array(after) && schema_by_key(s);
    if (!(json_is_object(after) && (!s || s->form != FORM_LIST)) && !by_key)
        return json_equal(before, after) ? NULL : leaf();
    out = json_object();
    json_object_foreach ((json_t *)after, k, v) {
        _cleanup_(freep) char *name = xasprintf("f:%s", k);
        add(out, name, fields_changed(schema_field(s, k), json_object_get(before, k), v));
    }
    json_array_foreach ((json_t *)after, i, v) {
        _cleanup_(freep) char *key = schema_item_key(s, v);
        ssize_t at = key ? schema_item_find(s, before, key) : -1;
        json_t *node = !key ? NULL : fields_changed(s->item, at < 0 ? NULL : json_array_get(before, (size_t)at), v);
        if (node && at < 0 && json_object_size(node))
            json_object_set_new(node, ".", json_object());
        if (node)
            json_object_set_new(out, key, node);
    }
    return node_make(false, out);
}

void fields_remove(const struct schema *s, json_t *value, const json_t *set)
{
    const char *k;
    json_t *node;
    json_object_foreach ((json_t *)set, k, node) {
        bool field = !strncmp(k, "f:", 2);
        ssize_t at = field || !json_is_array(value) ? -1 : schema_item_find(s, value, k);
        json_t *child = field ? json_object_get(value, k + 2) : at < 0 ? NULL : json_array_get(value, (size_t)at);
        if (!child)
            continue;
        if (!is_member(node))
            fields_remove(field ? schema_field(s, k + 2) : s->item, child, node);
        bool emptied = !is_member(node) && field && !json_object_size(child) && !json_array_size(child) &&
                       (json_is_object(child) || json_is_array(child));
        if (field && (is_member(node) || emptied))
            json_object_del(value, k + 2);
        else if (!field && is_member(node))
            json_array_remove(value, (size_t)at);
    }
}

/* ---- for people ---- */

struct telling {
    struct buf path;
    void (*fn)(void *arg, const char *path);
    void *arg;
};

static void add_item(struct buf *b, const char *key)
{
    json_t *v = json_loads(key + 2, JSON_DECODE_ANY, NULL), *one;
    const char *k;
    const char *comma = "";
    buf_addf(b, "[");
    if (*key == 'v')
        buf_addf(b, "=%s", key + 2);
    json_object_foreach (v, k, one) {
        _cleanup_(freep) char *text = json_dumps(one, JSON_ENCODE_ANY);
        if (*key == 'k')
            buf_addf(b, "%s%s=%s", comma, k, text);
        comma = ",";
    }
    buf_addf(b, "]");
    json_decref(v);
}

static void tell_each(struct telling *t, const json_t *set)
{
    const char *k;
    json_t *node;
    json_object_foreach ((json_t *)set, k, node) {
        size_t len = buf_len(&t->path);
        if (!strcmp(k, "."))
            continue;
        if (!strncmp(k, "f:", 2))
            buf_addf(&t->path, ".%s", k + 2);
        else
            add_item(&t->path, k);
        if (is_member(node)) {
            buf_add(&t->path, "", 1);
            t->fn(t->arg, (const char *)buf_data(&t->path));
            t->path.end--;
        }
        tell_each(t, node);
        t->path.end = t->path.start + len;
    }
}

void fields_each(const json_t *set, void (*fn)(void *arg, const char *path), void *arg)
{
    struct telling t = {.fn = fn, .arg = arg};
    tell_each(&t, set);
    buf_done(&t.path);
}
