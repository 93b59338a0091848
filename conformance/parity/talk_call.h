/* One call of a talk: what is said on its stream, and what is heard. Inside conformance/parity only. */
#pragma once

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/proto/http2_client.h"

struct talk_call {
    const char *name;                                   /* borrowed from the talk */
    const ProtobufCMessageDescriptor *in, *out, *inner; /* inner NULL: nothing within */
    struct h2c_stream *stream;                          /* NULL: over */
    struct buf bytes;                                   /* of messages that are not whole yet */
    json_t *said;                                       /* borrowed from the transcript */
    bool ended;
};

/* "open": begins it. -EINVAL and *reterr. */
int talk_call_open(struct talk_call *c, struct h2c *h, const json_t *open, const char *authority,
                   const char *token, int32_t id, char **reterr);
int talk_call_send(struct talk_call *c, const json_t *message, char **reterr);
void talk_call_data(struct talk_call *c, const uint8_t *p, size_t n);
json_t *talk_headers(const struct h2_header *h, size_t n); /* [[name, value], …]; new reference */
