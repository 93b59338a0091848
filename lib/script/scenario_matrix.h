/* One file, many entries: `for:` gives values, each entry is the file with one set of them put in. */
#pragma once

#include <jansson.h>

#include "lib/script/yaml.h"

/* [{"label": "1", "values": {…}}, …] of a document, in order; [] if it has no `for`; NULL and a problem if its `for`,
 * or a `for` that chooses among the entries, is wrong. schema: for the names that are taken. */
json_t *matrix_entries(const struct yaml_doc *doc, const json_t *schema, struct problems *p);
/* The document of one entry: values put in, what is for other entries gone. Problems, with their place, if a text wants
 * a value that the entry has not. */
struct yaml_doc *matrix_document(const struct yaml_doc *doc, const json_t *entry, struct problems *p);
