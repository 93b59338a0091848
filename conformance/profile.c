/* Profiles of components: base and overlays by version. */
#include "conformance/profile.h"

#include "lib/base/mem.h"
#include "lib/script/template.h"
#include "lib/script/version.h"

json_t *profile_load(const char *fixtures, const char *component, struct problems *p)
{
    _cleanup_(freep) char *path = xasprintf("%s/profiles/%s.yaml", fixtures, component);
    struct yaml_doc *doc = yaml_read_file(path, p);
    json_t *root = NULL;

    if (!doc)
        return NULL;
    if (json_is_object(yaml_root(doc)))
        root = json_deep_copy(yaml_root(doc));
    else
        problem_add(p, (struct place){.file = path}, "a profile is an object");
    yaml_done(doc);
    return root;
}

json_t *profile_resolve(const json_t *profile, const char *component, const char *version, char **reterr)
{
    json_t *now = json_deep_copy(profile), *one;
    size_t i;

    json_object_del(now, "by_version");
    json_array_foreach(json_object_get(profile, "by_version"), i, one)
    {
        const char *range = json_string_value(json_object_get(one, "versions"));
        json_t *patch, *next;
        bool holds = false;
        if (!range || version_in(range, component, version, &holds) < 0) {
            *reterr = xasprintf("profile %s: by_version[%zu]: versions: no range: \"%s\"", component, i,
                                range ? range : "");
            json_decref(now);
            return NULL;
        }
        if (!holds)
            continue;
        patch = json_copy(one);
        json_object_del(patch, "versions");
        next = overlay(now, patch);
        json_decref(patch);
        json_decref(now);
        now = next;
    }
    return now;
}
