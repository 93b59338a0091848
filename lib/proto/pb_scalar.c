/* Numbers, booleans and enums: from JSON to what goes on the wire. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/proto/pb_encode.h"
#include "lib/proto/pb_names.h"
#include "lib/proto/pb_wire.h"

const char *pb_kind(const json_t *j)
{
    static const char *const names[] = {"an object", "a list", "a string", "an integer",
                                        "a number",  "true",   "false",    "null"};
    return names[json_typeof(j)];
}

static bool integer(struct pb_encoder *e, const json_t *j, const struct pb_place *at, int64_t *ret)
{
    char *end;

    if (json_is_integer(j)) {
        *ret = json_integer_value(j);
        return true;
    }
    if (!json_is_string(j))
        return pb_fail(e, at, "expected an integer, found %s", pb_kind(j));
    const char *text = json_string_value(j);
    errno = 0;
    *ret = strtoll(text, &end, 10);
    if (errno || end == text || *end)
        return pb_fail(e, at, "expected an integer, found \"%s\"", text);
    return true;
}

/* Those above 2^63 come as strings: JSON's integers here are signed. */
static bool unsigned64(struct pb_encoder *e, const json_t *j, const struct pb_place *at, uint64_t *ret)
{
    char *end;
    int64_t v;

    if (!json_is_string(j)) {
        if (!integer(e, j, at, &v))
            return false;
        *ret = (uint64_t)v;
        return v >= 0 || pb_fail(e, at, "%lld is below 0", (long long)v);
    }
    const char *text = json_string_value(j);
    errno = 0;
    *ret = strtoull(text, &end, 10);
    if (errno || end == text || *end || strchr(text, '-'))
        return pb_fail(e, at, "expected an integer from 0 up, found \"%s\"", text);
    return true;
}

static bool in_range(struct pb_encoder *e, const json_t *j, const struct pb_place *at, int64_t low,
                     int64_t high, int64_t *ret)
{
    if (!integer(e, j, at, ret))
        return false;
    if (*ret < low || *ret > high)
        return pb_fail(e, at, "%lld does not fit into 32 bits", (long long)*ret);
    return true;
}

static bool real(struct pb_encoder *e, const json_t *j, const struct pb_place *at, double *ret)
{
    const char *text = json_string_value(j);

    if (json_is_number(j))
        *ret = json_number_value(j);
    else if (text && strcmp(text, "NaN") == 0)
        *ret = NAN;
    else if (text && strcmp(text, "Infinity") == 0)
        *ret = INFINITY;
    else if (text && strcmp(text, "-Infinity") == 0)
        *ret = -INFINITY;
    else
        return pb_fail(e, at, "expected a number, found %s", pb_kind(j));
    return true;
}

static bool enumeration(struct pb_encoder *e, const ProtobufCEnumDescriptor *d, const json_t *j,
                        const struct pb_place *at, int64_t *ret)
{
    const char *name = json_string_value(j);

    if (!name)
        return in_range(e, j, at, INT32_MIN, INT32_MAX, ret);
    const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value_by_name(d, name);
    if (v) {
        *ret = v->value;
        return true;
    }
    struct pb_nearest best = pb_nearest_start(name);
    for (unsigned i = 0; i < d->n_values; i++)
        pb_nearest_try(&best, d->values[i].name, d->values[i].name);
    if (best.answer)
        return pb_fail(e, at, "%s knows no \"%s\"; did you mean %s?", d->short_name, name, best.answer);
    return pb_fail(e, at, "%s knows no \"%s\"; a number is fine too", d->short_name, name);
}

static uint64_t zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static uint64_t bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    return bits;
}

static uint32_t bits_of_float(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof(bits));
    return bits;
}

bool pb_scalar(struct pb_encoder *e, const ProtobufCFieldDescriptor *f, const json_t *j,
               const struct pb_place *at, uint64_t *ret)
{
    int64_t v = 0;
    double number = 0;
    bool ok;

    switch (f->type) {
    case PROTOBUF_C_TYPE_BOOL:
        if (!json_is_boolean(j))
            return pb_fail(e, at, "expected true or false, found %s", pb_kind(j));
        *ret = json_is_true(j);
        return true;
    case PROTOBUF_C_TYPE_ENUM:
        ok = enumeration(e, f->descriptor, j, at, &v);
        break;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        ok = in_range(e, j, at, INT32_MIN, INT32_MAX, &v);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        ok = in_range(e, j, at, 0, UINT32_MAX, &v);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return unsigned64(e, j, at, ret);
    case PROTOBUF_C_TYPE_FLOAT:
        ok = real(e, j, at, &number);
        *ret = bits_of_float((float)number);
        return ok;
    case PROTOBUF_C_TYPE_DOUBLE:
        ok = real(e, j, at, &number);
        *ret = bits_of(number);
        return ok;
    default:
        ok = integer(e, j, at, &v);
    }
    bool zigzagged = f->type == PROTOBUF_C_TYPE_SINT32 || f->type == PROTOBUF_C_TYPE_SINT64;
    *ret = zigzagged ? zigzag(v) : (uint64_t)v;
    return ok;
}

void pb_put_scalar(struct buf *out, ProtobufCType type, uint64_t v)
{
    switch (pb_wire_of(type)) {
    case PB_FIXED32:
        pb_put_fixed32(out, (uint32_t)v);
        break;
    case PB_FIXED64:
        pb_put_fixed64(out, v);
        break;
    default:
        pb_put_varint(out, v);
    }
}
