/* Checks a document against the JSON Schema that stands in fixtures/scenario.schema.json: one truth for editors and
 * for `conform check`. The subset: type, enum, const, pattern, format: duration|versions, properties,
 * patternProperties, additionalProperties, required, minProperties, items, minItems, maxItems, minimum, maximum,
 * anyOf/oneOf (the branch that fits best is reported; oneOf is not told from anyOf), $ref to #/…, description. */
#pragma once

#include "lib/script/yaml.h"

/* Adds a problem with place, what was expected (from `description` where there is one) and, for an unknown key or
 * value, the nearest known one. */
void schema_check(const json_t *schema, const struct yaml_doc *doc, struct problems *p);
/* The nearest of the candidates by edit distance, or NULL if none is near. */
const char *nearest(const char *word, const char *const *candidates, size_t n);
