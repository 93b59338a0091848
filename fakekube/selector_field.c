/* Field selectors: PATH=VALUE, PATH==VALUE, PATH!=VALUE, comma between; \ before , = and \ in a value. */
#include <errno.h>
#include <string.h>

#include "fakekube/selector_impl.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

/* The end of a term: a comma that no backslash stands before. */
static size_t term_length(const char *p)
{
    size_t n = 0;
    for (; p[n] && p[n] != ','; n++)
        if (p[n] == '\\' && p[n + 1])
            n++;
    return n;
}

static bool unescape(const char *p, size_t n, struct buf *out, char **reterr)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '=') {
            *reterr = xasprintf("invalid field selector: unescaped character in value: %d", p[i]);
            return false;
        }
        if (p[i] == '\\' && (++i == n || !strchr("\\,=", p[i]))) {
            *reterr = xasprintf("invalid field selector: invalid escape sequence: \\%.*s", i < n, p + i);
            return false;
        }
        buf_add(out, p + i, 1);
    }
    return true;
}

static bool read_term(struct selector *s, const char *p, size_t n, char **reterr)
{
    size_t key = 0, op = 0;
    for (; key < n && !op; key += !op)
        op = p[key] == '!' && key + 1 < n && p[key + 1] == '=' ? 2 : p[key] != '=' ? 0 : key + 1 < n && p[key + 1] == '=' ? 2 : 1;
    if (!op) {
        *reterr = xasprintf("invalid selector: '%.*s'; can't understand '%.*s'", (int)n, p, (int)n, p);
        return false;
    }
    struct buf value = BUF_NULL;
    bool fine = unescape(p + key + op, n - key - op, &value, reterr);
    if (fine)
        requirement_value(requirement_add(s, p, key, p[key] == '!' ? SELECT_NOT_IN : SELECT_IN), (const char *)buf_data(&value),
                          buf_len(&value));
    buf_done(&value);
    return fine;
}

int selector_fields(const char *text, struct selector **ret, char **reterr)
{
    struct selector *s = NEW(struct selector);
    while (*text) {
        size_t n = term_length(text);
        if (n && !read_term(s, text, n, reterr)) {
            selector_free(s);
            return -EINVAL;
        }
        text += n + (text[n] == ',');
    }
    *ret = s;
    return 0;
}
