/* JSON to protobuf. Written straight to the wire: whether a field is there is then what the JSON says, not
 * what a C struct can express. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/proto/messages.h"
#include "lib/proto/pb.h"
#include "lib/proto/pb_encode.h"
#include "lib/proto/pb_names.h"
#include "lib/proto/pb_text.h"
#include "lib/proto/pb_wire.h"

static void write_place(const struct pb_place *at, struct buf *out)
{
    if (!at)
        return;
    write_place(at->parent, out);
    if (at->name)
        buf_addf(out, "%s%s", buf_len(out) > 0 ? "." : "", at->name);
    else
        buf_addf(out, "[%zu]", at->index);
}

bool pb_fail(struct pb_encoder *e, const struct pb_place *at, const char *format, ...)
{
    struct buf text = BUF_NULL;
    va_list args;

    if (e->error) /* the first one is the one that matters */
        return false;
    write_place(at, &text);
    if (buf_len(&text) > 0)
        buf_add(&text, ": ", 2);
    va_start(args, format);
    char *what = NULL;
    if (vasprintf(&what, format, args) >= 0)
        buf_add(&text, what, strlen(what));
    va_end(args);
    free(what);
    e->error = xstrndup((const char *)buf_data(&text), buf_len(&text));
    buf_done(&text);
    return false;
}

/* "urlPath" fits "url_path". */
static bool same_name(const char *proto, const char *given)
{
    if (strcmp(proto, given) == 0)
        return true;
    for (; *proto; proto++) {
        if (*proto == '_' && proto[1] && *given != '_') {
            if (*given++ != toupper((unsigned char)*++proto))
                return false;
        } else if (*given++ != *proto) {
            return false;
        }
    }
    return *given == '\0';
}

static const ProtobufCFieldDescriptor *field_named(const ProtobufCMessageDescriptor *d, const char *name)
{
    name = message_field_alias(d, name);
    for (unsigned i = 0; i < d->n_fields; i++)
        if (same_name(d->fields[i].name, name))
            return &d->fields[i];
    return NULL;
}

static bool no_such_field(struct pb_encoder *e, const ProtobufCMessageDescriptor *d,
                          const struct pb_place *at, const char *name)
{
    struct pb_nearest best = pb_nearest_start(name);
    struct pb_place here = {.parent = at, .name = name};

    for (unsigned i = 0; i < d->n_fields; i++)
        pb_nearest_try(&best, d->fields[i].name, d->fields[i].name);
    if (best.answer)
        return pb_fail(e, &here, "no such field; did you mean %s?", best.answer);
    return pb_fail(e, &here, "no such field in %s", d->name);
}

static bool hex_or_base64(struct pb_encoder *e, const json_t *j, const struct pb_place *at, struct buf *out)
{
    const char *hex = json_string_value(json_object_get(j, "hex"));
    const char *base64 = json_string_value(json_object_get(j, "base64"));

    if (hex)
        return hex_decode(hex, out) || pb_fail(e, at, "hex: digits 0-9 a-f, two a byte");
    if (base64)
        return base64_decode(base64, out) || pb_fail(e, at, "base64: not decodable");
    return pb_fail(e, at, "expected text, or an object with one of hex, base64");
}

static bool string(struct pb_encoder *e, const json_t *j, const struct pb_place *at, struct buf *out)
{
    if (json_is_string(j)) {
        if (json_string_length(j) > 0)
            buf_add(out, json_string_value(j), json_string_length(j));
        return true;
    }
    if (json_is_object(j))
        return hex_or_base64(e, j, at, out);
    return pb_fail(e, at, "expected a string, found %s; put it in quotes", pb_kind(j));
}

static bool message_inside(struct pb_encoder *e, const json_t *j, const struct pb_place *at, struct buf *out)
{
    struct pb_place here = {.parent = at, .name = "message"};
    const char *type = json_string_value(json_object_get(j, "type"));

    if (!type)
        return pb_fail(e, &here, "expected {type: NAME, …}");
    const ProtobufCMessageDescriptor *d = message_find(type);
    if (!d) {
        const char *near = message_nearest(type);
        return pb_fail(e, &here, "no message \"%s\"%s%s%s", type, near ? "; did you mean " : "",
                       near ? near : "",
                       near ? "?" : "; name it with its package: reverse_tunnel.ConnectRequest");
    }
    return pb_encode_message(e, d, j, &here, "type", out);
}

static bool bytes(struct pb_encoder *e, const json_t *j, const struct pb_place *at, struct buf *out)
{
    const json_t *text = json_object_get(j, "text");

    if (json_is_string(j))
        return base64_decode(json_string_value(j), out) ||
               pb_fail(e, at, "a plain string is base64; write {text: …} for text");
    if (!json_is_object(j))
        return pb_fail(e, at, "expected base64 or one of {text}, {hex}, {base64}, {message}, found %s",
                       pb_kind(j));
    if (json_is_string(text))
        return string(e, text, at, out);
    if (json_object_get(j, "message"))
        return message_inside(e, json_object_get(j, "message"), at, out);
    return hex_or_base64(e, j, at, out);
}

/* One length-delimited value, without its length. */
static bool content(struct pb_encoder *e, const ProtobufCFieldDescriptor *f, const json_t *j,
                    const struct pb_place *at, struct buf *out)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        return string(e, j, at, out);
    case PROTOBUF_C_TYPE_BYTES:
        return bytes(e, j, at, out);
    default:
        return pb_encode_message(e, f->descriptor, j, at, NULL, out);
    }
}

/* `always`: also when it is the type's zero, because presence means something here. */
static bool single(struct pb_encoder *e, const ProtobufCFieldDescriptor *f, const json_t *j,
                   const struct pb_place *at, bool always, struct buf *out)
{
    uint64_t v;

    if (pb_wire_of(f->type) != PB_BYTES) {
        if (!pb_scalar(e, f, j, at, &v))
            return false;
        if (v != 0 || always) {
            pb_put_tag(out, f->id, pb_wire_of(f->type));
            pb_put_scalar(out, f->type, v);
        }
        return true;
    }
    struct buf inner = BUF_NULL;
    bool ok = content(e, f, j, at, &inner);
    if (ok && (buf_len(&inner) > 0 || always || f->type == PROTOBUF_C_TYPE_MESSAGE)) {
        pb_put_tag(out, f->id, PB_BYTES);
        pb_put_bytes(out, buf_data(&inner), buf_len(&inner));
    }
    buf_done(&inner);
    return ok;
}

static bool packed(struct pb_encoder *e, const ProtobufCFieldDescriptor *f, const json_t *list,
                   const struct pb_place *at, struct buf *out)
{
    struct buf inner = BUF_NULL;
    bool ok = true;

    for (size_t i = 0; ok && i < json_array_size(list); i++) {
        struct pb_place item = {.parent = at, .index = i};
        uint64_t v;
        ok = pb_scalar(e, f, json_array_get(list, i), &item, &v);
        if (ok)
            pb_put_scalar(&inner, f->type, v);
    }
    if (ok && buf_len(&inner) > 0) {
        pb_put_tag(out, f->id, PB_BYTES);
        pb_put_bytes(out, buf_data(&inner), buf_len(&inner));
    }
    buf_done(&inner);
    return ok;
}

static bool repeated(struct pb_encoder *e, const ProtobufCFieldDescriptor *f, const json_t *list,
                     const struct pb_place *at, struct buf *out)
{
    if (!json_is_array(list))
        return pb_fail(e, at, "expected a list, found %s", pb_kind(list));
    if (pb_is_packable(f))
        return packed(e, f, list, at, out);
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct pb_place item = {.parent = at, .index = i};
        if (!single(e, f, json_array_get(list, i), &item, true, out))
            return false;
    }
    return true;
}

/* A map's keys are text in JSON, whatever they are on the wire. */
static json_t *map_key(const ProtobufCFieldDescriptor *key, const char *text)
{
    if (key->type == PROTOBUF_C_TYPE_BOOL)
        return json_boolean(strcmp(text, "true") == 0);
    return json_string(text);
}

static bool map(struct pb_encoder *e, const ProtobufCFieldDescriptor *f, const json_t *j,
                const struct pb_place *at, struct buf *out)
{
    const ProtobufCMessageDescriptor *entry = f->descriptor;
    const char *name;
    json_t *value;

    if (!json_is_object(j))
        return pb_fail(e, at, "expected an object, found %s", pb_kind(j));
    json_object_foreach((json_t *)j, name, value)
    {
        struct pb_place here = {.parent = at, .name = name};
        struct buf inner = BUF_NULL;
        json_t *key = map_key(&entry->fields[0], name);
        bool ok = single(e, &entry->fields[0], key, &here, true, &inner) &&
                  single(e, &entry->fields[1], value, &here, true, &inner);
        json_decref(key);
        if (ok) {
            pb_put_tag(out, f->id, PB_BYTES);
            pb_put_bytes(out, buf_data(&inner), buf_len(&inner));
        }
        buf_done(&inner);
        if (!ok)
            return false;
    }
    return true;
}

static bool field(struct pb_encoder *e, const ProtobufCFieldDescriptor *f, const json_t *j,
                  const struct pb_place *parent, struct buf *out)
{
    struct pb_place at = {.parent = parent, .name = f->name};

    if (pb_is_map(f))
        return map(e, f, j, &at, out);
    if (f->label == PROTOBUF_C_LABEL_REPEATED)
        return repeated(e, f, j, &at, out);
    return single(e, f, j, &at,
                  f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF || f->label == PROTOBUF_C_LABEL_REQUIRED, out);
}

/* [{number, wire, hex}]: what pb_to_json() wrote, or what a scenario invents. */
static bool unknown(struct pb_encoder *e, const json_t *list, const struct pb_place *at, struct buf *out)
{
    struct pb_place here = {.parent = at, .name = "@unknown"};

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        json_int_t number = json_integer_value(json_object_get(one, "number"));
        json_int_t wire = json_integer_value(json_object_get(one, "wire"));
        const char *hex = json_string_value(json_object_get(one, "hex"));
        struct buf value = BUF_NULL;
        bool ok = number > 0 && number < 1 << 29 && wire >= 0 && wire < 8 && hex && hex_decode(hex, &value);
        if (ok) {
            pb_put_tag(out, (uint32_t)number, (int)wire);
            if (wire == PB_BYTES)
                pb_put_varint(out, buf_len(&value));
            if (buf_len(&value) > 0)
                buf_add(out, buf_data(&value), buf_len(&value));
            if (wire == PB_GROUP)
                pb_put_tag(out, (uint32_t)number, PB_GROUP_END);
        }
        buf_done(&value);
        if (!ok)
            return pb_fail(e, &here, "expected [{number: 1 up, wire: 0-7, hex: …}]");
    }
    return true;
}

/* Which value each field gets, in the fields' order: values[i] belongs to d->fields[i]. */
static bool sort_out(struct pb_encoder *e, const ProtobufCMessageDescriptor *d, const json_t *j,
                     const struct pb_place *at, const char *skip, const json_t **values)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)j, name, value)
    {
        if (json_is_null(value) || strcmp(name, "@unknown") == 0 || (skip && strcmp(name, skip) == 0))
            continue;
        const ProtobufCFieldDescriptor *f = field_named(d, name);
        if (!f)
            return no_such_field(e, d, at, name);
        struct pb_place here = {.parent = at, .name = name};
        if (values[f - d->fields])
            return pb_fail(e, &here, "given twice");
        values[f - d->fields] = value;
        for (unsigned i = 0; i < d->n_fields && f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF; i++) {
            const ProtobufCFieldDescriptor *other = &d->fields[i];
            if (other != f && values[i] && other->flags & PROTOBUF_C_FIELD_FLAG_ONEOF &&
                other->quantifier_offset == f->quantifier_offset)
                return pb_fail(e, &here, "excludes %s: only one of the two may be given", other->name);
        }
    }
    return true;
}

bool pb_encode_fields(struct pb_encoder *e, const ProtobufCMessageDescriptor *d, const json_t *j,
                      const struct pb_place *at, const char *skip, struct buf *out)
{
    if (!json_is_object(j))
        return pb_fail(e, at, "expected an object (%s), found %s", d->name, pb_kind(j));
    const json_t **values = xcalloc(d->n_fields + 1, sizeof(*values));
    bool ok = sort_out(e, d, j, at, skip, values);
    for (unsigned i = 0; ok && i < d->n_fields; i++)
        if (values[i])
            ok = field(e, &d->fields[i], values[i], at, out);
    free(values);
    return ok && unknown(e, json_object_get(j, "@unknown"), at, out);
}

bool pb_encode_message(struct pb_encoder *e, const ProtobufCMessageDescriptor *d, const json_t *j,
                       const struct pb_place *at, const char *skip, struct buf *out)
{
    bool ok;

    if (e->depth >= PB_MAX_DEPTH)
        return pb_fail(e, at, "nested deeper than %d", PB_MAX_DEPTH);
    e->depth++;
    if (!pb_encode_special(e, d, j, at, out, &ok))
        ok = pb_encode_fields(e, d, j, at, skip, out);
    e->depth--;
    return ok;
}

int pb_from_json(const ProtobufCMessageDescriptor *d, const json_t *j, uint8_t **ret, size_t *ret_len,
                 char **reterr)
{
    struct pb_encoder e = {0};
    struct buf out = BUF_NULL;

    if (!pb_encode_message(&e, d, j, NULL, NULL, &out)) {
        buf_done(&out);
        if (reterr)
            *reterr = e.error;
        else
            free(e.error);
        return -EINVAL;
    }
    *ret_len = buf_len(&out);
    *ret = xmemdup(buf_len(&out) ? buf_data(&out) : (const uint8_t *)"", buf_len(&out));
    buf_done(&out);
    return 0;
}
