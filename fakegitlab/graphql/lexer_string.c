/* Strings and block strings (specification, section 2.9.4). */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "fakegitlab/graphql/lexer.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

static void take(struct gql_lexer *l, struct gql_token *t, const struct buf *b, const char *after)
{
    t->len = buf_len(b);
    t->text = arena_strndup(l->arena, (const char *)buf_data(b), t->len);
    l->at = after;
}

static void add_character(struct buf *b, uint32_t c)
{
    char out[4];
    size_t n = 0;
    if (c < 0x80) {
        out[n++] = (char)c;
    } else {
        if (c < 0x800) {
            out[n++] = (char)(0xc0 | c >> 6);
        } else {
            if (c < 0x10000) {
                out[n++] = (char)(0xe0 | c >> 12);
            } else {
                out[n++] = (char)(0xf0 | c >> 18);
                out[n++] = (char)(0x80 | (c >> 12 & 0x3f));
            }
            out[n++] = (char)(0x80 | (c >> 6 & 0x3f));
        }
        out[n++] = (char)(0x80 | (c & 0x3f));
    }
    buf_add(b, out, n);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* How many bytes the next n characters have. */
static int span(const struct gql_lexer *l, const char *p, size_t n)
{
    const char *q = p;
    while (n-- && q < l->end) {
        uint32_t point;
        size_t bytes = gql_character(q, l->end, &point);
        q += bytes ? bytes : 1;
    }
    return (int)(q - p);
}

static int bad_unicode(struct gql_lexer *l, const char *p, size_t characters)
{
    return gql_lex_error(l, p, "Invalid Unicode escape sequence: \"%.*s\".", span(l, p, characters), p);
}

static bool is_scalar(uint32_t c)
{
    return c <= 0xd7ff || (c >= 0xe000 && c <= 0x10ffff);
}

/* \u{1F600}: from one digit to eight, of which the value must be a character. */
static int wide_escape(struct gql_lexer *l, const char **p, struct buf *out)
{
    uint32_t point = 0;
    size_t size = 3;
    while (size < 12 && *p + size < l->end) {
        char c = (*p)[size++];
        if (c == '}') {
            if (size < 5 || !is_scalar(point))
                break;
            add_character(out, point);
            *p += size;
            return 0;
        }
        if (hex_digit(c) < 0)
            break;
        point = point << 4 | (uint32_t)hex_digit(c);
    }
    return bad_unicode(l, *p, size);
}

static bool four_digits(const struct gql_lexer *l, const char *p, uint32_t *ret)
{
    *ret = 0;
    for (int i = 0; i < 4; i++) {
        if (p + i >= l->end || hex_digit(p[i]) < 0)
            return false;
        *ret = *ret << 4 | (uint32_t)hex_digit(p[i]);
    }
    return true;
}

static int narrow_escape(struct gql_lexer *l, const char **p, struct buf *out)
{
    uint32_t code, second;
    if (!four_digits(l, *p + 2, &code))
        return bad_unicode(l, *p, 6);
    if (is_scalar(code)) {
        add_character(out, code);
        *p += 6;
        return 0;
    }
    /* JSON's way to write what has more than 16 bits: only as a pair. */
    if (code <= 0xdbff && l->end - *p >= 12 && (*p)[6] == '\\' && (*p)[7] == 'u' && four_digits(l, *p + 8, &second) &&
        second >= 0xdc00 && second <= 0xdfff) {
        add_character(out, 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00));
        *p += 12;
        return 0;
    }
    return bad_unicode(l, *p, 6);
}

static int escape(struct gql_lexer *l, const char **p, struct buf *out)
{
    static const char from[] = "\"/\\bfnrt", to[] = "\"/\\\b\f\n\r\t";
    char c = *p + 1 < l->end ? (*p)[1] : '\0';
    if (c == 'u')
        return *p + 2 < l->end && (*p)[2] == '{' ? wide_escape(l, p, out) : narrow_escape(l, p, out);
    const char *found = c ? strchr(from, c) : NULL;
    if (!found)
        return gql_lex_error(l, *p, "Invalid character escape sequence: \"%.*s\".", span(l, *p, 2), *p);
    buf_add(out, &to[found - from], 1);
    *p += 2;
    return 0;
}

static int not_utf8(struct gql_lexer *l, const char *p)
{
    return gql_lex_error(l, p, "Invalid character within String: %s.", gql_character_text(l, p));
}

int gql_lex_string(struct gql_lexer *l, struct gql_token *t)
{
    _cleanup_(buf_done) struct buf value = BUF_NULL;
    t->kind = GQL_STRING;
    const char *p = l->at + 1;
    while (p < l->end && *p != '\n' && *p != '\r') {
        uint32_t point;
        if (*p == '"') {
            take(l, t, &value, p + 1);
            return 0;
        }
        if (*p == '\\') {
            if (escape(l, &p, &value) < 0)
                return -EINVAL;
            continue;
        }
        size_t n = gql_character(p, l->end, &point);
        if (n == 0)
            return not_utf8(l, p);
        buf_add(&value, p, n);
        p += n;
    }
    return gql_lex_error(l, p, "Unterminated string.");
}

struct line {
    const char *text;
    size_t len, indent;
};

static struct line next_line(const char **p, const char *end)
{
    const char *newline = memchr(*p, '\n', (size_t)(end - *p));
    struct line line = {*p, (size_t)((newline ? newline : end) - *p), 0};
    while (line.indent < line.len && (line.text[line.indent] == ' ' || line.text[line.indent] == '\t'))
        line.indent++;
    *p = newline ? newline + 1 : NULL;
    return line;
}

/* BlockStringValue(): the indentation that all lines but the first share goes, and so do empty lines before and after. */
static void dedent(const struct buf *raw, struct buf *out)
{
    const char *text = (const char *)buf_data(raw), *end = text + buf_len(raw);
    size_t common = SIZE_MAX, first = SIZE_MAX, last = 0, i = 0;
    for (const char *p = text; p; i++) {
        struct line line = next_line(&p, end);
        if (line.indent == line.len)
            continue;
        if (first == SIZE_MAX)
            first = i;
        last = i;
        if (i > 0 && line.indent < common)
            common = line.indent;
    }
    i = 0;
    for (const char *p = text; p && first != SIZE_MAX && i <= last; i++) {
        struct line line = next_line(&p, end);
        size_t cut = i == 0 ? 0 : common < line.len ? common : line.len;
        if (i < first)
            continue;
        if (i > first)
            buf_add(out, "\n", 1);
        buf_add(out, line.text + cut, line.len - cut);
    }
}

int gql_lex_block_string(struct gql_lexer *l, struct gql_token *t)
{
    _cleanup_(buf_done) struct buf raw = BUF_NULL, value = BUF_NULL;
    t->kind = GQL_BLOCK_STRING;
    const char *p = l->at + 3;
    while (p < l->end) {
        uint32_t point;
        size_t left = (size_t)(l->end - p);
        if (left >= 3 && memcmp(p, "\"\"\"", 3) == 0) {
            dedent(&raw, &value);
            take(l, t, &value, p + 3);
            return 0;
        }
        if (left >= 4 && memcmp(p, "\\\"\"\"", 4) == 0) {
            buf_add(&raw, "\"\"\"", 3);
            p += 4;
            continue;
        }
        if (*p == '\n' || *p == '\r') {
            p += *p == '\r' && left > 1 && p[1] == '\n' ? 2 : 1;
            buf_add(&raw, "\n", 1);
            gql_lex_newline(l, p);
            continue;
        }
        size_t n = gql_character(p, l->end, &point);
        if (n == 0)
            return not_utf8(l, p);
        buf_add(&raw, p, n);
        p += n;
    }
    return gql_lex_error(l, p, "Unterminated string.");
}
