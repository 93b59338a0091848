/* OpenAPI, made from the table of fields: version 2 of all kinds in one document (JSON, or gnostic's protobuf as client-go asks for
 * it), version 3 by group and version. Descriptions are left out; what kubectl and agents look at is there: fields, types, what is
 * required, extensions for lists and kinds, and that PATCH knows dryRun. */
#include <string.h>

#include "fakekube/internal.h"
#include "lib/base/mem.h"

enum { V2_JSON, V2_PROTOBUF, V3_ROOT };

struct writing {
    struct kube *k;
    const char *prefix; /* of references */
};

/* ---- schemas ---- */

static json_t *type_json(const char *type, const char *format)
{
    json_t *o = json_pack("{ss}", "type", type);
    if (format)
        json_object_set_new(o, "format", json_string(format));
    return o;
}

static json_t *reference(const struct writing *w, const struct kube_type *t)
{
    _cleanup_(freep) char *name = type_full_name(t);
    return json_pack("{so}", "$ref", json_sprintf("%s%s", w->prefix, name));
}

static void add_extensions(json_t *o, const struct schema *s)
{
    const char *strategy = s->retain_keys ? s->form == FORM_LIST && s->merge ? "merge,retainKeys" : "retainKeys" : "merge";
    if (s->form != FORM_LIST) {
        if (s->retain_keys)
            json_object_set_new(o, "x-kubernetes-patch-strategy", json_string(strategy));
        return;
    }
    if (s->apply && (s->set || s->n_keys))
        json_object_set_new(o, "x-kubernetes-list-type", json_string(s->set ? "set" : "map"));
    if (s->apply && s->n_keys) {
        json_t *keys = json_array();
        for (int i = 0; i < s->n_keys; i++)
            json_array_append_new(keys, json_string(s->keys[i]));
        json_object_set_new(o, "x-kubernetes-list-map-keys", keys);
    }
    if (s->merge && s->n_keys)
        json_object_set_new(o, "x-kubernetes-patch-merge-key", json_string(s->keys[0]));
    if (s->merge && (s->set || s->n_keys))
        json_object_set_new(o, "x-kubernetes-patch-strategy", json_string(strategy));
}

static json_t *schema_json(const struct writing *w, const struct schema *s)
{
    json_t *o;
    switch (s->form) {
    case FORM_STRING:
        return type_json("string", NULL);
    case FORM_BYTES:
        return type_json("string", "byte");
    case FORM_INT32:
        return type_json("integer", "int32");
    case FORM_INT64:
        return type_json("integer", "int64");
    case FORM_BOOL:
        return type_json("boolean", NULL);
    case FORM_NUMBER:
        return type_json("number", "double");
    case FORM_LIST:
        o = json_pack("{ss, so}", "type", "array", "items", schema_json(w, s->item));
        break;
    case FORM_MAP:
        return json_pack("{ss, so}", "type", "object", "additionalProperties", schema_json(w, s->item));
    case FORM_TYPE:
        o = reference(w, s->type);
        break;
    default:
        return json_object();
    }
    add_extensions(o, s);
    return o;
}

static json_t *kinds_of(const struct kube *k, const struct kube_type *t)
{
    json_t *list = json_array();
    const struct kube_resource *r;
    for (size_t i = 0; (r = resources_at(k->cluster->resources, i)); i++)
        if (r->type == t)
            json_array_append_new(list, json_pack("{ss, ss, ss}", "group", r->group, "kind", r->kind, "version", r->version));
    return list;
}

static json_t *definition_of(const struct writing *w, const struct kube_type *t)
{
    json_t *required = json_array(), *properties = json_object(), *kinds = kinds_of(w->k, t), *o;
    if (!t->n_fields) {
        o = t->type ? type_json(t->type, t->format) : json_object();
    } else {
        for (size_t i = 0; i < t->n_fields; i++) {
            json_object_set_new(properties, t->fields[i].name, schema_json(w, &t->fields[i].schema));
            if (t->fields[i].required)
                json_array_append_new(required, json_string(t->fields[i].name));
        }
        o = json_pack("{ss, sO}", "type", "object", "properties", properties);
        if (json_array_size(required))
            json_object_set(o, "required", required);
        if (json_array_size(kinds))
            json_object_set(o, "x-kubernetes-group-version-kind", kinds);
    }
    json_decref(required);
    json_decref(properties);
    json_decref(kinds);
    return o;
}

/* A custom resource: what its definition says is not repeated here, anything goes. */
static json_t *custom_definition(const struct kube_resource *r)
{
    return json_pack("{ss, s[{ss, ss, ss}], sb}", "type", "object", "x-kubernetes-group-version-kind", "group", r->group, "kind",
                     r->kind, "version", r->version, "x-kubernetes-preserve-unknown-fields", 1);
}

static json_t *definitions(const struct writing *w)
{
    json_t *all = json_object();
    const struct kube_type *t;
    const struct kube_resource *r;
    for (size_t i = 0; (t = types_at(w->k->cluster->types, i)); i++) {
        _cleanup_(freep) char *name = type_full_name(t);
        json_object_set_new(all, name, definition_of(w, t));
    }
    for (size_t i = 0; (r = resources_at(w->k->cluster->resources, i)); i++)
        if (r->custom) {
            _cleanup_(freep) char *name = xasprintf("%s.%s.%s", r->group, r->version, r->kind);
            json_object_set_new(all, name, custom_definition(r));
        }
    return all;
}

/* ---- paths: only what is asked about them ---- */

static json_t *path_item(const struct kube_resource *r)
{
    static const char *const names[] = {"dryRun", "fieldManager", "fieldValidation", "force"};
    json_t *parameters = json_array();
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        json_array_append_new(parameters, json_pack("{ss, ss, ss}", "in", "query", "name", names[i], "type",
                                                    strcmp(names[i], "force") ? "string" : "boolean"));
    return json_pack("{s{ss, so, s{s{ss}}, ss, s{ss, ss, ss}}}", "patch", "operationId", "patch", "parameters", parameters, "responses",
                     "200", "description", "OK", "x-kubernetes-action", "patch", "x-kubernetes-group-version-kind", "group", r->group,
                     "kind", r->kind, "version", r->version);
}

static json_t *paths(const struct kube *k, const char *group, const char *version)
{
    json_t *all = json_object();
    const struct kube_resource *r;
    for (size_t i = 0; (r = resources_at(k->cluster->resources, i)); i++) {
        if (group && (strcmp(r->group, group) || strcmp(r->version, version)))
            continue;
        _cleanup_(freep) char *path = xasprintf("/%s%s/%s/%s%s/{name}", *r->group ? "apis/" : "api", r->group, r->version,
                                                r->namespaced ? "namespaces/{namespace}/" : "", r->plural);
        json_object_set_new(all, path, path_item(r));
    }
    return all;
}

json_t *openapi_document(struct kube *k, const char *group, const char *version)
{
    struct writing w = {.k = k, .prefix = group ? "#/components/schemas/" : "#/definitions/"};
    json_t *info = json_pack("{ss, so}", "title", "Kubernetes", "version", json_sprintf("v%s", k->version));
    if (group)
        return json_pack("{ss, so, so, s{so}}", "openapi", "3.0.0", "info", info, "paths", paths(k, group, version), "components",
                         "schemas", definitions(&w));
    return json_pack("{ss, so, so, so}", "swagger", "2.0", "info", info, "paths", paths(k, NULL, NULL), "definitions", definitions(&w));
}

/* ---- answers, remembered until a definition changes ---- */

void openapi_forget(struct kube *k)
{
    for (size_t i = 0; i < ARRAY_SIZE(k->openapi); i++) {
        free(k->openapi[i]);
        k->openapi[i] = NULL;
    }
}

void openapi_v2(struct call *c)
{
    struct kube *k = c->k;
    bool protobuf = kube_call_accepts(c, "com.github.proto-openapi.spec.v2@v1.0+protobuf");
    int which = protobuf ? V2_PROTOBUF : V2_JSON;
    if (!k->openapi[which]) {
        json_t *document = openapi_document(k, NULL, NULL);
        struct buf b = BUF_NULL;
        if (protobuf)
            openapi_encode(document, &b);
        k->openapi[which] = protobuf ? xmemdup(buf_data(&b), buf_len(&b)) : json_dumps(document, JSON_COMPACT);
        k->openapi_len[which] = protobuf ? buf_len(&b) : strlen(k->openapi[which]);
        buf_done(&b);
        json_decref(document);
    }
    /* The name that it has among media types is more than older clients can read in an answer. */
    kube_reply_with(c, 200, protobuf ? "application/octet-stream" : "application/json", NULL, k->openapi[which], k->openapi_len[which]);
}

static void v3_root(struct call *c)
{
    json_t *all = json_object();
    const struct kube_resource *r;
    for (size_t i = 0; (r = resources_at(c->k->cluster->resources, i)); i++) {
        _cleanup_(freep) char *key = *r->group ? xasprintf("apis/%s/%s", r->group, r->version) : xasprintf("api/%s", r->version);
        if (!json_object_get(all, key))
            json_object_set_new(all, key, json_pack("{so}", "serverRelativeURL", json_sprintf("/openapi/v3/%s?hash=1", key)));
    }
    kube_reply_json(c, 200, json_pack("{so}", "paths", all));
}

void openapi_v3(struct call *c, const struct uri_path *p)
{
    bool core = p->n == 4 && !strcmp(p->segments[2], "api"), group = p->n == 5 && !strcmp(p->segments[2], "apis");
    if (p->n == 2)
        v3_root(c);
    else if (core || group)
        kube_reply_json(c, 200, openapi_document(c->k, group ? p->segments[3] : "", p->segments[p->n - 1]));
    else
        kube_reply_no_page(c);
}
