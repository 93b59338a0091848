#include "fakegitlab/graphql/lexer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"

static const char *const kind_texts[] = {
    [GQL_END] = "<EOF>",       [GQL_BANG] = "\"!\"",          [GQL_DOLLAR] = "\"$\"",
    [GQL_AMP] = "\"&\"",       [GQL_PAREN_OPEN] = "\"(\"",    [GQL_PAREN_CLOSE] = "\")\"",
    [GQL_SPREAD] = "\"...\"",  [GQL_COLON] = "\":\"",         [GQL_EQUALS] = "\"=\"",
    [GQL_AT] = "\"@\"",        [GQL_BRACKET_OPEN] = "\"[\"",  [GQL_BRACKET_CLOSE] = "\"]\"",
    [GQL_BRACE_OPEN] = "\"{\"", [GQL_PIPE] = "\"|\"",         [GQL_BRACE_CLOSE] = "\"}\"",
    [GQL_NAME] = "Name",       [GQL_INT] = "Int",             [GQL_FLOAT] = "Float",
    [GQL_STRING] = "String",   [GQL_BLOCK_STRING] = "BlockString",
};

static const struct {
    char character;
    enum gql_token_kind kind;
} punctuators[] = {
    {'!', GQL_BANG},          {'$', GQL_DOLLAR},     {'&', GQL_AMP},    {'(', GQL_PAREN_OPEN}, {')', GQL_PAREN_CLOSE},
    {':', GQL_COLON},         {'=', GQL_EQUALS},     {'@', GQL_AT},     {'[', GQL_BRACKET_OPEN},
    {']', GQL_BRACKET_CLOSE}, {'{', GQL_BRACE_OPEN}, {'|', GQL_PIPE},   {'}', GQL_BRACE_CLOSE},
};

void gql_lexer_init(struct gql_lexer *l, struct arena *a, struct gql_error *error, const char *p, size_t n)
{
    *l = (struct gql_lexer){a, error, p, p + n, p, {1, 1}};
}

const char *gql_token_kind_text(enum gql_token_kind kind)
{
    return kind_texts[kind];
}

const char *gql_token_text(struct arena *a, const struct gql_token *t)
{
    return t->text ? arena_printf(a, "%s \"%s\"", kind_texts[t->kind], t->text) : kind_texts[t->kind];
}

size_t gql_character(const char *p, const char *end, uint32_t *ret)
{
    const uint8_t *u = (const uint8_t *)p;
    size_t left = (size_t)(end - p);
    size_t n = u[0] < 0x80 ? 1 : u[0] < 0xc2 ? 0 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : u[0] < 0xf5 ? 4 : 0;
    if (n == 0 || n > left)
        return 0;
    uint32_t point = n == 1 ? u[0] : u[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (u[i] & 0x3fu);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < least[n] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    *ret = point;
    return n;
}

/* Bytes that are no UTF-8 count as one character each. */
static struct gql_place place_of(struct gql_lexer *l, const char *p)
{
    while (l->mark < p) {
        uint32_t point;
        size_t n = gql_character(l->mark, l->end, &point);
        l->mark += n ? n : 1;
        l->mark_place.column++;
    }
    return l->mark_place;
}

void gql_lex_newline(struct gql_lexer *l, const char *after)
{
    l->mark = after;
    l->mark_place.line++;
    l->mark_place.column = 1;
}

int gql_lex_error(struct gql_lexer *l, const char *at, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char text[512];
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (!l->error->message)
        *l->error = (struct gql_error){arena_printf(l->arena, "Syntax Error: %s", text), place_of(l, at)};
    return -EINVAL;
}

const char *gql_character_text(struct gql_lexer *l, const char *p)
{
    uint32_t point = 0;
    if (p >= l->end)
        return "<EOF>";
    if (gql_character(p, l->end, &point) == 0)
        return arena_printf(l->arena, "byte 0x%02X, which is no UTF-8", (uint8_t)*p);
    if (point >= 0x20 && point <= 0x7e)
        return point == '"' ? "'\"'" : arena_printf(l->arena, "\"%c\"", (char)point);
    return arena_printf(l->arena, "U+%04X", point);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void skip_comment(struct gql_lexer *l)
{
    while (l->at < l->end && *l->at != '\n' && *l->at != '\r') {
        uint32_t point;
        size_t n = gql_character(l->at, l->end, &point);
        if (n == 0)
            return;
        l->at += n;
    }
}

static void skip_ignored(struct gql_lexer *l)
{
    while (l->at < l->end) {
        char c = *l->at;
        if (c == ' ' || c == '\t' || c == ',') {
            l->at++;
        } else if (c == '\n' || c == '\r') {
            l->at += c == '\r' && l->end - l->at > 1 && l->at[1] == '\n' ? 2 : 1;
            gql_lex_newline(l, l->at);
        } else if (c == '#') {
            l->at++;
            skip_comment(l);
        } else if (l->end - l->at >= 3 && memcmp(l->at, "\xef\xbb\xbf", 3) == 0) {
            l->at += 3;
        } else {
            return;
        }
    }
}

static char peek(const struct gql_lexer *l, const char *p)
{
    return p < l->end ? *p : '\0';
}

static int digits(struct gql_lexer *l, const char **p)
{
    if (!is_digit(peek(l, *p)))
        return gql_lex_error(l, *p, "Invalid number, expected digit but got: %s.", gql_character_text(l, *p));
    while (is_digit(peek(l, *p)))
        ++*p;
    return 0;
}

static int lex_number(struct gql_lexer *l, struct gql_token *t)
{
    const char *p = l->at;
    t->kind = GQL_INT;
    if (peek(l, p) == '-')
        p++;
    if (peek(l, p) == '0') {
        p++;
        if (is_digit(peek(l, p)))
            return gql_lex_error(l, p, "Invalid number, unexpected digit after 0: %s.", gql_character_text(l, p));
    } else if (digits(l, &p) < 0) {
        return -EINVAL;
    }
    if (peek(l, p) == '.') {
        t->kind = GQL_FLOAT;
        p++;
        if (digits(l, &p) < 0)
            return -EINVAL;
    }
    if (peek(l, p) == 'e' || peek(l, p) == 'E') {
        t->kind = GQL_FLOAT;
        p++;
        if (peek(l, p) == '+' || peek(l, p) == '-')
            p++;
        if (digits(l, &p) < 0)
            return -EINVAL;
    }
    if (peek(l, p) == '.' || is_name_start(peek(l, p)))
        return gql_lex_error(l, p, "Invalid number, expected digit but got: %s.", gql_character_text(l, p));
    t->len = (size_t)(p - l->at);
    t->text = arena_strndup(l->arena, l->at, t->len);
    l->at = p;
    return 0;
}

static void lex_name(struct gql_lexer *l, struct gql_token *t)
{
    const char *p = l->at;
    while (is_name_start(peek(l, p)) || is_digit(peek(l, p)))
        p++;
    t->kind = GQL_NAME;
    t->len = (size_t)(p - l->at);
    t->text = arena_strndup(l->arena, l->at, t->len);
    l->at = p;
}

static int unexpected(struct gql_lexer *l)
{
    uint32_t point;
    if (*l->at == '\'')
        return gql_lex_error(l, l->at,
                             "Unexpected single quote character ('), did you mean to use a double quote (\")?");
    return gql_lex_error(l, l->at, "%s character: %s.",
                         gql_character(l->at, l->end, &point) ? "Unexpected" : "Invalid",
                         gql_character_text(l, l->at));
}

int gql_lex(struct gql_lexer *l, struct gql_token *ret)
{
    skip_ignored(l);
    *ret = (struct gql_token){.kind = GQL_END, .place = place_of(l, l->at)};
    if (l->at >= l->end)
        return 0;
    size_t left = (size_t)(l->end - l->at);
    char c = *l->at;
    for (size_t i = 0; i < ARRAY_SIZE(punctuators); i++)
        if (punctuators[i].character == c) {
            ret->kind = punctuators[i].kind;
            l->at++;
            return 0;
        }
    if (c == '"')
        return left >= 3 && memcmp(l->at, "\"\"\"", 3) == 0 ? gql_lex_block_string(l, ret) : gql_lex_string(l, ret);
    if (is_digit(c) || c == '-')
        return lex_number(l, ret);
    if (is_name_start(c)) {
        lex_name(l, ret);
        return 0;
    }
    if (left >= 3 && memcmp(l->at, "...", 3) == 0) {
        ret->kind = GQL_SPREAD;
        l->at += 3;
        return 0;
    }
    return unexpected(l);
}
