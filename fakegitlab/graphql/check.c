/* The limits, and a verdict on syntax alone. */
#include "fakegitlab/graphql/limits.h"

#include <string.h>

#include "lib/base/mem.h"

struct graphql_limits graphql_limits_of(const struct graphql_limits *given)
{
    struct graphql_limits l = given ? *given : (struct graphql_limits){0};
    l.document = l.document ? l.document : 256 * 1024;
    l.tokens = l.tokens ? l.tokens : 15000;
    l.nesting = l.nesting ? l.nesting : 200;
    l.depth = l.depth ? l.depth : 20;
    l.complexity = l.complexity ? l.complexity : 250;
    l.errors = l.errors ? l.errors : 100;
    l.work = l.work ? l.work : 1000000;
    l.results = l.results ? l.results : 100000;
    l.page = l.page ? l.page : 100;
    return l;
}

struct gql_parse_limits graphql_parse_limits(const struct graphql_limits *l)
{
    return (struct gql_parse_limits){l->document, l->tokens, l->nesting};
}

json_t *graphql_syntax_error(const struct gql_error *e)
{
    return json_pack("{s:o, s:[{s:i, s:i}]}", "message",
                     json_stringn_nocheck(e->message, strlen(e->message)), "locations", "line", (int)e->place.line,
                     "column", (int)e->place.column);
}

json_t *graphql_check(const char *document, size_t n, const struct graphql_limits *given)
{
    _cleanup_(arena_done) struct arena a = ARENA_NULL;
    struct graphql_limits l = graphql_limits_of(given);
    struct gql_parse_limits parse = graphql_parse_limits(&l);
    struct gql_error error;
    return gql_parse(&a, document, n, &parse, &error) ? NULL : graphql_syntax_error(&error);
}
