/* Kubernetes' protobuf of the few kinds that agents send so. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* The object of a body, as JSON: a new reference. NULL and *reterr in the API server's words: it is none, or
 * of a kind not known. */
json_t *protobuf_object(const uint8_t *p, size_t n, char **reterr);
