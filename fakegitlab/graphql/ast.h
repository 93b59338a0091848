/* A document as it was read: sections 2.3 to 2.12 of the specification. All in one arena; lists are chains in the order of
 * the text; an empty list is NULL. */
#pragma once

#include <stdbool.h>

#include "fakegitlab/graphql/lexer.h"

enum gql_value_kind {
    GQL_VALUE_VARIABLE, /* text: its name, without $ */
    GQL_VALUE_INT,
    GQL_VALUE_FLOAT,
    GQL_VALUE_STRING,
    GQL_VALUE_BOOLEAN,
    GQL_VALUE_NULL,
    GQL_VALUE_ENUM,
    GQL_VALUE_LIST,
    GQL_VALUE_OBJECT,
};

struct gql_value {
    enum gql_value_kind kind;
    struct gql_place place;
    const char *text; /* as token.text */
    size_t len;
    bool yes;                    /* BOOLEAN */
    struct gql_value *items;     /* LIST */
    struct gql_argument *fields; /* OBJECT */
    struct gql_value *next;      /* in a list */
};

struct gql_argument { /* and a field of an object */
    const char *name;
    struct gql_place place;
    struct gql_value *value;
    struct gql_argument *next;
};

struct gql_directive {
    const char *name;
    struct gql_place place;
    struct gql_argument *arguments;
    struct gql_directive *next;
};

enum gql_selection_kind { GQL_FIELD, GQL_SPREAD_OF, GQL_INLINE };

struct gql_selection {
    enum gql_selection_kind kind;
    struct gql_place place;
    const char *key;  /* FIELD: its name in the answer, the alias if there is one */
    const char *name; /* FIELD, and SPREAD_OF a fragment */
    const char *on;   /* INLINE: NULL if nothing is said */
    struct gql_place on_place;
    struct gql_argument *arguments;
    struct gql_directive *directives;
    struct gql_selection *selections;
    struct gql_selection *next;
};

struct gql_variable {
    const char *name;
    struct gql_place place;
    const char *type; /* "[ID!]!" */
    const char *type_name; /* "ID" */
    struct gql_place type_place;
    struct gql_value *value; /* default; NULL: none */
    struct gql_directive *directives;
    struct gql_variable *next;
};

enum gql_operation_kind { GQL_QUERY, GQL_MUTATION, GQL_SUBSCRIPTION };

struct gql_operation {
    enum gql_operation_kind kind;
    const char *name; /* NULL: anonymous */
    struct gql_place place;
    struct gql_variable *variables;
    struct gql_directive *directives;
    struct gql_selection *selections;
    struct gql_operation *next;
};

struct gql_fragment {
    const char *name, *on;
    struct gql_place place, on_place;
    struct gql_directive *directives;
    struct gql_selection *selections;
    struct gql_fragment *next;
};

struct gql_document {
    struct gql_operation *operations;
    struct gql_fragment *fragments;
};

const struct gql_fragment *gql_fragment(const struct gql_document *d, const char *name);
