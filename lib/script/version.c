/* Grammar:
 *   range = all *( "||" all )
 *   all   = [ component ] [ term *( [","] term ) ]
 *   term  = op version | version " - " version | version | "*"
 */
#include "lib/script/version.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

struct version {
    bool head;
    int n;            /* how many numbers were written */
    unsigned long at[4];
    const char *pre;  /* "rc1" of "15.0.0-rc1"; "" for none; borrowed from the text */
    size_t pre_len;
};

static bool parse(const char *text, size_t len, struct version *v)
{
    *v = (struct version){.pre = ""};
    if (len == 4 && memcmp(text, "head", 4) == 0) {
        v->head = true;
        return true;
    }
    const char *p = text, *end = text + len;
    if (p < end && *p == 'v')
        p++;
    while (p < end && isdigit((unsigned char)*p) && v->n < 4) {
        unsigned long n = 0;
        for (; p < end && isdigit((unsigned char)*p); p++)
            n = n < 100000000 ? n * 10 + (unsigned long)(*p - '0') : n;
        v->at[v->n++] = n;
        if (p + 1 < end && *p == '.' && isdigit((unsigned char)p[1]))
            p++;
        else
            break;
    }
    if (v->n == 0)
        return false;
    if (p < end && *p == '-') {
        const char *plus = memchr(p, '+', (size_t)(end - p));
        v->pre = p + 1;
        v->pre_len = (size_t)((plus ? plus : end) - v->pre);
        return v->pre_len > 0;
    }
    return p == end || *p == '+';
}

static int pre_compare(const struct version *a, const struct version *b)
{
    if (a->pre_len == 0 || b->pre_len == 0)
        return (a->pre_len == 0) - (b->pre_len == 0); /* a version is above its own candidates */
    char x[64], y[64];
    size_t xn = a->pre_len < sizeof(x) - 1 ? a->pre_len : sizeof(x) - 1;
    size_t yn = b->pre_len < sizeof(y) - 1 ? b->pre_len : sizeof(y) - 1;
    memcpy(x, a->pre, xn);
    memcpy(y, b->pre, yn);
    x[xn] = y[yn] = '\0';
    return strverscmp(x, y); /* rc2 before rc10 */
}

/* `numbers`: compare only so many of them; then a candidate counts as its version. */
static int compare(const struct version *a, const struct version *b, int numbers)
{
    if (a->head || b->head)
        return a->head - b->head;
    for (int i = 0; i < numbers; i++)
        if (a->at[i] != b->at[i])
            return a->at[i] < b->at[i] ? -1 : 1;
    return numbers < 3 ? 0 : pre_compare(a, b);
}

int version_compare(const char *a, const char *b)
{
    struct version x, y;
    bool x_ok = parse(a, strlen(a), &x), y_ok = parse(b, strlen(b), &y);
    if (!x_ok || !y_ok)
        return x_ok - y_ok; /* what is no version is below all that are */
    return compare(&x, &y, 4);
}

/* ---- ranges ------------------------------------------------------------------------------------------------ */

struct tokens {
    const char *p;      /* rest of the text */
    const char *token;  /* the current one; len 0: end */
    size_t len;
};

static void next(struct tokens *t)
{
    t->p += strspn(t->p, " \t\n");
    t->token = t->p;
    size_t n = strspn(t->p, "<>=|");
    if (n == 0)
        n = *t->p == ',' ? 1 : strcspn(t->p, " \t\n,<>=|");
    t->len = n;
    t->p += n;
}

static bool is(const struct tokens *t, const char *s)
{
    return t->len == strlen(s) && memcmp(t->token, s, t->len) == 0;
}

static bool is_component(const struct tokens *t)
{
    return t->len > 0 && isalpha((unsigned char)t->token[0]) && !is(t, "head") &&
           !(t->token[0] == 'v' && t->len > 1 && isdigit((unsigned char)t->token[1]));
}

static bool take_version(struct tokens *t, struct version *v)
{
    if (t->len == 0 || !parse(t->token, t->len, v))
        return false;
    next(t);
    return true;
}

static bool holds(int order, char op, bool or_equal)
{
    return op == '<' ? order < 0 || (or_equal && order == 0) : op == '>' ? order > 0 || (or_equal && order == 0)
                                                                         : order == 0;
}

/* One term; false: no term. Clears *in if the version is outside. */
static bool take_term(struct tokens *t, const struct version *v, bool *in)
{
    static const char *const ops[] = {">=", "<=", ">", "<", "=", "=="};
    struct version bound, upper;
    if (is(t, "*")) {
        next(t);
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
        if (is(t, ops[i])) {
            next(t);
            if (!take_version(t, &bound))
                return false;
            *in &= holds(compare(v, &bound, bound.n), ops[i][0], ops[i][1] == '=');
            return true;
        }
    if (!take_version(t, &bound))
        return false;
    if (!is(t, "-")) {
        *in &= compare(v, &bound, bound.n) == 0;
        return true;
    }
    next(t);
    if (!take_version(t, &upper))
        return false;
    *in &= compare(v, &bound, bound.n) >= 0 && compare(v, &upper, upper.n) <= 0;
    return true;
}

/* One alternative; false: not well formed. */
static bool take_all(struct tokens *t, const char *component, const struct version *v, bool *in)
{
    *in = true;
    bool named = is_component(t);
    if (named) {
        if (component && (strlen(component) != t->len || memcmp(component, t->token, t->len) != 0))
            *in = false;
        next(t);
        if (t->len == 0 || is(t, "||"))
            return true;
    }
    do {
        if (!take_term(t, v, in))
            return false;
        if (is(t, ",")) {
            next(t);
            if (t->len == 0)
                return false;
        }
    } while (t->len > 0 && !is(t, "||"));
    return true;
}

int version_in(const char *range, const char *component, const char *version, bool *ret)
{
    struct version v;
    if (!parse(version, strlen(version), &v))
        return -EINVAL;
    struct tokens t = {.p = range};
    bool any = false;
    next(&t);
    for (;;) {
        bool in;
        if (!take_all(&t, component, &v, &in))
            return -EINVAL;
        any |= in;
        if (t.len == 0)
            break;
        next(&t); /* over the "||" */
    }
    *ret = any;
    return 0;
}

bool version_range_names(const char *range, const char *component)
{
    struct tokens t = {.p = range};
    bool first = true;
    for (next(&t); t.len > 0; next(&t)) {
        if (first && is_component(&t) && is(&t, component))
            return true;
        first = is(&t, "||");
    }
    return false;
}
