/* The grammar of label selectors, with the words of apimachinery's labels.Parse() for what is none. */
#include <errno.h>
#include <string.h>

#include "fakekube/selector_impl.h"
#include "lib/base/mem.h"

enum { NAME_MAX_LEN = 63, PREFIX_MAX_LEN = 253, SHOWN_MAX = 200 };

enum token { T_END, T_ERROR, T_CLOSE, T_COMMA, T_NOT, T_DOUBLE, T_EQUALS, T_GREATER, T_ID, T_IN, T_LESS, T_DIFFERS, T_NOT_IN, T_OPEN };

struct parser {
    const char *at;   /* behind the token that is looked at */
    enum token token; /* that one */
    const char *text;
    size_t len;
    struct selector *s;
    char *error;      /* owned; NULL: none yet */
};

/* ---- words ---- */

static const struct {
    const char *text;
    enum token token;
} symbols[] = {{"==", T_DOUBLE}, {"!=", T_DIFFERS}, {"=", T_EQUALS}, {"!", T_NOT},    {"(", T_OPEN},
               {")", T_CLOSE},   {",", T_COMMA},    {">", T_GREATER}, {"<", T_LESS}};

static void next(struct parser *p)
{
    p->at += strspn(p->at, " \t\r\n");
    p->text = p->at;
    p->len = 0;
    p->token = *p->at ? T_ID : T_END;
    for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
        if (!strncmp(p->at, symbols[i].text, strlen(symbols[i].text))) {
            p->len = strlen(symbols[i].text);
            p->token = symbols[i].token;
            break;
        }
    if (p->token == T_ID) {
        p->len = strcspn(p->at, "=!(),>< \t\r\n");
        if (p->len == 2 && !strncmp(p->at, "in", 2))
            p->token = T_IN;
        if (p->len == 5 && !strncmp(p->at, "notin", 5))
            p->token = T_NOT_IN;
    }
    p->at += p->len;
}

/* Where a value stands, "in" and "notin" are values like others. */
static bool is_word(const struct parser *p)
{
    return p->token == T_ID || p->token == T_IN || p->token == T_NOT_IN;
}

static bool fail(struct parser *p, const char *expected)
{
    if (!p->error)
        p->error = xasprintf("found '%.*s'%s expected: %s", p->len < SHOWN_MAX ? (int)p->len : SHOWN_MAX, p->text,
                             strcmp(expected, "'('") ? "," : "", expected);
    return false;
}

/* ---- what a key and a value may be ---- */

static bool alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!alphanumeric(p[i]) && !strchr("-_.", p[i]))
            return false;
    return n && n <= NAME_MAX_LEN && alphanumeric(p[0]) && alphanumeric(p[n - 1]);
}

static bool is_prefix(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(alphanumeric(p[i]) && !(p[i] >= 'A' && p[i] <= 'Z')) && !strchr("-.", p[i]))
            return false;
    return n && n <= PREFIX_MAX_LEN && alphanumeric(p[0]) && alphanumeric(p[n - 1]);
}

static bool key_is_fine(struct parser *p)
{
    const char *slash = memchr(p->text, '/', p->len);
    size_t prefix = slash ? (size_t)(slash - p->text) : 0, start = slash ? prefix + 1 : 0;
    if ((!slash || is_prefix(p->text, prefix)) && is_name(p->text + start, p->len - start))
        return true;
    p->error = xasprintf("key: Invalid value: \"%.*s\": name part must consist of alphanumeric characters, '-', '_' or '.', and must "
                         "start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used "
                         "for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
                         p->len < SHOWN_MAX ? (int)p->len : SHOWN_MAX, p->text);
    return false;
}

static bool value_add(struct parser *p, struct requirement *r, const char *text, size_t len)
{
    if (len && !is_name(text, len)) {
        p->error = xasprintf("values[0][%s]: Invalid value: \"%.*s\": a valid label must be an empty string or consist of "
                             "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
                             "(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
                             "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
                             r->key, len < SHOWN_MAX ? (int)len : SHOWN_MAX, text);
        return false;
    }
    requirement_value(r, text, len);
    return true;
}

/* ---- the grammar ---- */

static bool read_values(struct parser *p, struct requirement *r)
{
    if (p->token != T_OPEN)
        return fail(p, "'('");
    next(p);
    for (;;) {
        bool word = is_word(p);
        if (!value_add(p, r, p->text, word ? p->len : 0))
            return false;
        if (word)
            next(p);
        if (p->token == T_CLOSE)
            break;
        if (p->token != T_COMMA)
            return fail(p, word ? "',' or ')'" : "',', ')' or identifier");
        next(p);
    }
    next(p);
    return true;
}

static bool read_exact(struct parser *p, struct requirement *r)
{
    if (p->token == T_END || p->token == T_COMMA)
        return value_add(p, r, "", 0);
    if (!is_word(p))
        return fail(p, "identifier");
    if (!value_add(p, r, p->text, p->len))
        return false;
    next(p);
    return true;
}

static bool op_of(enum token t, enum select_op *ret)
{
    static const enum select_op ops[] = {[T_DOUBLE] = SELECT_IN, [T_EQUALS] = SELECT_IN, [T_IN] = SELECT_IN,
                                         [T_GREATER] = SELECT_GREATER, [T_LESS] = SELECT_LESS,
                                         [T_DIFFERS] = SELECT_NOT_IN, [T_NOT_IN] = SELECT_NOT_IN};
    *ret = t < ARRAY_SIZE(ops) ? ops[t] : SELECT_EXISTS;
    return *ret != SELECT_EXISTS;
}

static bool read_requirement(struct parser *p)
{
    bool negated = p->token == T_NOT;
    if (negated)
        next(p);
    if (!is_word(p))
        return fail(p, "identifier");
    if (!key_is_fine(p))
        return false;
    const char *key = p->text;
    size_t len = p->len;
    next(p);
    if (negated || p->token == T_END || p->token == T_COMMA) {
        requirement_add(p->s, key, len, negated ? SELECT_MISSING : SELECT_EXISTS);
        return true;
    }
    enum select_op op;
    enum token how = p->token;
    if (!op_of(how, &op))
        return fail(p, "in, notin, =, ==, !=, gt, lt");
    struct requirement *r = requirement_add(p->s, key, len, op);
    next(p);
    if (how == T_IN || how == T_NOT_IN)
        return read_values(p, r);
    return read_exact(p, r);
}

static void read_all(struct parser *p)
{
    next(p);
    while (p->token != T_END) {
        if (!is_word(p) && p->token != T_NOT) {
            fail(p, "!, identifier, or 'end of string'");
            return;
        }
        if (!read_requirement(p)) {
            char *why = p->error;
            p->error = xasprintf("unable to parse requirement: %s", why);
            free(why);
            return;
        }
        if (p->token == T_END)
            return;
        if (p->token != T_COMMA) {
            fail(p, "',' or 'end of string'");
            return;
        }
        next(p);
        if (!is_word(p) && p->token != T_NOT) {
            fail(p, "identifier after ','");
            return;
        }
    }
}

int selector_labels(const char *text, struct selector **ret, char **reterr)
{
    struct parser p = {.at = text, .s = NEW(struct selector)};
    read_all(&p);
    if (!p.error) {
        *ret = p.s;
        return 0;
    }
    selector_free(p.s);
    *reterr = p.error;
    return -EINVAL;
}
