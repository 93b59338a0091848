/* A protobuf message as Go's encoding/json and protoc-gen-validate see it: through the struct that protoc-gen-go makes
 * of it. That is how the agent logs its configuration, and how it words what is wrong with one. */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "lib/base/buf.h"

void go_json_message(struct buf *to, const ProtobufCMessage *m);
/* NULL, or "invalid ConfigurationResponse.CommitId: value length must be at least 1 bytes" (freed by the caller). */
char *go_validate(const ProtobufCMessage *m);
