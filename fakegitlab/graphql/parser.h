/* What the parser's files share. Every function gives 0, or -EINVAL with the error set, and leaves the token after what
 * it read in p->token. */
#pragma once

#include "fakegitlab/graphql/parse.h"

struct parser {
    struct gql_lexer lexer;
    struct gql_token token;
    const struct gql_parse_limits *limits;
    size_t tokens;
    unsigned nesting;
};

int parser_advance(struct parser *p);
int parser_error(struct parser *p, struct gql_place place, const char *format, ...) __attribute__((format(printf, 3, 4)));
int parser_unexpected(struct parser *p, const struct gql_token *t);
int parser_expect(struct parser *p, enum gql_token_kind kind);
int parser_name(struct parser *p, const char **ret);
int parser_keyword(struct parser *p, const char *word);
bool parser_at_keyword(const struct parser *p, const char *word);
/* Around what may nest. */
int parser_enter(struct parser *p);
void parser_leave(struct parser *p);

int parse_value(struct parser *p, bool constant, struct gql_value **ret);
int parse_arguments(struct parser *p, bool constant, struct gql_argument **ret);
int parse_directives(struct parser *p, bool constant, struct gql_directive **ret);
int parse_variables(struct parser *p, struct gql_variable **ret);
int parse_selections(struct parser *p, struct gql_selection **ret);
int parse_fragment_name(struct parser *p, const char **ret);
