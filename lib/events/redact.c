/* Replaces secrets in strings, wherever in a JSON value they stand: values, keys, substrings. A secret is also known in
 * hexadecimal, because bytes that are no text are logged so. */
#include "lib/events/redact.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"

struct secret {
    char *text, *with; /* owned */
    size_t len;
};

static void add_one(struct secrets *s, const char *text, size_t len, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->list[i].len == len && memcmp(s->list[i].text, text, len) == 0)
            return;
    s->list = xrealloc(s->list, (s->n + 1) * sizeof *s->list);
    size_t at = s->n++;
    for (; at > 0 && s->list[at - 1].len < len; at--)
        s->list[at] = s->list[at - 1];
    s->list[at] = (struct secret){xstrndup(text, len), xasprintf("<%s>", name), len};
}

void secrets_add(struct secrets *s, const char *secret, const char *name)
{
    size_t len = secret ? strlen(secret) : 0;
    while (len && isspace((unsigned char)secret[len - 1]))
        len--; /* a token file ends in a newline; what travels may not */
    if (!len)
        return;
    add_one(s, secret, len, name);
    if (len < 4)
        return; /* so short in hexadecimal is everywhere */
    _cleanup_(freep) char *hex = xcalloc(2 * len + 1, 1);
    for (size_t i = 0; i < len; i++) {
        hex[2 * i] = "0123456789abcdef"[(unsigned char)secret[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[secret[i] & 15];
    }
    add_one(s, hex, 2 * len, name);
}

void secrets_done(struct secrets *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->list[i].text);
        free(s->list[i].with);
    }
    free(s->list);
    *s = (struct secrets){0};
}

static bool holds_secret(const struct secrets *s, const char *text, size_t len)
{
    for (size_t i = 0; i < s->n; i++)
        if (len >= s->list[i].len && memmem(text, len, s->list[i].text, s->list[i].len))
            return true;
    return false;
}

static const struct secret *secret_at(const struct secrets *s, const char *p, size_t len)
{
    for (size_t i = 0; i < s->n; i++)
        if (len >= s->list[i].len && memcmp(p, s->list[i].text, s->list[i].len) == 0)
            return &s->list[i];
    return NULL;
}

char *secrets_replace(const struct secrets *s, const char *text, size_t len, size_t *ret_len)
{
    if (!holds_secret(s, text, len))
        return NULL;
    struct buf out = BUF_NULL;
    for (size_t i = 0; i < len;) {
        const struct secret *found = secret_at(s, text + i, len - i);
        if (found)
            buf_add(&out, found->with, strlen(found->with));
        else
            buf_add(&out, text + i, 1);
        i += found ? found->len : 1;
    }
    *ret_len = buf_len(&out);
    char *copy = xmemdup(buf_data(&out), buf_len(&out));
    buf_done(&out);
    return copy;
}

static bool dirty(const struct secrets *s, const json_t *v)
{
    size_t i;
    const char *key;
    json_t *child;
    if (json_is_string(v))
        return holds_secret(s, json_string_value(v), json_string_length(v));
    if (json_is_array(v)) {
        json_array_foreach(v, i, child)
            if (dirty(s, child))
                return true;
    } else if (json_is_object(v)) {
        json_object_foreach((json_t *)v, key, child)
            if (holds_secret(s, key, strlen(key)) || dirty(s, child))
                return true;
    }
    return false;
}

static json_t *copy_clean(const struct secrets *s, json_t *v)
{
    size_t i, len;
    const char *key;
    json_t *child, *out;
    if (json_is_string(v)) {
        _cleanup_(freep) char *text = secrets_replace(s, json_string_value(v), json_string_length(v), &len);
        return text ? json_stringn_nocheck(text, len) : json_incref(v);
    }
    if (json_is_array(v)) {
        out = json_array();
        json_array_foreach(v, i, child)
            json_array_append_new(out, copy_clean(s, child));
        return out;
    }
    if (json_is_object(v)) {
        out = json_object();
        json_object_foreach(v, key, child) {
            _cleanup_(freep) char *clean = secrets_replace(s, key, strlen(key), &len);
            json_object_set_new_nocheck(out, clean ? clean : key, copy_clean(s, child));
        }
        return out;
    }
    return json_incref(v);
}

json_t *secrets_clean(const struct secrets *s, json_t *v)
{
    if (!s->n || !v || !dirty(s, v))
        return v;
    json_t *clean = copy_clean(s, v);
    json_decref(v);
    return clean;
}
