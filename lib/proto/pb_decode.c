/* Protobuf to JSON, read straight from the wire: bounded in depth, and what nobody knows is kept. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/proto/pb.h"
#include "lib/proto/pb_encode.h"
#include "lib/proto/pb_text.h"
#include "lib/proto/pb_wire.h"

static json_t *unsigned_json(uint64_t v)
{
    char text[24];

    if (v <= INT64_MAX)
        return json_integer((json_int_t)v);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
    return json_string(text);
}

static json_t *real_json(double v)
{
    if (isnan(v))
        return json_string("NaN");
    if (isinf(v))
        return json_string(v > 0 ? "Infinity" : "-Infinity");
    return json_real(v);
}

static json_t *enum_json(const ProtobufCEnumDescriptor *d, int32_t v)
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(d, v);
    return known ? json_string(known->name) : json_integer(v);
}

static int64_t unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

static json_t *scalar_json(const ProtobufCFieldDescriptor *f, uint64_t v)
{
    uint32_t half = (uint32_t)v;
    float narrow;
    double wide;

    switch (f->type) {
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(v != 0);
    case PROTOBUF_C_TYPE_ENUM:
        return enum_json(f->descriptor, (int32_t)half);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return json_integer((int32_t)half);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return json_integer(half);
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SINT64:
        return json_integer(unzigzag(v));
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return unsigned_json(v);
    case PROTOBUF_C_TYPE_FLOAT:
        memcpy(&narrow, &half, sizeof(narrow));
        return real_json((double)narrow);
    case PROTOBUF_C_TYPE_DOUBLE:
        memcpy(&wide, &v, sizeof(wide));
        return real_json(wide);
    default:
        return json_integer((int64_t)v);
    }
}

static json_t *tagged(const char *key, char *text)
{
    json_t *j = json_pack("{s:s}", key, text);
    free(text);
    return j;
}

static json_t *bytes_json(const struct pb_value *v)
{
    _cleanup_(freep) char *text = base64_encode(v->p, v->n);
    return json_string(text);
}

static json_t *string_json(const struct pb_value *v)
{
    if (memchr(v->p, 0, v->n) || !utf8_valid(v->p, v->n))
        return tagged("hex", hex_encode(v->p, v->n));
    return json_stringn((const char *)v->p, v->n);
}

static json_t *value_json(const ProtobufCFieldDescriptor *f, const struct pb_value *v, int depth)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return pb_decode_message(f->descriptor, v->p, v->n, depth + 1);
    case PROTOBUF_C_TYPE_STRING:
        return string_json(v);
    case PROTOBUF_C_TYPE_BYTES:
        return bytes_json(v);
    default:
        return scalar_json(f, v->scalar);
    }
}

static json_t *member(json_t *j, const char *name, json_t *(*make)(void))
{
    json_t *m = json_object_get(j, name);

    if (!m) {
        m = make();
        json_object_set_new(j, name, m);
    }
    return m;
}

static void keep_unknown(json_t *j, const struct pb_value *v)
{
    _cleanup_(freep) char *hex = hex_encode(v->p, v->n);
    json_array_append_new(
        member(j, "@unknown", json_array),
        json_pack("{s:I,s:i,s:s}", "number", (json_int_t)v->number, "wire", v->wire, "hex", hex));
}

/* Keys are text in JSON. A missing key or value is the type's zero. */
static bool map_entry(const ProtobufCFieldDescriptor *f, const struct pb_value *v, int depth, json_t *j)
{
    const ProtobufCMessageDescriptor *d = f->descriptor;
    json_t *entry = pb_decode_message(d, v->p, v->n, depth + 1);
    if (!entry)
        return false;

    json_t *key = json_object_get(entry, "key"), *value = json_incref(json_object_get(entry, "value"));
    _cleanup_(freep) char *text = json_is_string(key) || !key
                                      ? xstrdup(key ? json_string_value(key) : "")
                                      : json_dumps(key, JSON_ENCODE_ANY | JSON_COMPACT);
    if (!value) {
        struct pb_value zero = {.p = (const uint8_t *)""};
        value = value_json(&d->fields[1], &zero, depth + 1);
    }
    json_object_set_new(member(j, f->name, json_object), text, value);
    json_decref(entry);
    return true;
}

static bool packed_json(const ProtobufCFieldDescriptor *f, const struct pb_value *v, json_t *list)
{
    struct pb_wire w = {v->p, v->p + v->n};
    int wire = pb_wire_of(f->type);

    while (w.p < w.end) {
        /* Each item has the form of a field whose tag is missing: lend it one. */
        uint8_t field[16] = {(uint8_t)(1 << 3 | wire)};
        size_t left = (size_t)(w.end - w.p), n = left < sizeof(field) - 1 ? left : sizeof(field) - 1;
        memcpy(field + 1, w.p, n);
        struct pb_wire one = {field, field + 1 + n};
        struct pb_value item;
        if (pb_next(&one, &item) != 1)
            return false;
        w.p += item.n;
        json_array_append_new(list, scalar_json(f, item.scalar));
    }
    return true;
}

static bool repeated_json(const ProtobufCFieldDescriptor *f, const struct pb_value *v, int depth, json_t *j)
{
    json_t *list = member(j, f->name, json_array);

    if (pb_is_packable(f) && v->wire == PB_BYTES)
        return packed_json(f, v, list);
    json_t *item = value_json(f, v, depth);
    return item && json_array_append_new(list, item) == 0;
}

static void forget_others(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *f, json_t *j)
{
    for (unsigned i = 0; i < d->n_fields; i++)
        if (&d->fields[i] != f && d->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF &&
            d->fields[i].quantifier_offset == f->quantifier_offset)
            json_object_del(j, d->fields[i].name);
}

static bool field_json(const ProtobufCMessageDescriptor *d, const struct pb_value *v, int depth, json_t *j)
{
    const ProtobufCFieldDescriptor *f = pb_field_numbered(d, v->number);

    if (!f || (v->wire != pb_wire_of(f->type) && !(pb_is_packable(f) && v->wire == PB_BYTES))) {
        keep_unknown(j, v);
        return true;
    }
    if (pb_is_map(f))
        return map_entry(f, v, depth, j);
    if (f->label == PROTOBUF_C_LABEL_REPEATED)
        return repeated_json(f, v, depth, j);
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        forget_others(d, f, j);
    json_t *new = value_json(f, v, depth), *old = json_object_get(j, f->name);
    if (!new)
        return false;
    if (json_is_object(old) && json_is_object(new)) { /* a submessage that comes twice is merged */
        json_object_update(old, new);
        json_decref(new);
        return true;
    }
    return json_object_set_new(j, f->name, new) == 0;
}

json_t *pb_decode_message(const ProtobufCMessageDescriptor *d, const uint8_t *p, size_t n, int depth)
{
    struct pb_wire w = {p, p + n};
    struct pb_value v;
    int r;

    if (depth >= PB_MAX_DEPTH)
        return NULL;
    json_t *j = json_object();
    while ((r = pb_next(&w, &v)) == 1)
        if (!field_json(d, &v, depth, j)) {
            r = -1;
            break;
        }
    if (r < 0) {
        json_decref(j);
        return NULL;
    }
    return pb_special_json(d, j, depth);
}

json_t *pb_to_json(const ProtobufCMessageDescriptor *d, const uint8_t *p, size_t n)
{
    return pb_decode_message(d, n ? p : (const uint8_t *)"", n, 0);
}

static bool packed_valid(const ProtobufCFieldDescriptor *f, const struct pb_value *v)
{
    json_t *list = json_array();
    bool ok = packed_json(f, v, list);

    json_decref(list);
    return ok;
}

static bool valid(const ProtobufCMessageDescriptor *d, const uint8_t *p, size_t n, int depth,
                  const char **why)
{
    struct pb_wire w = {p, p + n};
    struct pb_value v;
    int r = depth < PB_MAX_DEPTH ? 1 : -1;

    while (r == 1 && (r = pb_next(&w, &v)) == 1) {
        const ProtobufCFieldDescriptor *f = pb_field_numbered(d, v.number);
        if (!f || v.wire != PB_BYTES)
            continue;
        if (f->type == PROTOBUF_C_TYPE_MESSAGE && !valid(f->descriptor, v.p, v.n, depth + 1, why))
            return false;
        if (pb_is_packable(f) && !packed_valid(f, &v))
            r = -1;
        if (f->type == PROTOBUF_C_TYPE_STRING && !utf8_valid(v.p, v.n)) {
            *why = "proto: string field contains invalid UTF-8";
            return false;
        }
    }
    if (r < 0)
        *why = "proto: cannot parse invalid wire-format data";
    return r == 0;
}

bool pb_valid(const ProtobufCMessageDescriptor *d, const uint8_t *p, size_t n, const char **why)
{
    const char *unused;
    return valid(d, n ? p : (const uint8_t *)"", n, 0, why ? why : &unused);
}
