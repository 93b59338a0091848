#include "lib/proto/pb_wire.h"

#include <string.h>

static bool get_varint(struct pb_wire *w, uint64_t *ret)
{
    uint64_t v = 0;

    for (int shift = 0; shift < 70; shift += 7) {
        if (w->p == w->end)
            return false;
        uint8_t byte = *w->p++;
        if (shift == 63 && byte > 1)
            return false;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *ret = v;
            return true;
        }
    }
    return false;
}

static bool get_tag(struct pb_wire *w, struct pb_value *v)
{
    uint64_t tag;

    if (!get_varint(w, &tag) || tag >> 32 != 0 || tag >> 3 == 0)
        return false;
    v->number = (uint32_t)(tag >> 3);
    v->wire = (int)(tag & 7);
    return true;
}

static bool get_fixed(struct pb_wire *w, size_t n, uint64_t *ret)
{
    if ((size_t)(w->end - w->p) < n)
        return false;
    *ret = 0;
    for (size_t i = 0; i < n; i++)
        *ret |= (uint64_t)w->p[i] << (8 * i);
    w->p += n;
    return true;
}

static bool get_value(struct pb_wire *w, struct pb_value *v, int depth);

/* Groups are long out of use; a decoder still has to find their end. */
static bool get_group(struct pb_wire *w, struct pb_value *group, int depth)
{
    struct pb_value inner;

    group->p = w->p;
    if (depth >= PB_MAX_DEPTH)
        return false;
    for (;;) {
        const uint8_t *before = w->p;
        if (!get_tag(w, &inner))
            return false;
        if (inner.wire == PB_GROUP_END) {
            group->n = (size_t)(before - group->p);
            return inner.number == group->number;
        }
        if (!get_value(w, &inner, depth + 1))
            return false;
    }
}

static bool get_value(struct pb_wire *w, struct pb_value *v, int depth)
{
    uint64_t n;

    v->p = w->p;
    switch (v->wire) {
    case PB_VARINT:
        if (!get_varint(w, &v->scalar))
            return false;
        break;
    case PB_FIXED64:
        if (!get_fixed(w, 8, &v->scalar))
            return false;
        break;
    case PB_FIXED32:
        if (!get_fixed(w, 4, &v->scalar))
            return false;
        break;
    case PB_BYTES:
        if (!get_varint(w, &n) || n > (uint64_t)(w->end - w->p))
            return false;
        v->p = w->p;
        w->p += n;
        break;
    case PB_GROUP:
        return get_group(w, v, depth);
    default:
        return false;
    }
    v->n = (size_t)(w->p - v->p);
    return true;
}

int pb_next(struct pb_wire *w, struct pb_value *ret)
{
    if (w->p == w->end)
        return 0;
    *ret = (struct pb_value){0};
    return get_tag(w, ret) && get_value(w, ret, 0) ? 1 : -1;
}

void pb_put_varint(struct buf *out, uint64_t v)
{
    uint8_t b[10];
    size_t n = 0;

    do {
        b[n++] = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
        v >>= 7;
    } while (v > 0);
    buf_add(out, b, n);
}

void pb_put_tag(struct buf *out, uint32_t number, int wire)
{
    pb_put_varint(out, (uint64_t)number << 3 | (uint64_t)wire);
}

static void put_fixed(struct buf *out, uint64_t v, size_t n)
{
    uint8_t b[8];

    for (size_t i = 0; i < n; i++)
        b[i] = (uint8_t)(v >> (8 * i));
    buf_add(out, b, n);
}

void pb_put_fixed32(struct buf *out, uint32_t v)
{
    put_fixed(out, v, 4);
}

void pb_put_fixed64(struct buf *out, uint64_t v)
{
    put_fixed(out, v, 8);
}

void pb_put_bytes(struct buf *out, const void *p, size_t n)
{
    pb_put_varint(out, n);
    if (n > 0)
        buf_add(out, p, n);
}

int pb_wire_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return PB_FIXED32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return PB_FIXED64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return PB_BYTES;
    default:
        return PB_VARINT;
    }
}

const ProtobufCFieldDescriptor *pb_field_numbered(const ProtobufCMessageDescriptor *d, uint32_t number)
{
    return protobuf_c_message_descriptor_get_field(d, number);
}

/* The compiler turns map<K, V> into a repeated message "…Entry" of `key` and `value`. */
bool pb_is_map(const ProtobufCFieldDescriptor *f)
{
    const ProtobufCMessageDescriptor *d = f->descriptor;

    if (f->label != PROTOBUF_C_LABEL_REPEATED || f->type != PROTOBUF_C_TYPE_MESSAGE || d->n_fields != 2)
        return false;
    size_t n = strlen(d->short_name);
    return n > 5 && strcmp(d->short_name + n - 5, "Entry") == 0 && d->fields[0].id == 1 &&
           strcmp(d->fields[0].name, "key") == 0 && d->fields[1].id == 2 &&
           strcmp(d->fields[1].name, "value") == 0;
}

bool pb_is_packable(const ProtobufCFieldDescriptor *f)
{
    return f->label == PROTOBUF_C_LABEL_REPEATED && pb_wire_of(f->type) != PB_BYTES;
}
