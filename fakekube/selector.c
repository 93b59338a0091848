/* What a selector has selected. Reading it is selector_label.c's and selector_field.c's. */
#include <string.h>

#include "fakekube/selector_impl.h"
#include "lib/base/mem.h"

struct requirement *requirement_add(struct selector *s, const char *key, size_t len, enum select_op op)
{
    s->all = xrealloc(s->all, (s->n + 1) * sizeof(*s->all));
    struct requirement *r = &s->all[s->n++];
    *r = (struct requirement){.key = xstrndup(key, len), .op = op};
    return r;
}

void requirement_value(struct requirement *r, const char *value, size_t len)
{
    r->values = xrealloc(r->values, (r->n + 1) * sizeof(*r->values));
    r->values[r->n++] = xstrndup(value, len);
}

struct selector *selector_free(struct selector *s)
{
    if (!s)
        return NULL;
    for (size_t i = 0; i < s->n; i++) {
        for (size_t v = 0; v < s->all[i].n; v++)
            free(s->all[i].values[v]);
        free(s->all[i].values);
        free(s->all[i].key);
    }
    free(s->all);
    free(s);
    return NULL;
}

bool selector_empty(const struct selector *s)
{
    return !s || !s->n;
}

static bool is_among(const struct requirement *r, const char *value)
{
    for (size_t i = 0; i < r->n; i++)
        if (!strcmp(r->values[i], value))
            return true;
    return false;
}

/* Whole numbers only, as ParseInt wants them. */
static bool number_of(const char *text, long long *ret)
{
    char *end;
    *ret = strtoll(text, &end, 10);
    return *text && !*end && *text != ' ';
}

static bool compares(const struct requirement *r, const char *value)
{
    long long a, b;
    if (!number_of(value, &a) || !number_of(r->values[0], &b))
        return false;
    return r->op == SELECT_GREATER ? a > b : a < b;
}

/* value NULL: there is no such key. */
static bool fits(const struct requirement *r, const char *value)
{
    switch (r->op) {
    case SELECT_EXISTS:
        return value;
    case SELECT_MISSING:
        return !value;
    case SELECT_IN:
        return value && is_among(r, value);
    case SELECT_NOT_IN:
        return !value || !is_among(r, value);
    default:
        return value && compares(r, value);
    }
}

bool selector_fits_labels(const struct selector *s, const json_t *labels)
{
    for (size_t i = 0; s && i < s->n; i++)
        if (!fits(&s->all[i], json_string_value(json_object_get(labels, s->all[i].key))))
            return false;
    return true;
}

/* "status.phase"; booleans and numbers as text. *ret: into `number`, or borrowed. */
static const char *field_of(const json_t *object, const char *path, char number[32])
{
    const json_t *v = object;
    while (v && *path) {
        size_t len = strcspn(path, ".");
        v = json_object_getn(v, path, len);
        path += len + (path[len] == '.');
    }
    if (json_is_boolean(v))
        return json_is_true(v) ? "true" : "false";
    if (json_is_integer(v)) {
        snprintf(number, 32, "%lld", (long long)json_integer_value(v));
        return number;
    }
    return json_is_string(v) ? json_string_value(v) : "";
}

bool selector_fits_fields(const struct selector *s, const json_t *object)
{
    char number[32];
    for (size_t i = 0; s && i < s->n; i++)
        if (!fits(&s->all[i], field_of(object, s->all[i].key, number)))
            return false;
    return true;
}

bool selector_each_path(const struct selector *s, bool (*fn)(void *arg, const char *path), void *arg)
{
    for (size_t i = 0; s && i < s->n; i++)
        if (!fn(arg, s->all[i].key))
            return false;
    return true;
}
