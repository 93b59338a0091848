/* Inside lib/script: a document and where its values stand, for those who make one (yaml.c of a text, yaml_derive.c of
 * another document). */
#pragma once

#include "lib/script/yaml.h"

struct value_place;
struct child_place;

struct yaml_doc {
    char *name;
    json_t *root;
    struct value_place *values;   /* uthash, as the next */
    struct child_place *children;
};

struct yaml_doc *yaml_doc_new(const char *name); /* yaml_done() */
void yaml_remember(struct yaml_doc *d, const json_t *value, struct place at);
void yaml_remember_member(struct yaml_doc *d, const json_t *object, const char *key, struct place key_at, struct place value_at);
void yaml_remember_next(struct yaml_doc *d, const json_t *array, struct place at); /* of the item that is appended next */
/* False, and nothing written: not known. ret_key and ret_value may be NULL. */
bool yaml_member_places(const struct yaml_doc *d, const json_t *object, const char *key, struct place *ret_key, struct place *ret_value);
bool yaml_item_places(const struct yaml_doc *d, const json_t *array, size_t i, struct place *ret);
