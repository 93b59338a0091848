/* JSON against JSON, with the paths of what differs. */
#include "conformance/parity/diff.h"

#include <string.h>

#include "conformance/judge/regex.h"
#include "lib/base/mem.h"

/* ---- comparable
 * -------------------------------------------------------------------------------------------- */

static char *filtered(const char *text)
{
    static const struct regex_name filters[] = {
        {"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \\d\\d \\w{3} \\d{4} [\\d:]{8} GMT", "<date>"},
        {"\\beyJ[\\w-]+\\.[\\w-]+\\.[\\w-]+", "<jwt>"},
        {"\\b[0-9A-HJKMNP-TV-Z]{26}\\b", "<ulid>"},
        {"\\b[0-9a-f]{40}\\b", "<commit>"},
        {"(?<=gitlab-kas/v\\d\\d\\.\\d\\.\\d/)[0-9a-f]{8}\\b", "<build>"},
        {"\\bglagent-[\\w-]{20,}", "<token>"},
        {"(?<=\\d\\.\\d:|\\d\\.\\d\\d:)\\d{5}\\b", "<port>"},
    };

    return regex_named(filters, ARRAY_SIZE(filters), text);
}

void parity_normalise(json_t *said)
{
    const char *key;
    json_t *value;
    void *tmp;
    size_t i;

    json_object_foreach_safe(said, tmp, key, value)
    {
        if (json_is_string(value)) {
            _cleanup_(freep) char *text = filtered(json_string_value(value));
            json_object_set_new(said, key, json_string(text));
        } else {
            parity_normalise(value);
        }
    }
    json_array_foreach(said, i, value)
    {
        if (json_is_string(value)) {
            _cleanup_(freep) char *text = filtered(json_string_value(value));
            json_array_set_new(said, i, json_string(text));
        } else {
            parity_normalise(value);
        }
    }
}

/* ---- differences
 * ------------------------------------------------------------------------------------------- */

static void add(json_t *out, const char *at, const json_t *real, const json_t *fake)
{
    json_array_append_new(out, json_pack("{s:s, s:O?, s:O?}", "at", at, "real", real, "fake", fake));
}

static bool is_pairs(const json_t *list)
{
    json_t *one;
    size_t i;

    if (!json_is_array(list) || !json_array_size(list))
        return false;
    json_array_foreach((json_t *)list, i, one) if (json_array_size(one) != 2 ||
                                                   !json_is_string(json_array_get(one, 0))) return false;
    return true;
}

/* The values of a name, as a list; how they are told when there is one only. */
static json_t *values_of(const json_t *pairs, const char *name)
{
    json_t *one, *list = json_array(), *value;
    size_t i;

    json_array_foreach((json_t *)pairs, i,
                       one) if (strcmp(json_string_value(json_array_get(one, 0)), name) == 0)
        json_array_append(list, json_array_get(one, 1));
    if (json_array_size(list) > 1)
        return list;
    value = json_incref(json_array_get(list, 0));
    json_decref(list);
    return value;
}

/* Names that the other has too, in this one's order. */
static json_t *common_names(const json_t *pairs, const json_t *other)
{
    json_t *one, *list = json_array();
    size_t i;

    json_array_foreach((json_t *)pairs, i, one)
    {
        json_t *theirs = values_of(other, json_string_value(json_array_get(one, 0)));
        if (theirs)
            json_array_append(list, json_array_get(one, 0));
        json_decref(theirs);
    }
    return list;
}

static void pairs_diff(const char *at, const json_t *real, const json_t *fake, json_t *out)
{
    json_t *one, *names = json_object(), *mine = common_names(real, fake),
                 *theirs = common_names(fake, real);
    const char *name;
    size_t i;
    void *tmp;

    json_array_foreach((json_t *)real, i, one)
        json_object_set_new(names, json_string_value(json_array_get(one, 0)), json_true());
    json_array_foreach((json_t *)fake, i, one)
        json_object_set_new(names, json_string_value(json_array_get(one, 0)), json_true());
    json_object_foreach_safe(names, tmp, name, one)
    {
        _cleanup_(freep) char *path = xasprintf("%s.%s", at, name);
        json_t *a = values_of(real, name), *b = values_of(fake, name);
        if (!a || !b || !json_equal(a, b))
            add(out, path, a, b);
        json_decref(a);
        json_decref(b);
    }
    if (json_array_size(mine) == json_array_size(theirs) && !json_equal(mine, theirs)) {
        _cleanup_(freep) char *path = xasprintf("%s order", at);
        add(out, path, mine, theirs);
    }
    json_decref(names);
    json_decref(mine);
    json_decref(theirs);
}

static void diff(const char *at, const json_t *real, const json_t *fake, json_t *out);

static void objects_diff(const char *at, const json_t *real, const json_t *fake, json_t *out)
{
    json_t *keys = json_copy((json_t *)real), *value;
    const char *key;

    json_object_update_missing(keys, (json_t *)fake);
    json_object_foreach(keys, key, value)
    {
        _cleanup_(freep) char *path = xasprintf("%s%s%s", at, *at ? "." : "", key);
        diff(path, json_object_get(real, key), json_object_get(fake, key), out);
    }
    json_decref(keys);
}

static void diff(const char *at, const json_t *real, const json_t *fake, json_t *out)
{
    size_t n = json_array_size(real) > json_array_size(fake) ? json_array_size(real) : json_array_size(fake);

    if (real && fake && json_equal(real, fake))
        return;
    if (json_is_object(real) && json_is_object(fake))
        objects_diff(at, real, fake, out);
    else if (is_pairs(real) && is_pairs(fake))
        pairs_diff(at, real, fake, out);
    else if (json_is_array(real) && json_is_array(fake))
        for (size_t i = 0; i < n; i++) {
            _cleanup_(freep) char *path = xasprintf("%s[%zu]", at, i);
            diff(path, json_array_get(real, i), json_array_get(fake, i), out);
        }
    else
        add(out, at, real, fake);
}

json_t *parity_diff(const json_t *real, const json_t *fake)
{
    json_t *out = json_array();

    diff("", real, fake, out);
    return out;
}
