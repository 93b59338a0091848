/* Values, arguments, directives and variables: sections 2.6, 2.9 to 2.12 of the specification. */
#include <errno.h>
#include <string.h>

#include "fakegitlab/graphql/parser.h"

static int list(struct parser *p, bool constant, struct gql_value *v)
{
    struct gql_value **tail = &v->items;
    v->kind = GQL_VALUE_LIST;
    int r = parser_advance(p);
    while (r == 0 && p->token.kind != GQL_BRACKET_CLOSE) {
        r = parse_value(p, constant, tail);
        tail = &(*tail)->next;
    }
    return r == 0 ? parser_advance(p) : r;
}

static int argument(struct parser *p, bool constant, struct gql_argument **ret)
{
    struct gql_argument *a = *ret = ARENA_NEW(p->lexer.arena, struct gql_argument);
    a->place = p->token.place;
    int r = parser_name(p, &a->name);
    if (r == 0)
        r = parser_expect(p, GQL_COLON);
    return r == 0 ? parse_value(p, constant, &a->value) : r;
}

static int object(struct parser *p, bool constant, struct gql_value *v)
{
    struct gql_argument **tail = &v->fields;
    v->kind = GQL_VALUE_OBJECT;
    int r = parser_advance(p);
    while (r == 0 && p->token.kind != GQL_BRACE_CLOSE) {
        r = argument(p, constant, tail);
        tail = &(*tail)->next;
    }
    return r == 0 ? parser_advance(p) : r;
}

static int variable(struct parser *p, bool constant, struct gql_value *v)
{
    struct gql_token dollar = p->token;
    v->kind = GQL_VALUE_VARIABLE;
    int r = parser_advance(p);
    if (r < 0)
        return r;
    if (!constant)
        return parser_name(p, &v->text);
    if (p->token.kind != GQL_NAME)
        return parser_unexpected(p, &dollar);
    return parser_error(p, dollar.place, "Unexpected variable \"$%s\" in constant value.", p->token.text);
}

static enum gql_value_kind named(const char *word)
{
    return strcmp(word, "null") == 0                                   ? GQL_VALUE_NULL
           : strcmp(word, "true") == 0 || strcmp(word, "false") == 0 ? GQL_VALUE_BOOLEAN
                                                                       : GQL_VALUE_ENUM;
}

static int scalar(struct parser *p, struct gql_value *v)
{
    v->text = p->token.text;
    v->len = p->token.len;
    switch (p->token.kind) {
    case GQL_INT:
        v->kind = GQL_VALUE_INT;
        break;
    case GQL_FLOAT:
        v->kind = GQL_VALUE_FLOAT;
        break;
    case GQL_STRING:
    case GQL_BLOCK_STRING:
        v->kind = GQL_VALUE_STRING;
        break;
    case GQL_NAME:
        v->kind = named(v->text);
        v->yes = strcmp(v->text, "true") == 0;
        break;
    default:
        return parser_unexpected(p, &p->token);
    }
    return parser_advance(p);
}

int parse_value(struct parser *p, bool constant, struct gql_value **ret)
{
    struct gql_value *v = *ret = ARENA_NEW(p->lexer.arena, struct gql_value);
    v->place = p->token.place;
    if (p->token.kind == GQL_DOLLAR)
        return variable(p, constant, v);
    if (p->token.kind != GQL_BRACKET_OPEN && p->token.kind != GQL_BRACE_OPEN)
        return scalar(p, v);
    int r = parser_enter(p);
    if (r == 0)
        r = p->token.kind == GQL_BRACKET_OPEN ? list(p, constant, v) : object(p, constant, v);
    parser_leave(p);
    return r;
}

int parse_arguments(struct parser *p, bool constant, struct gql_argument **ret)
{
    if (p->token.kind != GQL_PAREN_OPEN)
        return 0;
    int r = parser_advance(p);
    do {
        if (r == 0)
            r = argument(p, constant, ret);
        if (r < 0)
            return r;
        ret = &(*ret)->next;
    } while (p->token.kind != GQL_PAREN_CLOSE);
    return parser_advance(p);
}

int parse_directives(struct parser *p, bool constant, struct gql_directive **ret)
{
    while (p->token.kind == GQL_AT) {
        struct gql_directive *d = *ret = ARENA_NEW(p->lexer.arena, struct gql_directive);
        d->place = p->token.place;
        int r = parser_advance(p);
        if (r == 0)
            r = parser_name(p, &d->name);
        if (r == 0)
            r = parse_arguments(p, constant, &d->arguments);
        if (r < 0)
            return r;
        ret = &d->next;
    }
    return 0;
}

static int type(struct parser *p, struct gql_variable *v, const char **ret)
{
    int r;
    if (p->token.kind == GQL_BRACKET_OPEN) {
        const char *inner = NULL;
        r = parser_enter(p);
        if (r == 0)
            r = parser_advance(p);
        if (r == 0)
            r = type(p, v, &inner);
        if (r == 0)
            r = parser_expect(p, GQL_BRACKET_CLOSE);
        parser_leave(p);
        *ret = r == 0 ? arena_printf(p->lexer.arena, "[%s]", inner) : NULL;
    } else {
        v->type_place = p->token.place;
        r = parser_name(p, &v->type_name);
        *ret = v->type_name;
    }
    if (r == 0 && p->token.kind == GQL_BANG) {
        *ret = arena_printf(p->lexer.arena, "%s!", *ret);
        r = parser_advance(p);
    }
    return r;
}

static int variable_definition(struct parser *p, struct gql_variable **ret)
{
    struct gql_variable *v = *ret = ARENA_NEW(p->lexer.arena, struct gql_variable);
    v->place = p->token.place;
    int r = parser_expect(p, GQL_DOLLAR);
    if (r == 0)
        r = parser_name(p, &v->name);
    if (r == 0)
        r = parser_expect(p, GQL_COLON);
    if (r == 0)
        r = type(p, v, &v->type);
    if (r == 0 && p->token.kind == GQL_EQUALS) {
        r = parser_advance(p);
        if (r == 0)
            r = parse_value(p, true, &v->value);
    }
    return r == 0 ? parse_directives(p, true, &v->directives) : r;
}

int parse_variables(struct parser *p, struct gql_variable **ret)
{
    if (p->token.kind != GQL_PAREN_OPEN)
        return 0;
    int r = parser_advance(p);
    do {
        if (r == 0)
            r = variable_definition(p, ret);
        if (r < 0)
            return r;
        ret = &(*ret)->next;
    } while (p->token.kind != GQL_PAREN_CLOSE);
    return parser_advance(p);
}
