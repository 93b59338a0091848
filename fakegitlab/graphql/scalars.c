/* The scalars and directives that every schema has: sections 3.5 and 3.13 of the specification. */
#include <math.h>
#include <stdint.h>

#include "fakegitlab/graphql/schema.h"

static json_t *coerce_int(const struct gql_type_row *t, const json_t *value, const char **ret_why)
{
    (void)t, (void)ret_why;
    if (json_is_real(value) && json_real_value(value) == floor(json_real_value(value)) &&
        fabs(json_real_value(value)) <= INT32_MAX)
        return json_integer((json_int_t)json_real_value(value));
    json_int_t n = json_integer_value(value);
    return json_is_integer(value) && n >= INT32_MIN && n <= INT32_MAX ? json_integer(n) : NULL;
}

static json_t *coerce_float(const struct gql_type_row *t, const json_t *value, const char **ret_why)
{
    (void)t, (void)ret_why;
    return json_is_number(value) ? json_real(json_number_value(value)) : NULL;
}

static json_t *coerce_string(const struct gql_type_row *t, const json_t *value, const char **ret_why)
{
    (void)t, (void)ret_why;
    return json_is_string(value) ? json_incref((json_t *)value) : NULL;
}

static json_t *coerce_boolean(const struct gql_type_row *t, const json_t *value, const char **ret_why)
{
    (void)t, (void)ret_why;
    return json_is_boolean(value) ? json_incref((json_t *)value) : NULL;
}

static json_t *coerce_id(const struct gql_type_row *t, const json_t *value, const char **ret_why)
{
    (void)t, (void)ret_why;
    if (json_is_integer(value))
        return json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return json_is_string(value) ? json_incref((json_t *)value) : NULL;
}

#define SCALAR(NAME, TYPE, FN, ABOUT)                                                                                \
    const struct gql_type_row NAME = {.kind = GQL_SCALAR_TYPE, .name = TYPE, .about = ABOUT, .coerce = FN}
SCALAR(gql_int, "Int", coerce_int, "A whole number of 32 bits, with sign.");
SCALAR(gql_float, "Float", coerce_float, "A number of double precision.");
SCALAR(gql_string, "String", coerce_string, "Text in UTF-8.");
SCALAR(gql_boolean, "Boolean", coerce_boolean, "true or false.");
SCALAR(gql_id, "ID", coerce_id, "Identifies something; written as text, also taken as whole number.");

static const char *const of_selections[] = {"FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT", NULL};
static const char *const of_definitions[] = {"FIELD_DEFINITION", "ENUM_VALUE", NULL};
static const struct gql_input_row skip_args[] = {{"if", "Boolean!", "Skipped when true."}, {0}};
static const struct gql_input_row include_args[] = {{"if", "Boolean!", "Included when true."}, {0}};
static const struct gql_input_row deprecated_args[] = {
    {"reason", "String", "Why, and what to use instead.", "\"No longer supported\""}, {0}};

const struct gql_directive_row gql_standard_directives[] = {
    {"include", "Include this field or fragment only when the `if` argument is true.", of_selections, include_args},
    {"skip", "Skip this field or fragment when the `if` argument is true.", of_selections, skip_args},
    {"deprecated", "Marks an element of the schema as no longer supported.", of_definitions, deprecated_args},
    {0},
};
