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
    bool label = !strcmp(r->plural, "namespaces") && !*r->group;
    if (!name || !*name)
        required(causes, "metadata.name", "name or generateName is required");
    else if (label && (!is_subdomain(name) || strchr(name, '.') || strlen(name) > 63))
        json_array_append_new(causes, status_cause("FieldValueInvalid", "metadata.name",
                                                   "Invalid value: \"%s\": a lowercase RFC 1123 label must consist of lower case "
                                                   "alphanumeric characters or '-', and must start and end with an alphanumeric character "
                                                   "(e.g. 'my-name',  or '123-abc', regex used for validation is "
                                                   "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')", name));
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
        if (f->required && !one && !strcmp(f->name, "template")) { /* there always is one, however empty */
            json_t *empty = json_pack("{s{}}", "spec");
            check_required(causes, &f->schema, empty, at);
            json_decref(empty);
        } else if (f->required && is_empty(one))
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

static void check_workload(json_t *causes, const char *kind, const json_t *before, const json_t *object)
{
    const json_t *selector = object_get(object, "spec.selector.matchLabels");
    const json_t *labels = object_get(object, "spec.template.metadata.labels");
    const json_t *was = before ? object_get(before, "spec.selector") : NULL;
    const json_t *whole = object_get(object, "spec.selector"), *replicas = object_get(object, "spec.replicas");
    if (json_is_integer(replicas) && json_integer_value(replicas) < 0)
        json_array_append_new(causes, status_cause("FieldValueInvalid", "spec.replicas",
                                                   "Invalid value: %" JSON_INTEGER_FORMAT ": must be greater than or equal to 0",
                                                   json_integer_value(replicas)));
    if (json_is_object(whole) && !json_object_size(json_object_get(whole, "matchLabels")) &&
        !json_array_size(json_object_get(whole, "matchExpressions")))
        json_array_append_new(causes, status_cause("FieldValueInvalid", "spec.selector",
                                                   "Invalid value: v1.LabelSelector{MatchLabels:map[string]string(nil), "
                                                   "MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: empty selector is invalid for "
                                                   "%s", kind));
    if (!whole) {
        _cleanup_(freep) char *go = go_labels(labels);
        json_array_append_new(causes, status_cause("FieldValueInvalid", "spec.template.metadata.labels",
                                                   "Invalid value: %s: `selector` does not match template `labels`", go));
    }
    if (whole && !labels_have(labels, selector)) {
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

/* ---- labels and keys ---- */

#define QUALIFIED "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "    \
                  "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "                             \
                  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
#define LABEL_VALUE "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "   \
                    "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation " \
                    "is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

static bool is_word(const char *text, size_t n)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    if (!n || n > 63 || !strchr(letters, text[0]) || !strchr(letters, text[n - 1]))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!strchr(letters, text[i]) && !strchr("-_.", text[i]))
            return false;
    return true;
}

static void check_keys(json_t *causes, const json_t *map, const char *field, bool values)
{
    const char *k;
    json_t *v;
    json_object_foreach ((json_t *)map, k, v) {
        const char *slash = strrchr(k, '/'), *name = slash ? slash + 1 : k, *text = json_string_value(v);
        if (!is_word(name, strlen(name)))
            json_array_append_new(causes, status_cause("FieldValueInvalid", field, "Invalid value: \"%s\": " QUALIFIED, k));
        if (values && text && *text && !is_word(text, strlen(text)))
            json_array_append_new(causes, status_cause("FieldValueInvalid", field, "Invalid value: \"%s\": " LABEL_VALUE, text));
    }
}

static void check_data_keys(json_t *causes, const json_t *object)
{
    const char *k;
    json_t *v;
    json_object_foreach (json_object_get(object, "data"), k, v)
        if (strspn(k, "-._abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != strlen(k) || !*k) {
            _cleanup_(freep) char *field = xasprintf("data[%s]", k);
            json_array_append_new(causes, status_cause("FieldValueInvalid", field,
                                                       "Invalid value: \"%s\": a valid config key must consist of alphanumeric characters, "
                                                       "'-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for "
                                                       "validation is '[-._a-zA-Z0-9]+')", k));
        }
}

/* ---- what does not change any more ---- */

static void check_immutable(json_t *causes, const json_t *before, const json_t *object)
{
    static const char *const fields[] = {"data", "binaryData"};
    if (!before || !json_is_true(json_object_get(before, "immutable")))
        return;
    if (!json_is_true(json_object_get(object, "immutable")))
        json_array_append_new(causes, status_cause("FieldValueForbidden", "immutable", "Forbidden: field is immutable when `immutable` is set"));
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        const json_t *was = json_object_get(before, fields[i]), *is = json_object_get(object, fields[i]);
        if (was != is && !json_equal(was, is) && (json_object_size(was) || json_object_size(is)))
            json_array_append_new(causes, status_cause("FieldValueForbidden", fields[i],
                                                       "Forbidden: field is immutable when `immutable` is set"));
    }
}

/* Who is to go is held by nobody new. */
static void check_finalizers(json_t *causes, const json_t *before, const json_t *object)
{
    const json_t *was = before ? object_get(before, "metadata.finalizers") : NULL;
    json_t *one, *had;
    size_t i, n;
    if (!before || !object_text(before, "deletionTimestamp"))
        return;
    json_array_foreach ((json_t *)object_get(object, "metadata.finalizers"), i, one) {
        bool known = false;
        json_array_foreach ((json_t *)was, n, had)
            known |= json_equal(one, had);
        if (!known)
            json_array_append_new(causes, status_cause("FieldValueForbidden", "metadata.finalizers",
                                                       "Forbidden: no new finalizers can be added if the object is being deleted, found "
                                                       "new finalizers []string{\"%s\"}", json_string_value(one)));
    }
}

static void check_metadata(json_t *causes, const json_t *before, const json_t *object)
{
    check_keys(causes, object_get(object, "metadata.labels"), "metadata.labels", true);
    check_keys(causes, object_get(object, "metadata.annotations"), "metadata.annotations", false);
    check_finalizers(causes, before, object);
}

/* As the server goes through it: what is in the template comes behind what is said of it. In place. */
static void containers_last(json_t *causes)
{
    static const char inside[] = "spec.template.spec";
    for (size_t i = 0, n = json_array_size(causes); n; n--) {
        json_t *one = json_incref(json_array_get(causes, i));
        const char *field = json_string_value(json_object_get(one, "field"));
        if (field && !strncmp(field, inside, sizeof(inside) - 1)) {
            json_array_remove(causes, i);
            json_array_append(causes, one);
        } else
            i++;
        json_decref(one);
    }
}

json_t *admit_problems(const struct kube_resource *r, const json_t *before, const json_t *object)
{
    json_t *causes = json_array();
    check_name(causes, r, object);
    check_metadata(causes, before, object);
    check_spec(causes, r, object);
    if (!strcmp(r->group, "apps") && strcmp(r->plural, "controllerrevisions"))
        check_workload(causes, !strcmp(r->plural, "deployments") ? "deployment" : !strcmp(r->plural, "daemonsets") ? "daemonset" : "statefulset",
                       before, object);
    if (object_get(object, "spec.template"))
        check_mounts(causes, object, "spec.template.spec");
    else if (!strcmp(r->plural, "pods"))
        check_mounts(causes, object, "spec");
    if (!strcmp(r->plural, "configmaps") || !strcmp(r->plural, "secrets"))
        check_size(causes, object, "data");
    if (!strcmp(r->plural, "configmaps") || !strcmp(r->plural, "secrets")) {
        check_data_keys(causes, object);
        check_immutable(causes, before, object);
    }
    admit_problems_of_kind(causes, r, object);
    containers_last(causes);
    if (json_array_size(causes))
        return causes;
    json_decref(causes);
    return NULL;
}
