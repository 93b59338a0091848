/* What an object must be: the few rules that documented failures are about, and what every kind's table says is required. */
#include <string.h>

#include "fakekube/ask.h"
#include "lib/base/mem.h"

enum { NAME_MAX_LEN = 253, CONFIGMAP_MAX = 1024 * 1024, CAUSES_MAX = 100 };

static void required(json_t *causes, const char *field, const char *why)
{
    if (json_array_size(causes) < CAUSES_MAX)
        json_array_append_new(causes, status_cause("FieldValueRequired", field, "Required value%s%s", why ? ": " : "", why ? why : ""));
}

/* ---- names ---- */

static bool is_subdomain(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < n; i++) {
        bool plain = (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9');
        bool edge = i == 0 || i == n - 1 || name[i - 1] == '.' || name[i + 1] == '.';
        if (!plain && (edge || (name[i] != '-' && name[i] != '.')))
            return false;
    }
    return n && n <= NAME_MAX_LEN;
}

static void check_name(json_t *causes, const struct kube_resource *r, const json_t *object)
{
    const char *name = object_text(object, "name");
    bool rbac = !strcmp(r->group, "rbac.authorization.k8s.io"); /* names of paths, with colons */
    if (!name || !*name)
        required(causes, "metadata.name", "name or generateName is required");
    else if (rbac ? strpbrk(name, "/%") || !strcmp(name, ".") : !is_subdomain(name))
        json_array_append_new(
            causes, status_cause("FieldValueInvalid", "metadata.name",
                                 "Invalid value: \"%s\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
                                 "characters, '-' or '.', and must start and end with an alphanumeric character (e.g. "
                                 "'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*"
                                 "[a-z0-9])?)*')", name));
}

/* ---- what the tables say ---- */

static void check_required(json_t *causes, const struct schema *s, const json_t *v, const char *path);

static void check_items(json_t *causes, const struct schema *s, const json_t *v, const char *path)
{
    size_t i;
    json_t *one;
    json_array_foreach ((json_t *)v, i, one) {
        _cleanup_(freep) char *at = xasprintf("%s[%zu]", path, i);
        check_required(causes, s, one, at);
    }
}

static bool is_empty(const json_t *v)
{
    return !v || (json_is_string(v) && !json_string_length(v)) || (json_is_array(v) && !json_array_size(v));
}

static void check_required(json_t *causes, const struct schema *s, const json_t *v, const char *path)
{
    if (s->form == FORM_LIST && json_is_array(v))
        check_items(causes, s->item, v, path);
    if (s->form != FORM_TYPE || !json_is_object(v))
        return;
    for (size_t i = 0; i < s->type->n_fields; i++) {
        const struct field *f = &s->type->fields[i];
        const json_t *one = json_object_get(v, f->name);
        _cleanup_(freep) char *at = xasprintf("%s.%s", path, f->name);
        if (f->required && is_empty(one))
            required(causes, at, NULL);
        else if (one)
            check_required(causes, &f->schema, one, at);
    }
}

static void check_spec(json_t *causes, const struct kube_resource *r, const json_t *object)
{
    const struct schema *s = r->type ? type_field(r->type, "spec") : NULL;
    const json_t *spec = json_object_get(object, "spec");
    if (!s || (strcmp(r->group, "apps") && strcmp(r->group, "batch") && strcmp(r->plural, "pods")))
        return;
    json_t *empty = spec ? NULL : json_object();
    check_required(causes, s, spec ? spec : empty, "spec");
    json_decref(empty);
}

/* ---- single rules ---- */

static bool labels_have(const json_t *labels, const json_t *wanted)
{
    const char *k;
    json_t *v;
    json_object_foreach ((json_t *)wanted, k, v)
        if (!json_equal(json_object_get(labels, k), v))
            return false;
    return true;
}

/* Go's map[string]string{"app":"x"}; a new string. */
static char *go_labels(const json_t *labels)
{
    _cleanup_(freep) char *text = labels ? json_dumps(labels, JSON_COMPACT) : NULL;
    return text ? xasprintf("map[string]string%s", text) : xstrdup("map[string]string(nil)");
}

static void check_workload(json_t *causes, const json_t *before, const json_t *object)
{
    const json_t *selector = object_get(object, "spec.selector.matchLabels");
    const json_t *labels = object_get(object, "spec.template.metadata.labels");
    const json_t *was = before ? object_get(before, "spec.selector") : NULL;
    if (object_get(object, "spec.selector") && object_get(object, "spec.template") && !labels_have(labels, selector)) {
        _cleanup_(freep) char *go = go_labels(labels);
        json_array_append_new(causes, status_cause("FieldValueInvalid", "spec.template.metadata.labels",
                                                   "Invalid value: %s: `selector` does not match template `labels`", go));
    }
    if (was && !json_equal(was, object_get(object, "spec.selector"))) {
        _cleanup_(freep) char *go = go_labels(selector);
        json_array_append_new(
            causes, status_cause("FieldValueInvalid", "spec.selector",
                                 "Invalid value: v1.LabelSelector{MatchLabels:%s, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: "
                                 "field is immutable", go));
    }
}

static bool is_named(const json_t *list, const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach ((json_t *)list, i, one) {
        const char *own = json_string_value(json_object_get(one, "name"));
        if (own && !strcmp(own, name))
            return true;
    }
    return false;
}

/* What is mounted must be a volume. A StatefulSet's templates are volumes too. */
static void check_mounts(json_t *causes, const json_t *object, const char *path)
{
    _cleanup_(freep) char *where = xasprintf("%s.volumes", path), *containers = xasprintf("%s.containers", path);
    const json_t *volumes = object_get(object, where);
    size_t i, n;
    json_t *container, *mount;
    if (object_get(object, "spec.volumeClaimTemplates"))
        return;
    json_array_foreach ((json_t *)object_get(object, containers), i, container)
        json_array_foreach (json_object_get(container, "volumeMounts"), n, mount) {
            const char *name = json_string_value(json_object_get(mount, "name"));
            _cleanup_(freep) char *at = xasprintf("%s[%zu].volumeMounts[%zu].name", containers, i, n);
            if (name && !is_named(volumes, name))
                json_array_append_new(causes, status_cause("FieldValueNotFound", at, "Not found: \"%s\"", name));
        }
}

static void check_size(json_t *causes, const json_t *object, const char *field)
{
    size_t total = 0;
    const char *k;
    json_t *v;
    json_object_foreach (json_object_get(object, field), k, v)
        total += json_string_length(v);
    if (total > CONFIGMAP_MAX)
        json_array_append_new(causes, status_cause("FieldValueTooLong", "", "Too long: must have at most %d bytes", CONFIGMAP_MAX));
}

json_t *admit_problems(const struct kube_resource *r, const json_t *before, const json_t *object)
{
    json_t *causes = json_array();
    check_name(causes, r, object);
    check_spec(causes, r, object);
    if (!strcmp(r->group, "apps") && strcmp(r->plural, "controllerrevisions"))
        check_workload(causes, before, object);
    if (object_get(object, "spec.template"))
        check_mounts(causes, object, "spec.template.spec");
    else if (!strcmp(r->plural, "pods"))
        check_mounts(causes, object, "spec");
    if (!strcmp(r->plural, "configmaps") || !strcmp(r->plural, "secrets"))
        check_size(causes, object, "data");
    if (json_array_size(causes))
        return causes;
    json_decref(causes);
    return NULL;
}
