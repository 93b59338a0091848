/* A plain YAML scalar as a JSON value, by YAML 1.2's core schema. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* New reference; NULL and *reterr (static) for a number that JSON cannot hold. */
json_t *yaml_plain_scalar(const char *text, size_t len, const char **reterr);
