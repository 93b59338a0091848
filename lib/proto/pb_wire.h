/* The wire format, field by field: what both directions and the guess share.
 *
 *   tag = number << 3 | wire   0 varint · 1 eight bytes · 2 length, bytes · 3 … 4 group · 5 four bytes
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

enum { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_GROUP = 3, PB_GROUP_END = 4, PB_FIXED32 = 5 };
enum { PB_MAX_DEPTH = 64 };

struct pb_wire {
    const uint8_t *p, *end;
};

struct pb_value {
    uint32_t number;
    int wire;
    uint64_t scalar;     /* varints and fixed ones */
    const uint8_t *p;    /* the value's bytes as they stand, without a length before them; a group without its end */
    size_t n;
};

/* 1: a field was read; 0: the end; -1: malformed. */
int pb_next(struct pb_wire *w, struct pb_value *ret);

void pb_put_varint(struct buf *out, uint64_t v);
void pb_put_tag(struct buf *out, uint32_t number, int wire);
void pb_put_fixed32(struct buf *out, uint32_t v);
void pb_put_fixed64(struct buf *out, uint64_t v);
void pb_put_bytes(struct buf *out, const void *p, size_t n); /* with their length before them */

/* What descriptors say. */
int pb_wire_of(ProtobufCType type);
const ProtobufCFieldDescriptor *pb_field_numbered(const ProtobufCMessageDescriptor *d, uint32_t number);
bool pb_is_map(const ProtobufCFieldDescriptor *f);
bool pb_is_packable(const ProtobufCFieldDescriptor *f);
