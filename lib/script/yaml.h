/* YAML read into JSON values that remember where they stood (libyaml's events; anchors, merges and tags refused). */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct yaml_doc;

struct place {
    const char *file; /* borrowed from the document */
    int line, column; /* from 1; 0: unknown */
};

/* What is wrong with what a person wrote, and where. Grows; printed one a line as
 * "file:line:column: what; expected …; did you mean …?" */
struct problems;
struct problems *problems_new(void);
struct problems *problems_free(struct problems *p);
void problem_add(struct problems *p, struct place at, const char *format, ...) __attribute__((format(printf, 3, 4)));
size_t problems_count(const struct problems *p);
char *problems_text(const struct problems *p); /* one line each; a new string */
json_t *problems_json(const struct problems *p); /* [{file,line,column,message}] */

/* NULL and a problem if the text is no YAML (duplicate keys are a problem too). Scalars as YAML 1.2's core schema. */
struct yaml_doc *yaml_read_file(const char *path, struct problems *p);
struct yaml_doc *yaml_read_text(const char *name, const char *text, size_t len, struct problems *p);
/* libyaml has a yaml_free() of its own and would call ours; hence the name. */
struct yaml_doc *yaml_done(struct yaml_doc *d);
json_t *yaml_root(const struct yaml_doc *d); /* borrowed */
/* Where a value (by identity: the very json_t of this document) or a key of an object stands. */
struct place yaml_place(const struct yaml_doc *d, const json_t *value);
struct place yaml_key_place(const struct yaml_doc *d, const json_t *object, const char *key);
/* Where the value under a key, or the item at an index, stands: also for true, false and null, which have no identity. */
struct place yaml_member_place(const struct yaml_doc *d, const json_t *object, const char *key);
struct place yaml_item_place(const struct yaml_doc *d, const json_t *array, size_t i);

/* A copy in which every value stands where it stood in the original, so that mistakes in it are told at their place.
 * `fn` is asked of every member (key, and the name of the list or object that it is in, "" at the top) and item (key
 * NULL): false leaves it out (and a list of which nothing is left); *ret, a new reference, takes its place; *ret left NULL: it is copied. */
typedef bool yaml_derive_fn(void *arg, const char *in, const char *key, const json_t *value, struct place at,
                            json_t **ret);
struct yaml_doc *yaml_derive(const struct yaml_doc *d, yaml_derive_fn *fn, void *arg);
