/* Values from answers, put into requests. */
#include "conformance/world/user_kept.h"

#include <errno.h>
#include <string.h>

#include "conformance/judge/regex.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

int user_keep(json_t *kept, const json_t *want, const char *body, char **reterr)
{
    const char *name;
    json_t *pattern;

    json_object_foreach((json_t *)want, name, pattern)
    {
        _cleanup_(freep) char *found = regex_group(json_string_value(pattern), body, 1);
        if (!found) {
            *reterr = xasprintf("keep: %s: nothing in the answer fits %s", name, json_string_value(pattern));
            return -EINVAL;
        }
        json_object_set_new(kept, name, json_string(found));
    }
    return 0;
}

/* `<name>` at p -> its value and how long it stands there; NULL: it is something else. */
static const char *kept_at(const char *p, const json_t *kept, size_t *ret_n)
{
    const char *end = *p == '<' ? strchr(p, '>') : NULL;
    _cleanup_(freep) char *name = end ? xstrndup(p + 1, (size_t)(end - p - 1)) : NULL;
    const char *value = name ? json_string_value(json_object_get(kept, name)) : NULL;

    *ret_n = value ? (size_t)(end + 1 - p) : 0;
    return value;
}

static json_t *text_put_in(const char *text, const json_t *kept)
{
    struct buf b = BUF_NULL;
    json_t *out;
    size_t n;

    for (const char *p = text; *p; p += n) {
        const char *value = kept_at(p, kept, &n);
        if (!value)
            n = 1;
        buf_add(&b, value ? value : p, value ? strlen(value) : 1);
    }
    out = json_stringn((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return out ? out : json_string(text);
}

json_t *user_put_in(const json_t *v, const json_t *kept)
{
    const char *key;
    json_t *one, *out;
    size_t i;

    if (json_is_string(v))
        return text_put_in(json_string_value(v), kept);
    if (json_is_object(v)) {
        out = json_object();
        json_object_foreach((json_t *)v, key, one) json_object_set_new(out, key, user_put_in(one, kept));
        return out;
    }
    if (json_is_array(v)) {
        out = json_array();
        json_array_foreach((json_t *)v, i, one) json_array_append_new(out, user_put_in(one, kept));
        return out;
    }
    return json_incref((json_t *)v);
}
