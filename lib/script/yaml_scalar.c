#include "lib/script/yaml_scalar.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

static bool one_of(const char *s, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(s, *words) == 0)
            return true;
    return false;
}

static size_t digits(const char *s, const char *set)
{
    return strspn(s, set);
}

static bool is_whole(const char *s)
{
    s += *s == '-' || *s == '+';
    size_t n = digits(s, "0123456789");
    return n > 0 && s[n] == '\0';
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_real(const char *s)
{
    s += *s == '-' || *s == '+';
    size_t before = digits(s, "0123456789");
    s += before;
    size_t after = 0;
    if (*s == '.') {
        s++;
        after = digits(s, "0123456789");
        s += after;
    }
    if (before + after == 0)
        return false;
    if (*s == 'e' || *s == 'E') {
        s++;
        s += *s == '-' || *s == '+';
        size_t n = digits(s, "0123456789");
        if (n == 0)
            return false;
        s += n;
    }
    return *s == '\0';
}

static json_t *whole(const char *s, int base, const char **reterr)
{
    errno = 0;
    long long n = strtoll(s, NULL, base);
    if (errno == ERANGE) {
        *reterr = "this number needs more than 64 bits; put it in quotes if it is a text";
        return NULL;
    }
    return json_integer(n);
}

static bool is_based(const char *s, char letter, const char *set)
{
    return s[0] == '0' && s[1] == letter && s[2] != '\0' && s[2 + digits(s + 2, set)] == '\0';
}

json_t *yaml_plain_scalar(const char *text, size_t len, const char **reterr)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    static const char *const endless[] = {".inf", ".Inf", ".INF", "-.inf", "-.Inf", "-.INF", "+.inf", "+.Inf",
                                          "+.INF", ".nan", ".NaN", ".NAN", NULL};

    *reterr = "this text is not valid UTF-8";
    if (strlen(text) != len)
        return json_stringn(text, len);
    if (one_of(text, nulls))
        return json_null();
    if (one_of(text, trues))
        return json_true();
    if (one_of(text, falses))
        return json_false();
    if (is_whole(text))
        return whole(text, 10, reterr);
    if (is_based(text, 'x', "0123456789abcdefABCDEF"))
        return whole(text + 2, 16, reterr);
    if (is_based(text, 'o', "01234567"))
        return whole(text + 2, 8, reterr);
    if (one_of(text, endless)) {
        *reterr = "infinity and not-a-number have no meaning here; put them in quotes if they are texts";
        return NULL;
    }
    if (is_real(text)) {
        double d = strtod(text, NULL);
        if (!isfinite(d)) {
            *reterr = "this number is too large";
            return NULL;
        }
        return json_real(d);
    }
    return json_stringn(text, len);
}
