/* The words of a problem that a schema finds. */
#pragma once

#include <jansson.h>

/* Each is a new string. */
char *say_expected(const json_t *schema);         /* "; expected …" from its description, else "" */
char *say_value(const json_t *value);             /* as JSON, short */
char *say_list(const json_t *strings);            /* "a, b, c" of an array of values or of an object's keys */
char *say_nearest(const char *word, const json_t *strings); /* "; did you mean \"…\"?" or "" */
const char *say_kind(const json_t *value);        /* "a list" */
const char *say_type(const char *type);           /* the same for a type's name in JSON Schema */
