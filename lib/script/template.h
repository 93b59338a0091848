/* "{scheme}://gitlab.host.tld:{port}/" with values put in; "{{" is a brace. Works on whole trees. */
#pragma once

#include <jansson.h>

/* New value; unknown names, and braces round anything but a name, are left as they are. vars: object of strings and
 * numbers. */
json_t *template_fill(const json_t *tree, const json_t *vars);
char *template_text(const char *text, const json_t *vars);
/* RFC 7396 merge patch, which is what a cure's overlay is, except that a list under a key "faults" given as [] empties
 * it like any other list. New value. */
json_t *overlay(const json_t *base, const json_t *patch);
