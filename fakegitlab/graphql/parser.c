/* What the parser's files share: tokens, errors, limits; and the definitions of a document. */
#include "fakegitlab/graphql/parser.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"

int parser_error(struct parser *p, struct gql_place place, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char text[512];
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (!p->lexer.error->message)
        *p->lexer.error = (struct gql_error){arena_printf(p->lexer.arena, "Syntax Error: %s", text), place};
    return -EINVAL;
}

int parser_advance(struct parser *p)
{
    int r = gql_lex(&p->lexer, &p->token);
    if (r < 0)
        return r;
    if (p->token.kind != GQL_END && ++p->tokens > p->limits->tokens)
        return parser_error(p, p->token.place, "Document contains more than %zu tokens. Parsing aborted.",
                            p->limits->tokens);
    return 0;
}

int parser_unexpected(struct parser *p, const struct gql_token *t)
{
    return parser_error(p, t->place, "Unexpected %s.", gql_token_text(p->lexer.arena, t));
}

int parser_expect(struct parser *p, enum gql_token_kind kind)
{
    if (p->token.kind == kind)
        return parser_advance(p);
    return parser_error(p, p->token.place, "Expected %s, found %s.", gql_token_kind_text(kind),
                        gql_token_text(p->lexer.arena, &p->token));
}

int parser_name(struct parser *p, const char **ret)
{
    *ret = p->token.text;
    return parser_expect(p, GQL_NAME);
}

bool parser_at_keyword(const struct parser *p, const char *word)
{
    return p->token.kind == GQL_NAME && strcmp(p->token.text, word) == 0;
}

int parser_keyword(struct parser *p, const char *word)
{
    if (parser_at_keyword(p, word))
        return parser_advance(p);
    return parser_error(p, p->token.place, "Expected \"%s\", found %s.", word,
                        gql_token_text(p->lexer.arena, &p->token));
}

int parser_enter(struct parser *p)
{
    if (p->nesting >= p->limits->nesting)
        return parser_error(p, p->token.place, "Document is nested deeper than %u. Parsing aborted.",
                            p->limits->nesting);
    p->nesting++;
    return 0;
}

void parser_leave(struct parser *p)
{
    p->nesting--;
}

static int operation(struct parser *p, struct gql_operation **ret)
{
    static const char *const kinds[] = {"query", "mutation", "subscription"};
    struct gql_operation *o = *ret = ARENA_NEW(p->lexer.arena, struct gql_operation);
    o->place = p->token.place;
    if (p->token.kind == GQL_BRACE_OPEN)
        return parse_selections(p, &o->selections);
    for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
        if (parser_at_keyword(p, kinds[i]))
            o->kind = (enum gql_operation_kind)i;
    int r = parser_advance(p);
    if (r == 0 && p->token.kind == GQL_NAME)
        r = parser_name(p, &o->name);
    if (r == 0)
        r = parse_variables(p, &o->variables);
    if (r == 0)
        r = parse_directives(p, false, &o->directives);
    return r == 0 ? parse_selections(p, &o->selections) : r;
}

static int fragment(struct parser *p, struct gql_fragment **ret)
{
    struct gql_fragment *f = *ret = ARENA_NEW(p->lexer.arena, struct gql_fragment);
    f->place = p->token.place;
    int r = parser_keyword(p, "fragment");
    if (r == 0)
        r = parse_fragment_name(p, &f->name);
    if (r == 0)
        r = parser_keyword(p, "on");
    f->on_place = p->token.place;
    if (r == 0)
        r = parser_name(p, &f->on);
    if (r == 0)
        r = parse_directives(p, false, &f->directives);
    return r == 0 ? parse_selections(p, &f->selections) : r;
}

/* Only a type may be described, and types are not for a server's clients to define. */
static int described(struct parser *p)
{
    struct gql_place place = p->token.place;
    int r = parser_advance(p);
    if (r < 0)
        return r;
    if (p->token.kind != GQL_NAME)
        return parser_unexpected(p, &p->token);
    return parser_error(p, place, "Unexpected description, descriptions are supported only on type definitions.");
}

static int definition(struct parser *p, struct gql_operation ***operations, struct gql_fragment ***fragments)
{
    int r;
    if (p->token.kind == GQL_BRACE_OPEN || parser_at_keyword(p, "query") || parser_at_keyword(p, "mutation") ||
        parser_at_keyword(p, "subscription")) {
        r = operation(p, *operations);
        *operations = &(**operations)->next;
    } else if (parser_at_keyword(p, "fragment")) {
        r = fragment(p, *fragments);
        *fragments = &(**fragments)->next;
    } else if (p->token.kind == GQL_STRING || p->token.kind == GQL_BLOCK_STRING) {
        r = described(p);
    } else {
        r = parser_unexpected(p, &p->token);
    }
    return r;
}

struct gql_document *gql_parse(struct arena *a, const char *text, size_t n, const struct gql_parse_limits *limits,
                               struct gql_error *error)
{
    struct parser p = {.limits = limits};
    struct gql_document *d = ARENA_NEW(a, struct gql_document);
    struct gql_operation **operations = &d->operations;
    struct gql_fragment **fragments = &d->fragments;
    *error = (struct gql_error){0};
    gql_lexer_init(&p.lexer, a, error, text, n);
    int r = 0;
    if (n > limits->document)
        r = parser_error(&p, (struct gql_place){1, 1}, "Document is larger than %zu bytes.", limits->document);
    if (r == 0)
        r = parser_advance(&p);
    do {
        if (r == 0)
            r = definition(&p, &operations, &fragments);
    } while (r == 0 && p.token.kind != GQL_END);
    return r == 0 ? d : NULL;
}

const struct gql_fragment *gql_fragment(const struct gql_document *d, const char *name)
{
    for (const struct gql_fragment *f = d->fragments; f; f = f->next)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}
