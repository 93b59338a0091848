/* JSON in, JSON out. */
#include "conformance/kube/comparable.h"

#include <string.h>

#include "conformance/judge/regex.h"
#include "lib/base/mem.h"

static json_t *made(const json_t *v, const char *key, bool api);

/* ---- texts ---- */

static const struct regex_name filters[] = {
    {"\\b\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?Z", "<time>"},
    {"\\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\\b", "<uid>"},
    {"(?<=resource version: )\\d+ \\(\\d+\\)", "<version>"},
    {"^\\d+m?s$", "<age>"},
    /* Go goes through a map in any order, and names the first that it finds. */
    {"\\.metadata\\.(?:replicas|selector|template)(?=: field not declared)", ".metadata.<any>"},
    {"^10\\.96\\.\\d+\\.\\d+$", "<ip>"},
    {"(?<=^|/)g-[a-z0-9]{5}$", "<generated>"},
    {"^v1\\.\\d+\\.\\d+[+\\w.-]*$", "<release>"},
    {"^[0-9a-f]{40}$", "<commit>"},
    {"^go1\\.\\d+(?:\\.\\d+)?$", "<go>"},
    {"^(?:10\\.96\\.0\\.1|127\\.0\\.0\\.1):\\d+$", "<address>"},
    {"(?<=\"resourceVersion\":\")\\d+(?=\")", "<version>"},
};

static char *filtered(const char *text)
{
    return regex_named(filters, ARRAY_SIZE(filters), text);
}

static json_t *text_made(const char *text, const char *key)
{
    if (key && (!strcmp(key, "resourceVersion") || !strcmp(key, "continue")))
        return json_string(*text && strcmp(text, "0") ? "<version>" : text);
    _cleanup_(freep) char *now = filtered(text);
    return json_string(now);
}

/* ---- lists ---- */

static const char *text_at(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

/* What names one of a list; a new string; NULL: nothing does. */
static char *name_of(const json_t *one)
{
    const json_t *m = json_object_get(one, "metadata");

    if (text_at(m, "name"))
        return xasprintf("%s/%s", text_at(m, "namespace") ? text_at(m, "namespace") : "", text_at(m, "name"));
    if (text_at(one, "manager"))
        return xasprintf("%s %s %s", text_at(one, "manager"), text_at(one, "operation") ? text_at(one, "operation") : "",
                         text_at(one, "subresource") ? text_at(one, "subresource") : "");
    if (text_at(one, "groupVersion") && !text_at(one, "name"))
        return xstrdup(text_at(one, "groupVersion"));
    if (text_at(one, "name"))
        return xstrdup(text_at(one, "name"));
    return NULL;
}

/* NULL: not all have a name of their own. */
static json_t *by_name(const json_t *list, const char *key, bool api)
{
    json_t *out = json_object(), *one;
    size_t i;

    json_array_foreach ((json_t *)list, i, one) {
        _cleanup_(freep) char *name = name_of(one);
        if (!name || json_object_get(out, name)) {
            json_decref(out);
            return NULL;
        }
        json_object_set_new(out, name, made(one, key, api));
    }
    return out;
}

static json_t *list_made(const json_t *list, const char *key, bool api)
{
    json_t *out = json_array_size(list) ? by_name(list, key, api) : NULL, *one;
    size_t i;

    if (out)
        return out;
    out = json_array();
    json_array_foreach ((json_t *)list, i, one)
        json_array_append_new(out, made(one, key, api));
    return out;
}

/* ---- the whole ---- */

static json_t *made(const json_t *v, const char *key, bool api)
{
    json_t *out, *one;
    const char *k;

    if (json_is_string(v))
        return text_made(json_string_value(v), key);
    if (json_is_array(v))
        return list_made(v, key, api);
    if (!json_is_object(v))
        return json_incref((json_t *)v);
    out = json_object();
    json_object_foreach ((json_t *)v, k, one)
        if (!api || strcmp(k, "description") || !json_is_string(one))
            json_object_set_new(out, k, made(one, k, api));
    return out;
}

/* A watch tells of each object in order; which of two objects was first may be chance. Bookmarks are. */
static json_t *watch_made(const json_t *events)
{
    json_t *out = json_object(), *one;
    size_t i;

    json_array_foreach ((json_t *)events, i, one) {
        _cleanup_(freep) char *exact = name_of(json_object_get(one, "object"));
        _cleanup_(freep) char *name = exact ? filtered(exact) : NULL;
        json_t *of = name ? json_object_get(out, name) : NULL;
        if (!name || !strcmp(text_at(one, "type") ? text_at(one, "type") : "", "BOOKMARK"))
            continue;
        if (!of)
            json_object_set_new(out, name, of = json_array());
        json_array_append_new(of, made(one, NULL, false));
    }
    return out;
}

json_t *comparable(const json_t *entry)
{
    const char *call = text_at(entry, "call");
    const json_t *body = json_object_get(entry, "body");
    bool api = strstr(call, " /openapi/") != NULL;
    json_t *out = json_pack("{sO, sO*}", "status", json_object_get(entry, "status"), "content_type",
                            json_object_get(entry, "content_type"));

    json_object_set_new(out, "body", strstr(call, "watch=") && json_is_array(body) ? watch_made(body) : made(body, NULL, api));
    return out;
}

char *comparable_call(const json_t *entry)
{
    const char *call = text_at(entry, "call");

    return xasprintf("%.*s%s", (int)strcspn(call, "?"), call, strstr(call, "watch=") ? " watch" : "");
}
