/* What containers, services, jobs and bindings must be: the mistakes that manifests make, in the server's words. */
#include <inttypes.h>
#include <string.h>

#include "fakekube/ask.h"
#include "lib/base/mem.h"

enum { PORT_MAX = 65535 };

static const char *text_at(const json_t *o, const char *key)
{
    const char *v = json_string_value(json_object_get(o, key));
    return v ? v : "";
}

/* field: taken. */
static void add(json_t *causes, const char *reason, char *field, char *message)
{
    json_array_append_new(causes, status_cause(reason, field, "%s", message));
    free(field);
    free(message);
}

static bool is_label(const char *name)
{
    size_t n = strlen(name);
    return n && n <= 63 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n && name[0] != '-' && name[n - 1] != '-';
}

/* One of a few; "": not said, which is another's concern. */
static void check_one_of(json_t *causes, const char *field, const char *is, const char *const *of)
{
    char *list = xstrdup("");
    bool known = !*is;
    for (; *of; of++) {
        char *longer = xasprintf("%s%s\"%s\"", list, *list ? ", " : "", *of);
        known |= !strcmp(is, *of);
        free(list);
        list = longer;
    }
    if (!known)
        add(causes, "FieldValueNotSupported", xstrdup(field), xasprintf("Unsupported value: \"%s\": supported values: %s", is, list));
    free(list);
}

static void check_port(json_t *causes, const json_t *port, const char *key, const char *path, bool optional)
{
    json_int_t n = json_integer_value(json_object_get(port, key));
    if (json_is_string(json_object_get(port, key)) || (n >= 1 && n <= PORT_MAX))
        return;
    if (n || !optional)
        add(causes, "FieldValueInvalid", xasprintf("%s.%s", path, key),
            xasprintf("Invalid value: %" JSON_INTEGER_FORMAT ": must be between 1 and 65535, inclusive", n));
}

/* ---- containers ---- */

static void check_ports(json_t *causes, const json_t *container, const char *path)
{
    json_t *one;
    size_t i;
    json_array_foreach (json_object_get(container, "ports"), i, one) {
        _cleanup_(freep) char *at = xasprintf("%s.ports[%zu]", path, i);
        check_port(causes, one, "containerPort", at, true);
    }
}

static void check_container(json_t *causes, const json_t *container, const char *path)
{
    static const char *const policies[] = {"Always", "IfNotPresent", "Never", NULL};
    const char *name = text_at(container, "name");
    _cleanup_(freep) char *policy = xasprintf("%s.imagePullPolicy", path);
    if (*name && !is_label(name))
        add(causes, "FieldValueInvalid", xasprintf("%s.name", path),
            xasprintf("Invalid value: \"%s\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
                      "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
                      "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')", name));
    if (!*text_at(container, "image"))
        add(causes, "FieldValueRequired", xasprintf("%s.image", path), xstrdup("Required value"));
    check_one_of(causes, policy, text_at(container, "imagePullPolicy"), policies);
    check_ports(causes, container, path);
}

static void check_pod(json_t *causes, const json_t *spec, const char *path)
{
    static const char *const lists[] = {"initContainers", "containers"};
    json_t *one;
    size_t i;
    for (size_t n = 0; n < ARRAY_SIZE(lists); n++)
        json_array_foreach (json_object_get(spec, lists[n]), i, one) {
            _cleanup_(freep) char *at = xasprintf("%s.%s[%zu]", path, lists[n], i);
            check_container(causes, one, at);
        }
}

/* ---- others ---- */

static void check_service(json_t *causes, const json_t *spec)
{
    static const char *const types[] = {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort", NULL};
    const json_t *ports = json_object_get(spec, "ports");
    const char *type = text_at(spec, "type");
    json_t *one;
    size_t i;
    if (!json_array_size(ports) && strcmp(type, "ExternalName") && strcmp(text_at(spec, "clusterIP"), "None"))
        add(causes, "FieldValueRequired", xstrdup("spec.ports"), xstrdup("Required value"));
    json_array_foreach ((json_t *)ports, i, one) {
        _cleanup_(freep) char *at = xasprintf("spec.ports[%zu]", i);
        check_port(causes, one, "port", at, false);
        check_port(causes, one, "targetPort", at, false);
    }
    check_one_of(causes, "spec.type", type, types);
}

/* A Job ends: what it runs may not be begun again for ever. */
static void check_job(json_t *causes, const json_t *object, const char *path)
{
    _cleanup_(freep) char *at = xasprintf("%s.template.spec.restartPolicy", path);
    const char *said = json_string_value(object_get(object, at));
    if (said && !strcmp(said, "Always"))
        add(causes, "FieldValueRequired", xstrdup(at), xstrdup("Required value: valid values: \"OnFailure\", \"Never\""));
}

static void check_binding(json_t *causes, const json_t *object)
{
    static const char *const subjects[] = {"ServiceAccount", "User", "Group", NULL};
    const json_t *role = json_object_get(object, "roleRef");
    const char *kind = text_at(role, "kind");
    json_t *one;
    size_t i;
    if (strcmp(kind, "Role") && strcmp(kind, "ClusterRole"))
        add(causes, "FieldValueNotSupported", xstrdup("roleRef.kind"),
            xasprintf("Unsupported value: \"%s\": supported values: \"Role\", \"ClusterRole\"", kind));
    if (!*text_at(role, "name"))
        add(causes, "FieldValueRequired", xstrdup("roleRef.name"), xstrdup("Required value"));
    json_array_foreach (json_object_get(object, "subjects"), i, one) {
        _cleanup_(freep) char *at = xasprintf("subjects[%zu].kind", i);
        check_one_of(causes, at, text_at(one, "kind"), subjects);
    }
}

void admit_problems_of_kind(json_t *causes, const struct kube_resource *r, const json_t *object)
{
    const json_t *spec = json_object_get(object, "spec");
    bool core = !*r->group;
    if (core && !strcmp(r->plural, "pods"))
        check_pod(causes, spec, "spec");
    else if (!strcmp(r->plural, "cronjobs")) {
        check_pod(causes, object_get(object, "spec.jobTemplate.spec.template.spec"), "spec.jobTemplate.spec.template.spec");
        check_job(causes, object, "spec.jobTemplate.spec");
    } else if (object_get(object, "spec.template.spec") && r->type)
        check_pod(causes, object_get(object, "spec.template.spec"), "spec.template.spec");
    if (!strcmp(r->plural, "jobs"))
        check_job(causes, object, "spec");
    if (core && !strcmp(r->plural, "services"))
        check_service(causes, spec);
    if (!strcmp(r->plural, "rolebindings"))
        check_binding(causes, object);
}
