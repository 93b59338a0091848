/* Bytes to tokens (specification, section 2.1). Comments, commas and white space are skipped. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "fakegitlab/graphql/arena.h"

struct gql_place {
    uint32_t line, column; /* from 1; columns count characters */
};

enum gql_token_kind {
    GQL_END,
    GQL_BANG,
    GQL_DOLLAR,
    GQL_AMP,
    GQL_PAREN_OPEN,
    GQL_PAREN_CLOSE,
    GQL_SPREAD,
    GQL_COLON,
    GQL_EQUALS,
    GQL_AT,
    GQL_BRACKET_OPEN,
    GQL_BRACKET_CLOSE,
    GQL_BRACE_OPEN,
    GQL_PIPE,
    GQL_BRACE_CLOSE,
    GQL_NAME,
    GQL_INT,
    GQL_FLOAT,
    GQL_STRING,
    GQL_BLOCK_STRING,
};

struct gql_token {
    enum gql_token_kind kind;
    struct gql_place place;
    const char *text; /* name, digits, or the string that was meant; NUL after it; in the arena */
    size_t len;       /* a string may have NULs in it */
};

/* The first error stands; its message begins with "Syntax Error: ". */
struct gql_error {
    const char *message; /* in the arena; NULL: none */
    struct gql_place place;
};

struct gql_lexer {
    struct arena *arena;
    struct gql_error *error;
    const char *at, *end;
    /* Where columns were counted last, so that one long line is not counted again for each token. */
    const char *mark;
    struct gql_place mark_place;
};

void gql_lexer_init(struct gql_lexer *l, struct arena *a, struct gql_error *error, const char *p, size_t n);
/* 0, or -EINVAL with the error set. After the end: the end again. */
int gql_lex(struct gql_lexer *l, struct gql_token *ret);

/* "Name \"query\"", "\"{\"", "<EOF>": as messages name a token, in the arena. */
const char *gql_token_text(struct arena *a, const struct gql_token *t);
const char *gql_token_kind_text(enum gql_token_kind kind);

/* For the lexer's files. */
int gql_lex_error(struct gql_lexer *l, const char *at, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The character at p: how many bytes it has and which it is; 0 for bytes that are no UTF-8. */
size_t gql_character(const char *p, const char *end, uint32_t *ret);
/* "\"x\"", "U+00E9", "<EOF>" */
const char *gql_character_text(struct gql_lexer *l, const char *p);
int gql_lex_string(struct gql_lexer *l, struct gql_token *t);
int gql_lex_block_string(struct gql_lexer *l, struct gql_token *t);
void gql_lex_newline(struct gql_lexer *l, const char *after); /* a line begins at `after` */
