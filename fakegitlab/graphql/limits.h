#pragma once

#include "fakegitlab/graphql/graphql.h"
#include "fakegitlab/graphql/parse.h"

/* Every 0 replaced by its default; NULL: all of them. */
struct graphql_limits graphql_limits_of(const struct graphql_limits *l);
struct gql_parse_limits graphql_parse_limits(const struct graphql_limits *l);
/* {"message", "locations"}; new. */
json_t *graphql_syntax_error(const struct gql_error *e);
