/* See world_rights.h. Whoever is no service account is a person, or the world itself. */
#include "conformance/world/world_rights.h"

#include <string.h>

#include "lib/base/mem.h"

static const char *text_of(const json_t *event, const char *key)
{
    return json_string_value(json_object_get(event, key));
}

static void count(json_t *rights, const char *which, const char *right)
{
    json_t *list = json_object_get(rights, which);

    if (!list)
        json_object_set_new(rights, which, list = json_object());
    json_object_set_new(list, right, json_integer(json_integer_value(json_object_get(list, right)) + 1));
}

void rights_note(json_t *rights, const json_t *event)
{
    const char *name = text_of(event, "event"), *user = text_of(event, "user"), *verb = text_of(event, "verb");
    const char *resource = text_of(event, "resource"), *group = text_of(event, "group"), *sub = text_of(event, "subresource");
    _cleanup_(freep) char *right = NULL;

    if (!name || strcmp(name, "kube.request") != 0 || !user || strncmp(user, "system:serviceaccount:", 22) != 0 || !verb || !resource)
        return;
    right = xasprintf("%s %s%s%s%s%s", verb, resource, group && *group ? "." : "", group ? group : "", sub ? "/" : "", sub ? sub : "");
    count(rights, "asked", right);
    if (json_integer_value(json_object_get(event, "status")) == 403)
        count(rights, "refused", right);
}
