/* Is the document one for this schema? Section 5 of the specification; the words are graphql-ruby's, which GitLab uses. */
#pragma once

#include "fakegitlab/graphql/execute.h"

/* Errors are added: {"message", "locations", "path": ["query", "project", …], "extensions": {"code", …}}. True: none. */
bool gql_validate(const struct gql_schema *s, const struct gql_document *d, const struct graphql_limits *limits,
                  struct arena *a, json_t *errors);
/* Of an operation of a document that is valid: deeper or larger than GitLab allows? The message, in the arena, or NULL. */
const char *gql_too_large(const struct gql_schema *s, const struct gql_document *d, const struct gql_operation *o,
                          const struct graphql_limits *limits, struct arena *a);
/* Fits a variable of this type where that type is wanted? `has_value`: a default, on either side, that is not null. */
bool gql_variable_fits(struct gql_ref variable, struct gql_ref place, bool has_value);

/* ---- for the files of validation ---- */

struct gql_validation {
    const struct gql_schema *schema;
    const struct gql_document *document;
    const struct graphql_limits *limits;
    struct arena *arena;
    json_t *errors;
    const struct gql_path *path; /* of what is being looked at; keys only */
    size_t work;
};

/* extensions: json_pack()ed and stolen; `code` is added. */
void gql_invalid(struct gql_validation *v, const struct gql_place *place, const char *code, json_t *extensions,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));
bool gql_validation_over(struct gql_validation *v); /* enough work or errors: everybody ends */
const char *gql_operation_title(struct arena *a, const struct gql_operation *o); /* "query Q" */

/* The type that fields of `s` are of; NULL: unknown, or none that has fields. `t` is that around it. */
const struct gql_type_row *gql_selection_type(const struct gql_validation *v, const struct gql_type_row *t,
                                              const struct gql_selection *s);
const struct gql_type_row *gql_operation_type(const struct gql_schema *s, const struct gql_operation *o);

void gql_validate_fragments(struct gql_validation *v); /* all but cycles */
bool gql_has_cycles(struct gql_validation *v);         /* then nothing that expands fragments may be asked */
void gql_validate_selections(struct gql_validation *v, const struct gql_type_row *t, const struct gql_selection *s);
void gql_validate_directives(struct gql_validation *v, const struct gql_directive *d, const char *location);
/* Whose they are: kind "Field" or "Directive", and its name. */
void gql_validate_arguments(struct gql_validation *v, const struct gql_input_row *rows, const struct gql_argument *a,
                            const struct gql_place *place, const char *kind, const char *name);
void gql_validate_default(struct gql_validation *v, const struct gql_variable *variable);
void gql_validate_variables(struct gql_validation *v, const struct gql_operation *o);
void gql_validate_merge(struct gql_validation *v, const struct gql_type_row *t, const struct gql_selection *s);
