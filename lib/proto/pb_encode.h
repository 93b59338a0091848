/* Inside of pb: the encoder's state, shared by the plain messages and those that JSON writes in a form of their own. */
#pragma once

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

/* Where in the JSON we are: a chain on the stack, written out only when something is wrong. */
struct pb_place {
    const struct pb_place *parent;
    const char *name; /* NULL: an item of a list */
    size_t index;
};

struct pb_encoder {
    int depth;
    char *error; /* the first; becomes the caller's */
};

/* Always false, so that it can be returned. */
bool pb_fail(struct pb_encoder *e, const struct pb_place *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* `skip`: a key that is no field ("type", "@type"). */
bool pb_encode_message(struct pb_encoder *e, const ProtobufCMessageDescriptor *d, const json_t *j,
                       const struct pb_place *at, const char *skip, struct buf *out);
/* Without the special forms. */
bool pb_encode_fields(struct pb_encoder *e, const ProtobufCMessageDescriptor *d, const json_t *j,
                      const struct pb_place *at, const char *skip, struct buf *out);

const char *pb_kind(const json_t *j); /* "a list" */
/* The value as it goes on the wire: a varint, or the bits of a fixed one. */
bool pb_scalar(struct pb_encoder *e, const ProtobufCFieldDescriptor *f, const json_t *j, const struct pb_place *at,
               uint64_t *ret);
void pb_put_scalar(struct buf *out, ProtobufCType type, uint64_t v);

/* Duration, Any, Values. false: d is none of them, or the JSON is in the plain form. Else *ret says how it went. */
bool pb_encode_special(struct pb_encoder *e, const ProtobufCMessageDescriptor *d, const json_t *j,
                       const struct pb_place *at, struct buf *out, bool *ret);
/* The reverse: the JSON in its special form from the plain one, which is stolen. */
json_t *pb_special_json(const ProtobufCMessageDescriptor *d, json_t *plain, int depth);
/* Inside of pb_to_json(): NULL if malformed. */
json_t *pb_decode_message(const ProtobufCMessageDescriptor *d, const uint8_t *p, size_t n, int depth);
