/* Objects as Kubernetes has them: what all kinds share. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fakekube/ask.h"
#include "lib/base/mem.h"

const char *object_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(json_object_get(object, "metadata"), key));
}

json_t *object_metadata(json_t *object)
{
    json_t *m = json_object_get(object, "metadata");
    if (!json_is_object(m)) {
        m = json_object();
        json_object_set_new(object, "metadata", m);
    }
    return m;
}

const json_t *object_get(const json_t *object, const char *path)
{
    while (object && *path) {
        size_t len = strcspn(path, ".");
        object = json_object_getn(object, path, len);
        path += len + (path[len] == '.');
    }
    return object;
}

void object_now(char out[32])
{
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* Versions of a custom resource share what is stored; a client sees the one that it asked for. */
json_t *object_seen(const struct kube_resource *r, const json_t *object)
{
    _cleanup_(freep) char *version = *r->group ? xasprintf("%s/%s", r->group, r->version) : xstrdup(r->version);
    const char *stored = json_string_value(json_object_get(object, "apiVersion"));
    if (stored && !strcmp(stored, version))
        return json_incref((json_t *)object);
    json_t *seen = json_copy((json_t *)object);
    json_object_set_new(seen, "apiVersion", json_string(version));
    return seen;
}

json_t *object_copy(const json_t *object)
{
    json_t *copy = json_copy((json_t *)object);
    json_object_set_new(copy, "metadata", json_deep_copy(json_object_get(object, "metadata")));
    return copy;
}
