/* An OpenAPI 2 document as gnostic's openapi.v2.Document, which is what client-go asks for. Field by field from its numbers: the
 * message is only ever written, and only the part that openapi.c makes. */
#include <string.h>

#include "fakekube/internal.h"
#include "lib/base/mem.h"
#include "lib/proto/pb_wire.h"

static void put_bytes(struct buf *out, uint32_t number, const void *p, size_t n)
{
    pb_put_tag(out, number, PB_BYTES);
    pb_put_bytes(out, p, n);
}

static void put_text(struct buf *out, uint32_t number, const json_t *v)
{
    if (json_is_string(v))
        put_bytes(out, number, json_string_value(v), json_string_length(v));
}

/* Takes what `inner` holds. */
static void put_message(struct buf *out, uint32_t number, struct buf *inner)
{
    put_bytes(out, number, buf_data(inner), buf_len(inner));
    buf_done(inner);
}

/* NamedAny {name = 1, value = 2 Any {yaml = 2}}: JSON is YAML. */
static void put_extensions(struct buf *out, uint32_t number, const json_t *object)
{
    const char *k;
    json_t *v;
    json_object_foreach ((json_t *)object, k, v) {
        struct buf any = BUF_NULL, named = BUF_NULL;
        if (strncmp(k, "x-", 2))
            continue;
        _cleanup_(freep) char *yaml = json_dumps(v, JSON_ENCODE_ANY);
        put_bytes(&any, 2, yaml, strlen(yaml));
        put_bytes(&named, 1, k, strlen(k));
        put_message(&named, 2, &any);
        put_message(out, number, &named);
    }
}

/* ---- Schema {_ref = 1, format = 2, required = 19, additional_properties = 21, type = 22, items = 23, properties = 25,
 * vendor_extension = 31} ---- */

static void put_schema(struct buf *out, uint32_t number, const json_t *schema);

static void put_named_schemas(struct buf *out, const json_t *all)
{
    const char *k;
    json_t *v;
    json_object_foreach ((json_t *)all, k, v) {
        struct buf named = BUF_NULL;
        put_bytes(&named, 1, k, strlen(k));
        put_schema(&named, 2, v);
        put_message(out, 1, &named);
    }
}

/* A message that holds one schema as its first field. */
static void put_wrapped(struct buf *out, uint32_t number, const json_t *schema)
{
    struct buf inner = BUF_NULL;
    if (!schema)
        return;
    put_schema(&inner, 1, schema);
    put_message(out, number, &inner);
}

static void put_schema(struct buf *out, uint32_t number, const json_t *s)
{
    struct buf b = BUF_NULL, inner = BUF_NULL;
    const json_t *type = json_object_get(s, "type"), *properties = json_object_get(s, "properties"), *v;
    size_t i;
    put_text(&b, 1, json_object_get(s, "$ref"));
    put_text(&b, 2, json_object_get(s, "format"));
    json_array_foreach (json_object_get(s, "required"), i, v)
        put_text(&b, 19, v);
    put_wrapped(&b, 21, json_object_get(s, "additionalProperties"));
    if (type) {
        put_text(&inner, 1, type);
        put_message(&b, 22, &inner);
    }
    put_wrapped(&b, 23, json_object_get(s, "items"));
    if (properties) {
        put_named_schemas(&inner, properties);
        put_message(&b, 25, &inner);
    }
    put_extensions(&b, 31, s);
    put_message(out, number, &b);
}

/* ---- paths ---- */

/* ParametersItem {parameter = 1 {non_body_parameter = 2 {query_parameter_sub_schema = 3 {in = 2, name = 4, type = 6}}}} */
static void put_parameter(struct buf *out, const json_t *p)
{
    struct buf query = BUF_NULL, non_body = BUF_NULL, parameter = BUF_NULL, item = BUF_NULL;
    put_text(&query, 2, json_object_get(p, "in"));
    put_text(&query, 4, json_object_get(p, "name"));
    put_text(&query, 6, json_object_get(p, "type"));
    put_message(&non_body, 3, &query);
    put_message(&parameter, 2, &non_body);
    put_message(&item, 1, &parameter);
    put_message(out, 8, &item);
}

/* NamedPathItem {name = 1, value = 2 PathItem {patch = 8 Operation {operation_id = 5, parameters = 8, vendor_extension = 13}}} */
static void put_path(struct buf *out, const char *name, const json_t *item)
{
    struct buf operation = BUF_NULL, path = BUF_NULL, named = BUF_NULL;
    const json_t *patch = json_object_get(item, "patch"), *p;
    size_t i;
    put_text(&operation, 5, json_object_get(patch, "operationId"));
    json_array_foreach (json_object_get(patch, "parameters"), i, p)
        put_parameter(&operation, p);
    put_extensions(&operation, 13, patch);
    put_message(&path, 8, &operation);
    put_bytes(&named, 1, name, strlen(name));
    put_message(&named, 2, &path);
    put_message(out, 2, &named);
}

/* Document {swagger = 1, info = 2 {title = 1, version = 2}, paths = 8, definitions = 9} */
void openapi_encode(const json_t *document, struct buf *out)
{
    struct buf inner = BUF_NULL;
    const json_t *info = json_object_get(document, "info");
    const char *k;
    json_t *v;
    put_text(out, 1, json_object_get(document, "swagger"));
    put_text(&inner, 1, json_object_get(info, "title"));
    put_text(&inner, 2, json_object_get(info, "version"));
    put_message(out, 2, &inner);
    json_object_foreach (json_object_get(document, "paths"), k, v)
        put_path(&inner, k, v);
    put_message(out, 8, &inner);
    put_named_schemas(&inner, json_object_get(document, "definitions"));
    put_message(out, 9, &inner);
}
