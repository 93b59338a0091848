/* Sets of fields as server-side apply keeps them (metadata.managedFields[].fieldsV1), as the JSON that they are on the wire:
 *   "f:NAME" a field    k:{"name":"x"} an item of a list of objects    v:"x" an item of a set    "." this one itself
 * An empty object is a member without members beneath. A set without any is {} at the top, NULL where it is an item of another.
 * Values are of a schema (types.h); one that is NULL or FORM_ANY is taken as it comes: objects by key, lists as a whole.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "fakekube/types.h"

/* Every field that there is in a value. A new object, as the next ones; NULL: none (only beneath the top). */
json_t *fields_of(const struct schema *s, const json_t *value);
/* The same, with every object and list of items that is there as a member too: what an update has added. */
json_t *fields_with_containers(const struct schema *s, const json_t *value);
/* Those of `after` that are not in `before`, or otherwise; what holds them too where it is new. */
json_t *fields_changed(const struct schema *s, const json_t *before, const json_t *after);
json_t *fields_union(const json_t *a, const json_t *b);
json_t *fields_minus(const json_t *a, const json_t *b);
json_t *fields_and(const json_t *a, const json_t *b);
bool fields_empty(const json_t *set);
/* Each member as people read it: ".spec.template.spec.containers[name=\"x\"].image". */
void fields_each(const json_t *set, void (*fn)(void *arg, const char *path), void *arg);
/* Takes the members out of a value, in place. */
void fields_remove(const struct schema *s, json_t *value, const json_t *set);

/* ---- the same walk for others ---- */

/* What stands at `name` in an object of schema s. */
const struct schema *schema_field(const struct schema *s, const char *name);
bool schema_by_key(const struct schema *s); /* a list whose items are told apart, by keys or as a set, in apply */
/* "k:{…}" or "v:…" of an item: a new string; NULL: a key is missing. */
char *schema_item_key(const struct schema *s, const json_t *item);
/* The item of that key; -1: none. */
ssize_t schema_item_find(const struct schema *s, const json_t *list, const char *key);
/* `patch` laid over `live` as apply does: objects merge, lists by key do, the rest replaces. A new value. */
json_t *schema_merge(const struct schema *s, const json_t *live, const json_t *patch);
