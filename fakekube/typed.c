/* See typed.h. A type that nobody knows fits everything. */
#include "fakekube/typed.h"

#include <string.h>

#include "fakekube/fields.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

struct decoding {
    json_t *unknown;  /* borrowed; NULL: nobody asks */
    struct buf path;  /* "spec.containers[0]." as unknown fields are told */
    struct buf plain; /* "spec.containers." as Go tells of the others */
    char *error;
};

/* ---- what it should be ---- */

static bool is_text_or_number(const struct kube_type *t)
{
    return !strcmp(t->name, "util.Quantity") || !strcmp(t->name, "util.IntOrString");
}

static bool fits(const struct schema *s, const json_t *v)
{
    switch (s->form) {
    case FORM_STRING:
    case FORM_BYTES:
        return json_is_string(v);
    case FORM_INT32:
    case FORM_INT64:
        return json_is_integer(v);
    case FORM_BOOL:
        return json_is_boolean(v);
    case FORM_NUMBER:
        return json_is_number(v);
    case FORM_LIST:
        return json_is_array(v);
    case FORM_MAP:
        return json_is_object(v);
    case FORM_TYPE:
        if (is_text_or_number(s->type))
            return json_is_string(v) || json_is_number(v);
        if (s->type->n_fields)
            return json_is_object(v);
        return !s->type->type || (!strcmp(s->type->type, "string") ? json_is_string(v) : json_is_object(v));
    default:
        return true;
    }
}

static const char *json_name(const json_t *v)
{
    return json_is_string(v) ? "string" : json_is_number(v) ? "number" : json_is_boolean(v) ? "bool"
                                      : json_is_object(v)   ? "object"
                                                            : "array";
}

/* As Go writes the type; a new string. */
static char *go_name(const struct schema *s)
{
    static const char *const plain[] = {[FORM_ANY] = "interface {}", [FORM_STRING] = "string", [FORM_INT32] = "int32",
                                        [FORM_INT64] = "int64", [FORM_BOOL] = "bool", [FORM_NUMBER] = "float64",
                                        [FORM_BYTES] = "[]uint8"};
    if (s->form == FORM_TYPE) {
        const char *dot = strchr(s->type->name, '.');
        return xstrdup(dot && strncmp(s->type->name, "util.", 5) ? dot + 1 : s->type->name);
    }
    if (s->form != FORM_LIST && s->form != FORM_MAP)
        return xstrdup(plain[s->form]);
    _cleanup_(freep) char *item = go_name(s->item);
    return s->form == FORM_LIST ? xasprintf("[]%s", item) : xasprintf("map[string]%s", item);
}

/* ---- decoding ---- */

static void cut(struct buf *b, size_t len)
{
    b->end = b->start + len;
}

static void note_unknown(struct decoding *d, const char *name)
{
    if (d->unknown)
        json_array_append_new(d->unknown, json_sprintf("%.*s%s", (int)buf_len(&d->path), (const char *)buf_data(&d->path), name));
}

static void wrong(struct decoding *d, const char *kind, const char *name, const struct schema *s, const json_t *v)
{
    _cleanup_(freep) char *go = go_name(s);
    d->error = xasprintf("json: cannot unmarshal %s into Go struct field %s.%.*s%s of type %s", json_name(v), kind,
                         (int)buf_len(&d->plain), (const char *)buf_data(&d->plain), name, go);
}

static void decode_object(struct decoding *d, const struct kube_type *t, json_t *value);

static json_t *text_of_number(const json_t *v)
{
    _cleanup_(freep) char *text = json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    return json_string(text ? text : "0");
}

static void decode_items(struct decoding *d, const struct schema *item, json_t *value, const char *kind, const char *name);

/* *slot stays what it is, but for quantities: a new value is given back. NULL: none. */
static json_t *decode(struct decoding *d, const struct schema *s, json_t *v, const char *kind, const char *name)
{
    if (!fits(s, v)) {
        wrong(d, kind, name, s, v);
        return NULL;
    }
    if (s->form == FORM_TYPE && json_is_number(v) && !strcmp(s->type->name, "util.Quantity"))
        return text_of_number(v);
    if (s->form == FORM_TYPE && s->type->n_fields) {
        size_t path = buf_len(&d->path), plain = buf_len(&d->plain);
        buf_addf(&d->path, "%s.", name);
        buf_addf(&d->plain, "%s.", name);
        decode_object(d, s->type, v);
        cut(&d->path, path);
        cut(&d->plain, plain);
    } else if (s->form == FORM_LIST || s->form == FORM_MAP) {
        decode_items(d, s->item, v, kind, name);
    }
    return NULL;
}

static void decode_items(struct decoding *d, const struct schema *item, json_t *value, const char *kind, const char *name)
{
    size_t i;
    json_t *v, *other;
    const char *k;
    void *next;
    json_array_foreach (value, i, v) {
        _cleanup_(freep) char *numbered = xasprintf("%s[%zu]", name, i);
        other = d->error ? NULL : decode(d, item, v, kind, item->form == FORM_TYPE ? numbered : name);
        if (other)
            json_array_set_new(value, i, other);
    }
    json_object_foreach_safe (value, next, k, v) {
        if (json_is_null(v) && item->form != FORM_ANY) {
            if (item->form == FORM_STRING)
                json_object_set_new(value, k, json_string(""));
            continue;
        }
        other = d->error ? NULL : decode(d, item, v, kind, name);
        if (other)
            json_object_set_new(value, k, other);
    }
}

static void decode_object(struct decoding *d, const struct kube_type *t, json_t *value)
{
    const char *k;
    void *next;
    json_t *v;
    json_object_foreach_safe (value, next, k, v) {
        const struct schema *s = type_field(t, k);
        if (d->error)
            return;
        if (!s)
            note_unknown(d, k);
        if (!s || json_is_null(v)) {
            json_object_del(value, k);
            continue;
        }
        json_t *other = decode(d, s, v, t->kind, k);
        if (other)
            json_object_set_new(value, k, other);
    }
}

char *typed_decode(const struct kube_type *type, json_t *value, json_t *unknown)
{
    struct decoding d = {.unknown = unknown};
    if (type)
        decode_object(&d, type, value);
    buf_done(&d.path);
    buf_done(&d.plain);
    return d.error;
}

/* ---- as structured-merge-diff ---- */

struct checking {
    struct buf path, errors;
    size_t n;
};

static void complain(struct checking *c, const char *what)
{
    buf_addf(&c->errors, "%s%.*s: %s", c->n++ ? "\n  " : "", (int)buf_len(&c->path), (const char *)buf_data(&c->path), what);
}

static void check(struct checking *c, const struct schema *s, const json_t *v);

static void check_fields(struct checking *c, const struct schema *s, const json_t *v)
{
    const char *k;
    json_t *one;
    json_object_foreach ((json_t *)v, k, one) {
        size_t len = buf_len(&c->path);
        const struct schema *field = schema_field(s, k);
        buf_addf(&c->path, ".%s", k);
        if (field)
            check(c, field, one);
        else
            complain(c, "field not declared in schema");
        cut(&c->path, len);
        if (!field)
            return; /* as the original does */
    }
}

static void check_items(struct checking *c, const struct schema *s, const json_t *v)
{
    size_t i;
    json_t *one;
    json_array_foreach ((json_t *)v, i, one) {
        size_t len = buf_len(&c->path);
        _cleanup_(freep) char *key = schema_by_key(s) ? schema_item_key(s, one) : NULL;
        if (schema_by_key(s) && !key) {
            _cleanup_(freep) char *what = xasprintf("element %zu: associative list with keys has an element that omits key field \"%s\"", i, s->keys[0]);
            complain(c, what);
            return;
        }
        if (key && schema_item_find(s, v, key) != (ssize_t)i) {
            _cleanup_(freep) char *what = xasprintf("duplicate entries for key [%s]", key + 2);
            complain(c, what);
        }
        buf_addf(&c->path, "[%s]", key ? key + 2 : "");
        check(c, s->item, one);
        cut(&c->path, len);
    }
}

static void check(struct checking *c, const struct schema *s, const json_t *v)
{
    if (json_is_null(v))
        return;
    if (!fits(s, v)) {
        const char *want = s->form == FORM_LIST ? "list" : s->form == FORM_MAP || s->form == FORM_TYPE ? "map"
                           : s->form == FORM_BOOL                                                       ? "boolean"
                           : s->form == FORM_STRING || s->form == FORM_BYTES ? "string"
                                                                             : "numeric (int or float)";
        _cleanup_(freep) char *got = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
        _cleanup_(freep) char *what = xasprintf("expected %s, got %s", want, json_is_string(v) && s->form != FORM_BOOL ? "string" : got);
        complain(c, what);
    } else if (s->form == FORM_LIST) {
        check_items(c, s, v);
    } else if (s->form == FORM_MAP || (s->form == FORM_TYPE && s->type->n_fields)) {
        check_fields(c, s, v);
    }
}

char *typed_check(const struct kube_type *type, const json_t *value)
{
    struct schema s = {.form = FORM_TYPE, .type = (struct kube_type *)type};
    struct checking c = {0};
    char *text = NULL;
    if (type)
        check(&c, &s, value);
    if (c.n)
        text = xasprintf("%s%.*s", c.n > 1 ? "errors:\n  " : "", (int)buf_len(&c.errors), (const char *)buf_data(&c.errors));
    buf_done(&c.path);
    buf_done(&c.errors);
    return text;
}
