/* Values of the client's become values of the schema: sections 3.5.x "Input Coercion" and 6.1.2 of the specification. */
#pragma once

#include "fakegitlab/graphql/ast.h"
#include "fakegitlab/graphql/schema.h"


struct gql_coercion {
    const struct gql_schema *schema;
    struct arena *arena;
    const json_t *variables; /* already coerced */
    json_t *problems;        /* [{"path": […], "explanation": …}]; NULL: only the verdict counts */
};

/* JSON (a variable, a default) for a type. A new reference, or NULL and a problem. `path` is borrowed and may be NULL. */
json_t *gql_coerce_json(struct gql_coercion *c, struct gql_ref type, const json_t *value, const json_t *path);
/* A literal, which may have variables in it. A variable that was not given makes its field of an object absent; at the
 * top it gives NULL and *ret_absent. */
json_t *gql_coerce_literal(struct gql_coercion *c, struct gql_ref type, const struct gql_value *v, bool *ret_absent);
/* The arguments of a field or directive, with defaults. NULL and *ret_wrong: the argument that has no value though it
 * must, or a wrong one. */
json_t *gql_coerce_arguments(struct gql_coercion *c, const struct gql_input_row *rows, const struct gql_argument *given,
                             const struct gql_input_row **ret_wrong);
/* A literal without variables as plain JSON, for scalars; NULL for one with variables in it. */
json_t *gql_literal_json(const struct gql_value *v);
/* A literal as it is written: {a: "b", c: [1, $x]}. In the arena. */
const char *gql_literal_text(struct arena *a, const struct gql_value *v);
