/* Protobuf by reflection: any message from JSON (which YAML becomes) and any message to JSON, through protobuf-c's
 * descriptors. No glue for each message.
 *
 * Names are the .proto names (snake_case; lowerCamelCase is accepted too). int64 is a JSON integer (strings are
 * accepted); bytes are base64 strings, or {text}, {hex}, {message: {type: NAME, …}} for a message inside; enums are
 * names or numbers; maps are objects; google.protobuf.Duration is "1.5s"; Any is {"@type": url, …fields or value}.
 * To JSON: only what is set; unknown fields as "@unknown": [{number, wire, hex}].
 *
 * From JSON: a submessage given as {} is there, and empty; null is as if the key were not there; a scalar's zero is
 * left out as proto3 asks, except in a oneof. prototool.Values may be "text" or a list. Strings take {hex} and {base64}
 * too, for what is no UTF-8, and "@unknown" is written as it stands: a scenario may send what no peer would.
 * Nothing is nested deeper than 64.
 */
#pragma once

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0, or -EINVAL and *reterr "configuration.gitops.manifest_projects[0].idd: no such field; did you mean id?". */
int pb_from_json(const ProtobufCMessageDescriptor *d, const json_t *j, uint8_t **ret, size_t *ret_len,
                 char **reterr);
/* NULL if the bytes are no such message. New reference. */
json_t *pb_to_json(const ProtobufCMessageDescriptor *d, const uint8_t *p, size_t n);
/* For messages whose descriptor nobody knows: {"1": …, "2": …} by wire type. Never NULL. */
json_t *pb_guess_json(const uint8_t *p, size_t n);
/* Would a peer's decoder take these bytes? After a yes protobuf_c_message_unpack() is safe: it has no limit of its own
 * to how deep messages nest. `why` (may be NULL) is Go's wording. */
bool pb_valid(const ProtobufCMessageDescriptor *d, const uint8_t *p, size_t n, const char **why);
