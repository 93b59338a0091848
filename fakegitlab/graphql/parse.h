/* Text to document. */
#pragma once

#include "fakegitlab/graphql/ast.h"

struct gql_parse_limits {
    size_t document, tokens;
    unsigned nesting;
};

/* NULL and the error set. The text is not needed afterwards. */
struct gql_document *gql_parse(struct arena *a, const char *text, size_t n, const struct gql_parse_limits *limits,
                               struct gql_error *error);
