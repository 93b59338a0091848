/* Which messages there are, by name.
 *
 * A name is "reverse_tunnel.ConnectRequest", "ConfigurationResponse" where only one package has it, or the name (or
 * Any's type URL) by which the peers know it: "type.googleapis.com/gitlab.agent.kubernetes_api.rpc.HeaderExtra".
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

/* NULL: no such message, or several and the name does not say which. */
const ProtobufCMessageDescriptor *message_find(const char *name);
/* The nearest name there is, for "did you mean"; NULL if none is near. */
const char *message_nearest(const char *name);
/* By another version's name of the same field ("starboard"), the name here; else `name` itself. */
const char *message_field_alias(const ProtobufCMessageDescriptor *d, const char *name);
/* For listings; index from 0, NULL ends. */
const ProtobufCMessageDescriptor *message_at(size_t i);
