/* Selections: sections 2.4, 2.5, 2.7 and 2.8 of the specification. */
#include <errno.h>
#include <string.h>

#include "fakegitlab/graphql/parser.h"

int parse_fragment_name(struct parser *p, const char **ret)
{
    if (p->token.text && strcmp(p->token.text, "on") == 0)
        return parser_unexpected(p, &p->token);
    return parser_name(p, ret);
}

static int field(struct parser *p, struct gql_selection *s)
{
    int r = parser_name(p, &s->name);
    s->key = s->name;
    if (r == 0 && p->token.kind == GQL_COLON) {
        r = parser_advance(p);
        if (r == 0)
            r = parser_name(p, &s->name);
    }
    if (r == 0)
        r = parse_arguments(p, false, &s->arguments);
    if (r == 0)
        r = parse_directives(p, false, &s->directives);
    return r == 0 && p->token.kind == GQL_BRACE_OPEN ? parse_selections(p, &s->selections) : r;
}

/* After the three dots. */
static int fragment(struct parser *p, struct gql_selection *s)
{
    int r = parser_advance(p);
    if (r < 0)
        return r;
    if (p->token.kind == GQL_NAME && !parser_at_keyword(p, "on")) {
        s->kind = GQL_SPREAD_OF;
        r = parse_fragment_name(p, &s->name);
        return r == 0 ? parse_directives(p, false, &s->directives) : r;
    }
    s->kind = GQL_INLINE;
    if (parser_at_keyword(p, "on")) {
        r = parser_advance(p);
        s->on_place = p->token.place;
        if (r == 0)
            r = parser_name(p, &s->on);
    }
    if (r == 0)
        r = parse_directives(p, false, &s->directives);
    return r == 0 ? parse_selections(p, &s->selections) : r;
}

int parse_selections(struct parser *p, struct gql_selection **ret)
{
    int r = parser_enter(p);
    if (r < 0)
        return r;
    r = parser_expect(p, GQL_BRACE_OPEN);
    do {
        if (r < 0)
            break;
        struct gql_selection *s = *ret = ARENA_NEW(p->lexer.arena, struct gql_selection);
        s->place = p->token.place;
        r = p->token.kind == GQL_SPREAD ? fragment(p, s) : field(p, s);
        ret = &s->next;
    } while (r == 0 && p->token.kind != GQL_BRACE_CLOSE);
    parser_leave(p);
    return r == 0 ? parser_advance(p) : r;
}
