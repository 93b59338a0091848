/* Mustache, as far as the page needs it: the texts of the page are files, and data are JSON.
 *
 *   {{name}}                a text or whole number, escaped for HTML (between tags, and in quoted
 * attributes)
 *   {{#name}}…{{/name}}     once for each item of a list; once for a text, an object, true. Else not at all
 *   {{^name}}…{{/name}}     when {{#name}} would not
 *   {{> name}}              another template, with the same data
 *   {{.}}                   the innermost value itself
 *
 * A name is looked for in the innermost object first. There is no way to write what is not escaped. A
 * section may be of what is not there; a {{name}} must be, so that a misspelt one is seen (null is nothing).
 */
#pragma once

#include <jansson.h>

#include "lib/base/buf.h"

struct mustache_text {
    const char *p;
    size_t len;
};
/* p NULL: there is none of that name. */
typedef struct mustache_text (*mustache_find_fn)(void *arg, const char *name, size_t len);

/* Adds to *out. 0, or -EINVAL and a new *reterr: the template is none, or names what is not there. */
int mustache_render(struct buf *out, struct mustache_text text, const json_t *data, mustache_find_fn find,
                    void *arg, char **reterr);
