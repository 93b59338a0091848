/* What can be asked: tables of types, their fields and arguments. A new field is a row.
 *
 * Types are written as in a document, "[String!]!", and are walked where they stand: nothing is built, so the tables are
 * constants. There are objects, enums, inputs and scalars; no interfaces and no unions, as GitLab has none among what is
 * offered here, so a fragment fits where its type is the very same.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct gql_call;

/* What a resolver gives. Made by the functions of execute.h. */
enum gql_result_kind { GQL_RESULT_NULL, GQL_RESULT_LEAF, GQL_RESULT_OBJECT, GQL_RESULT_LIST, GQL_RESULT_ERROR };
struct gql_result {
    enum gql_result_kind kind;
    json_t *leaf;                    /* LEAF: owned */
    const void *object;              /* OBJECT: what the resolvers of its type get; borrowed until the field is done */
    const struct gql_result *items;  /* LIST: in the arena */
    size_t n;
    const char *error;               /* ERROR: the message; in the arena or constant */
};

/* `object` is that of the type the field belongs to; NULL at the roots. `args` has every argument that was given or has
 * a default. */
typedef struct gql_result (*gql_resolve_fn)(struct gql_call *c, const void *object, const json_t *args);

/* Which releases have a row. Numbers are the schema's own; 0: no bound. */
struct gql_versions {
    int since, until; /* from this one on, and before that one */
    bool old;         /* not where all releases are offered together: another row of the same name is */
};

struct gql_input_row { /* an argument, or a field of an input */
    const char *name, *type, *about;
    const char *value; /* default, as JSON; NULL: none */
    struct gql_versions in;
};

struct gql_field_row {
    const char *name, *type, *about;
    gql_resolve_fn resolve;
    const struct gql_input_row *args; /* ends with a row without name; NULL: none */
    const char *deprecated;           /* why; NULL: it is not */
    struct gql_versions in;
};

enum gql_type_kind { GQL_SCALAR_TYPE, GQL_OBJECT_TYPE, GQL_ENUM_TYPE, GQL_INPUT_TYPE };

struct gql_type_row {
    enum gql_type_kind kind;
    const char *name, *about;
    const struct gql_field_row *fields; /* OBJECT; ends with a row without name */
    const struct gql_input_row *inputs; /* INPUT; the same */
    const struct gql_input_row *values; /* ENUM: name and about; the same */
    /* SCALAR: what a value of the client's becomes, a new reference; NULL: it is none, and *ret_why may say more. */
    json_t *(*coerce)(const struct gql_type_row *t, const json_t *value, const char **ret_why);
    const void *arg; /* for coerce */
    struct gql_versions in; /* whoever is of that type has the same */
};

struct gql_directive_row {
    const char *name, *about;
    const char *const *locations; /* "FIELD", …; ends with NULL */
    const struct gql_input_row *args;
};

struct gql_schema {
    const struct gql_type_row *const *types; /* ends with NULL; those of introspection are known besides */
    const struct gql_directive_row *directives; /* ends with a row without name */
    const char *query, *mutation;
    int version; /* of what is offered; 0: all */
};
bool gql_offered(const struct gql_schema *s, struct gql_versions in);

/* A type as it is written, or a part of it. */
struct gql_ref {
    const char *s;
    size_t n;
};
struct gql_ref gql_ref(const char *type);
bool gql_ref_required(struct gql_ref r);                /* ends with ! */
struct gql_ref gql_ref_nullable(struct gql_ref r);      /* without that */
bool gql_ref_list(struct gql_ref r);                    /* of a nullable one */
struct gql_ref gql_ref_item(struct gql_ref r);          /* of a list */
struct gql_ref gql_ref_name(struct gql_ref r);          /* without any [ ] ! */

const struct gql_type_row *gql_type(const struct gql_schema *s, const char *name);
const struct gql_type_row *gql_type_of(const struct gql_schema *s, struct gql_ref r); /* the named one within */
/* Also __typename of any, and __schema and __type of the query. NULL: there is none. */
const struct gql_field_row *gql_field(const struct gql_schema *s, const struct gql_type_row *t, const char *name);
const struct gql_input_row *gql_input(const struct gql_schema *s, const struct gql_input_row *rows, const char *name);
const struct gql_directive_row *gql_directive(const struct gql_schema *s, const char *name);
bool gql_input_required(const struct gql_input_row *row); /* must be given: no default, and ! */
bool gql_is_leaf(const struct gql_type_row *t);

extern const struct gql_type_row gql_int, gql_float, gql_string, gql_boolean, gql_id; /* scalars.c */
extern const struct gql_directive_row gql_standard_directives[];
extern const struct gql_type_row *const gql_introspection_types[]; /* introspect.c; ends with NULL */
extern const struct gql_field_row gql_introspection_fields[];      /* __schema, __type */
extern const struct gql_field_row gql_typename_field;
