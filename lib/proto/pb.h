/* Protobuf by reflection: any message from JSON (which YAML becomes) and any message to JSON, through protobuf-c's
 * descriptors. No glue for each message.
 *
 * Names are the .proto names (snake_case; lowerCamelCase is accepted too). int64 is a JSON integer (strings are
 * accepted); bytes are base64 strings, or {text}, {hex}, {message: {type: NAME, …}} for a message inside; enums are
 * names or numbers; maps are objects; google.protobuf.Duration is "1.5s"; Any is {"@type": url, …fields or value}.
 * To JSON: only what is set; unknown fields as "@unknown": [{number, wire, hex}].
 */
#pragma once

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

/* 0, or -EINVAL and *reterr "configuration.gitops.manifest_projects[0].idd: no such field; did you mean id?". */
int pb_from_json(const ProtobufCMessageDescriptor *d, const json_t *j, uint8_t **ret, size_t *ret_len,
                 char **reterr);
/* NULL if the bytes are no such message. New reference. */
json_t *pb_to_json(const ProtobufCMessageDescriptor *d, const uint8_t *p, size_t n);
/* For messages whose descriptor nobody knows: {"1": …, "2": …} by wire type. Never NULL. */
json_t *pb_guess_json(const uint8_t *p, size_t n);
