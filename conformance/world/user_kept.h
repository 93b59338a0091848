/* What a user takes from one answer into later requests, as a browser does with the token of a form: `keep: {form: 'value="(.*)"'}`
 * of a request keeps the first group of what fits its answer's body, and `<form>` in the path, the headers and the body of a
 * later one becomes it. */
#pragma once

#include <jansson.h>

/* kept: name -> text, is added to. want: the request's `keep`, or NULL. -EINVAL and *reterr, a new string: nothing fits. */
int user_keep(json_t *kept, const json_t *want, const char *body, char **reterr);
/* The request with what was kept put in; new reference. */
json_t *user_put_in(const json_t *request, const json_t *kept);
