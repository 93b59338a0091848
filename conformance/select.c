/* Patterns over ids. */
#include "conformance/select.h"

#include <string.h>

#include "lib/base/mem.h"

bool glob_path(const char *pattern, const char *path)
{
    if (!*pattern)
        return !*path;
    if (pattern[0] == '*' && pattern[1] == '*') {
        const char *rest = pattern + 2;
        if (*rest == '/' && glob_path(rest + 1, path)) /* "a/ ** /b" takes "a/b" too */
            return true;
        for (const char *p = path;; p++) {
            if (glob_path(rest, p))
                return true;
            if (!*p)
                return false;
        }
    }
    if (*pattern == '*') {
        for (const char *p = path;; p++) {
            if (glob_path(pattern + 1, p))
                return true;
            if (!*p || *p == '/')
                return false;
        }
    }
    if (pattern[0] == '/' && !pattern[1] && *path == '/')
        return true;
    if (!*path || (*pattern != *path && !(*pattern == '?' && *path != '/')))
        return false;
    return glob_path(pattern + 1, path + 1);
}

bool select_fits(const char *pattern, const char *id, const char *cure)
{
    const char *at = strrchr(pattern, '@');
    _cleanup_(freep) char *scenario = at ? xstrndup(pattern, (size_t)(at - pattern)) : xstrdup(pattern);

    const char *entry = strrchr(id, ':');
    _cleanup_(freep) char *family = entry ? xstrndup(id, (size_t)(entry - id)) : NULL;

    if (!glob_path(scenario, id) && !(family && glob_path(scenario, family)))
        return false;
    return !at || (cure && glob_path(at + 1, cure));
}

bool select_transport(const struct options *o, const char *transport)
{
    for (size_t i = 0; i < o->transports.n; i++)
        if (strcmp(o->transports.items[i], transport) == 0)
            return true;
    return !o->transports.n;
}

bool select_row(const struct options *o, const char *id, const char *transport, const char *cure, bool *pattern_used)
{
    bool fits = !o->patterns.n;

    for (size_t i = 0; i < o->patterns.n; i++)
        if (select_fits(o->patterns.items[i], id, cure)) {
            fits = true;
            if (pattern_used)
                pattern_used[i] = true;
        }
    return fits && select_transport(o, transport) && !(cure && (o->no_cures || o->faults_off)) &&
           !(!cure && o->only_cures);
}

static bool has(const json_t *list, const char *word)
{
    const json_t *one;
    size_t i;

    json_array_foreach(list, i, one) if (json_is_string(one) &&
                                         strcmp(json_string_value(one), word) == 0) return true;
    return false;
}

bool select_tagged(const json_t *about, const struct strings *tags)
{
    for (size_t i = 0; i < tags->n; i++)
        if (has(json_object_get(about, "tags"), tags->items[i]) ||
            has(json_object_get(about, "layers"), tags->items[i]))
            return true;
    return !tags->n;
}
