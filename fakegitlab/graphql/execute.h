/* Doing what a document asks: section 6 of the specification. */
#pragma once

#include "fakegitlab/graphql/ast.h"
#include "fakegitlab/graphql/graphql.h"
#include "fakegitlab/graphql/schema.h"

/* Where in the answer: a chain from the innermost step outwards, on the stack. */
struct gql_path {
    const struct gql_path *up;
    const char *key; /* NULL: index */
    size_t index;
};

/* One request, for resolvers: the options, and where to take memory from. */
struct gql_call {
    const struct graphql_options *options;
    struct graphql_limits limits;
    const struct gql_schema *schema;
    const struct gql_document *document;
    struct arena *arena;
    json_t *variables; /* coerced */
    json_t *errors;    /* array; added to */
    json_t *kept;      /* array: what resolvers want to live until the answer is made */
    const struct gql_selection *field; /* being resolved */
    size_t results;
    bool stopped; /* a limit was met: nothing more is resolved */
};

/* What is said of `data`: an object, or null if a required field at the top has none. A new reference. */
json_t *gql_execute(struct gql_call *c, const struct gql_operation *o);

struct gql_result gql_null(void);
struct gql_result gql_leaf(json_t *stolen);
struct gql_result gql_text(const char *s);    /* NULL: null */
struct gql_result gql_number(json_int_t n);
struct gql_result gql_bool(bool yes);
struct gql_result gql_object(const void *o);  /* NULL: null */
/* The field is null, and errors say why. */
struct gql_result gql_fail(struct gql_call *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The fields that are asked of an object, fragments included, in their order: each with all selections of its key. */
struct gql_group {
    const char *key;
    const struct gql_selection *field;
    struct gql_nodes *nodes;
    struct gql_group *next;
};
struct gql_nodes {
    const struct gql_selection *selections;
    struct gql_nodes *next;
};
/* variables NULL: @skip and @include are not asked. work: counted up for each selection. */
struct gql_group *gql_collect(struct arena *a, const struct gql_document *d, const json_t *variables,
                              const struct gql_type_row *t, const struct gql_nodes *nodes, size_t *work);

/* {"message", "locations": [place], "path"}; extensions stolen, NULL is fine; path NULL: none. */
json_t *gql_error_json(const char *message, const struct gql_place *place, json_t *path, json_t *extensions);
