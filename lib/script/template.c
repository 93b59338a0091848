#include "lib/script/template.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/script/template_scan.h"

size_t template_name(const char *p)
{
    if (p[0] != '{' || !((p[1] >= 'a' && p[1] <= 'z') || p[1] == '_'))
        return 0;
    size_t n = strspn(p + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return p[1 + n] == '}' ? n : 0;
}

static bool put_in(struct buf *out, const char *name, size_t n, const json_t *vars)
{
    _cleanup_(freep) char *key = xstrndup(name, n);
    const json_t *v = json_object_get(vars, key);
    if (json_is_string(v))
        buf_add(out, json_string_value(v), json_string_length(v));
    else if (json_is_integer(v))
        buf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    else if (json_is_real(v))
        buf_addf(out, "%g", json_real_value(v));
    return json_is_string(v) || json_is_number(v);
}

/* Text may hold NULs (a scenario's bytes), which are no end. */
static void fill(struct buf *out, const char *text, size_t len, const json_t *vars)
{
    const char *p = text, *end = text + len;
    while (p < end) {
        const char *brace = memchr(p, '{', (size_t)(end - p));
        buf_add(out, p, (size_t)((brace ? brace : end) - p));
        if (!brace)
            return;
        size_t n = template_name(brace);
        if (brace[1] == '{') {
            buf_add(out, "{", 1);
            p = brace + 2;
        } else if (n > 0 && put_in(out, brace + 1, n, vars)) {
            p = brace + n + 2;
        } else {
            buf_add(out, "{", 1);
            p = brace + 1;
        }
    }
}

char *template_text(const char *text, const json_t *vars)
{
    struct buf b = BUF_NULL;
    fill(&b, text, strlen(text), vars);
    char *out = xmemdup((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return out;
}

static json_t *fill_string(const json_t *s, const json_t *vars)
{
    struct buf b = BUF_NULL;
    fill(&b, json_string_value(s), json_string_length(s), vars);
    json_t *out = json_stringn((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return out ? out : json_deep_copy(s);
}

json_t *template_fill(const json_t *tree, const json_t *vars)
{
    const char *key;
    size_t i;
    json_t *v, *out;
    switch (json_typeof(tree)) {
    case JSON_STRING:
        return fill_string(tree, vars);
    case JSON_OBJECT:
        out = json_object();
        json_object_foreach((json_t *)tree, key, v)
            json_object_set_new(out, key, template_fill(v, vars));
        return out;
    case JSON_ARRAY:
        out = json_array();
        json_array_foreach(tree, i, v)
            json_array_append_new(out, template_fill(v, vars));
        return out;
    default:
        return json_deep_copy(tree);
    }
}

json_t *overlay(const json_t *base, const json_t *patch)
{
    if (!json_is_object(patch))
        return json_deep_copy(patch);
    json_t *out = json_is_object(base) ? json_deep_copy(base) : json_object();
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)patch, key, v) {
        if (json_is_null(v))
            json_object_del(out, key);
        else
            json_object_set_new(out, key, overlay(json_object_get(out, key), v));
    }
    return out;
}
