/* JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7396). */
#include "fakekube/patch.h"

#include <string.h>

#include "lib/base/mem.h"

enum { STEPS_MAX = 64, OPERATIONS_MAX = 10000 };

/* ---- pointers ---- */

struct pointer {
    char *memory;
    char *steps[STEPS_MAX];
    size_t n;
};

/* "~1" is a slash, "~0" a tilde. */
static bool pointer_read(const char *text, struct pointer *p)
{
    p->n = 0;
    p->memory = xstrdup(text);
    if (!*text)
        return true;
    if (*text != '/')
        return false;
    for (char *at = p->memory; at; at = strchr(at, '/')) {
        *at++ = '\0';
        if (p->n == STEPS_MAX)
            return false;
        p->steps[p->n++] = at;
    }
    for (size_t i = 0; i < p->n; i++) {
        char *out = p->steps[i];
        for (const char *in = out; *in; in++) {
            bool escaped = in[0] == '~' && (in[1] == '0' || in[1] == '1');
            in += escaped;
            *out++ = escaped ? "~/"[*in - '0'] : *in;
        }
        *out = '\0';
    }
    return true;
}

/* -1: no index. `end`: one behind the last is one too, "-". */
static ssize_t index_of(const json_t *list, const char *step, bool end)
{
    size_t n = json_array_size(list), i = 0, len = strlen(step);
    if (end && !strcmp(step, "-"))
        return (ssize_t)n;
    if (!len || len > 9 || step[strspn(step, "0123456789")] || (*step == '0' && len > 1))
        return -1;
    for (const char *c = step; *c; c++)
        i = i * 10 + (size_t)(*c - '0');
    return i < n + end ? (ssize_t)i : -1;
}

static json_t *step_into(const json_t *at, const char *step)
{
    if (json_is_object(at))
        return json_object_get(at, step);
    ssize_t i = json_is_array(at) ? index_of(at, step, false) : -1;
    return i < 0 ? NULL : json_array_get(at, (size_t)i);
}

static json_t *walk(json_t *root, const struct pointer *p, size_t steps)
{
    for (size_t i = 0; root && i < steps; i++)
        root = step_into(root, p->steps[i]);
    return root;
}

/* ---- operations ---- */

/* Takes value. */
static bool put(json_t **root, const struct pointer *p, json_t *value, bool replace)
{
    json_t *parent = p->n ? walk(*root, p, p->n - 1) : NULL;
    const char *last = p->n ? p->steps[p->n - 1] : NULL;
    bool there = p->n && step_into(parent, last);
    if (!p->n) {
        json_decref(*root);
        *root = value;
        return true;
    }
    ssize_t i = json_is_array(parent) ? index_of(parent, last, !replace) : -1;
    if (json_is_object(parent) && (!replace || there))
        return json_object_set_new(parent, last, value) == 0;
    if (i >= 0)
        return (replace ? json_array_set_new(parent, (size_t)i, value) : json_array_insert_new(parent, (size_t)i, value)) == 0;
    json_decref(value);
    return false;
}

static bool take_away(json_t *root, const struct pointer *p)
{
    json_t *parent = p->n ? walk(root, p, p->n - 1) : NULL;
    ssize_t i = json_is_array(parent) ? index_of(parent, p->steps[p->n - 1], false) : -1;
    if (json_is_object(parent))
        return json_object_del(parent, p->steps[p->n - 1]) == 0;
    return i >= 0 && json_array_remove(parent, (size_t)i) == 0;
}

static bool move(json_t **root, const struct pointer *from, const struct pointer *to, bool stays)
{
    json_t *v = json_deep_copy(walk(*root, from, from->n));
    if (!v)
        return false;
    if (!stays && !take_away(*root, from)) {
        json_decref(v);
        return false;
    }
    return put(root, to, v, false);
}

static char *operate(json_t **root, const json_t *operation)
{
    const char *op = json_string_value(json_object_get(operation, "op"));
    const char *path = json_string_value(json_object_get(operation, "path"));
    const char *from = json_string_value(json_object_get(operation, "from"));
    json_t *value = json_object_get(operation, "value");
    struct pointer to = {0}, source = {0};
    char *why = NULL;
    if (!op || !path || !pointer_read(path, &to) || !pointer_read(from ? from : "", &source)) {
        why = xstrdup("Unexpected kind: unknown operation");
    } else if (!strcmp(op, "add") || !strcmp(op, "replace")) {
        if (!value || !put(root, &to, json_deep_copy(value), *op == 'r'))
            why = xasprintf("%s operation does not apply: doc is missing %s: %s: missing value", op, *op == 'r' ? "key" : "path", path);
    } else if (!strcmp(op, "remove")) {
        if (!take_away(*root, &to))
            why = xasprintf("remove operation does not apply: doc is missing path: \"%s\": missing value", path);
    } else if (!strcmp(op, "move") || !strcmp(op, "copy")) {
        if (!from || !move(root, &source, &to, *op == 'c'))
            why = xasprintf("error in %s for path: '%s': missing value", op, path);
    } else if (!strcmp(op, "test")) {
        if (!json_equal(walk(*root, &to, to.n), value))
            why = xasprintf("testing path %s: test failed", path);
    } else {
        why = xasprintf("Unexpected kind: %s", op);
    }
    free(to.memory);
    free(source.memory);
    return why;
}

char *patch_json(const json_t *object, const json_t *patch, json_t **ret)
{
    json_t *out = json_deep_copy(object), *operation;
    size_t i;
    char *why = NULL;
    if (!json_is_array(patch))
        why = xstrdup("json: cannot unmarshal object into Go value of type jsonpatch.Patch");
    else if (json_array_size(patch) > OPERATIONS_MAX)
        why = xasprintf("The allowed maximum operations in a JSON patch is %d, got %zu", OPERATIONS_MAX, json_array_size(patch));
    json_array_foreach ((json_t *)patch, i, operation)
        if (!why)
            why = operate(&out, operation);
    if (!why && !json_is_object(out))
        why = xstrdup("the patch leaves no object");
    *ret = why ? NULL : out;
    if (why)
        json_decref(out);
    return why;
}

/* ---- RFC 7396 ---- */

static json_t *merged(const json_t *object, const json_t *patch)
{
    const char *k;
    json_t *v, *out;
    if (!json_is_object(patch))
        return json_deep_copy(patch);
    out = json_is_object(object) ? json_copy((json_t *)object) : json_object();
    json_object_foreach ((json_t *)patch, k, v)
        if (json_is_null(v))
            json_object_del(out, k);
        else
            json_object_set_new(out, k, merged(json_object_get(object, k), v));
    return out;
}

char *patch_merge(const json_t *object, const json_t *patch, json_t **ret)
{
    *ret = NULL;
    if (!json_is_object(patch))
        return xstrdup("json: cannot unmarshal array into Go value of type map[string]interface {}");
    json_t *whole = merged(object, patch);
    *ret = json_deep_copy(whole); /* nothing is shared with the one before */
    json_decref(whole);
    return NULL;
}
