/* Regular expressions. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "conformance/judge/regex.h"

#include <pcre2.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"

struct regex {
    pcre2_code *code;
};

struct regex *regex_new(const char *pattern, char **reterr)
{
    struct regex *r = NEW(struct regex);
    PCRE2_SIZE at;
    int code;

    r->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &code, &at, NULL);
    if (r->code)
        return r;
    if (reterr) {
        PCRE2_UCHAR text[256];
        pcre2_get_error_message(code, text, sizeof(text));
        *reterr = xasprintf("regular expression \"%s\": %s", pattern, (char *)text);
    }
    return regex_free(r);
}

struct regex *regex_free(struct regex *r)
{
    if (r) {
        pcre2_code_free(r->code);
        free(r);
    }
    return NULL;
}

bool regex_matches(const struct regex *r, const char *text)
{
    pcre2_match_data *m = pcre2_match_data_create_from_pattern(r->code, NULL);
    int n = pcre2_match(r->code, (PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, 0, m, NULL);

    pcre2_match_data_free(m);
    return n > 0;
}

char *regex_group(const char *pattern, const char *text, int group)
{
    struct regex *r = regex_new(pattern, NULL);
    pcre2_match_data *m;
    char *found = NULL;
    int n;

    if (!r)
        return NULL;
    m = pcre2_match_data_create_from_pattern(r->code, NULL);
    n = pcre2_match(r->code, (PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, 0, m, NULL);
    if (n > group) {
        PCRE2_SIZE *at = pcre2_get_ovector_pointer(m);
        if (at[2 * group] != PCRE2_UNSET)
            found = xstrndup(text + at[2 * group], at[2 * group + 1] - at[2 * group]);
    }
    pcre2_match_data_free(m);
    regex_free(r);
    return found;
}

char *regex_named(const struct regex_name *names, size_t n, const char *text)
{
    char *now = xstrdup(text);

    for (size_t i = 0; i < n; i++) {
        char *found;
        while ((found = regex_group(names[i].pattern, now, 0)) && *found) {
            char *at = strstr(now, found);
            char *next = xasprintf("%.*s%s%s", (int)(at - now), now, names[i].name, at + strlen(found));
            free(found);
            free(now);
            now = next;
        }
        free(found);
    }
    return now;
}

char *regex_replace(const struct regex *r, const char *text, char *(*with)(void *arg, const char *found),
                    void *arg)
{
    pcre2_match_data *m = pcre2_match_data_create_from_pattern(r->code, NULL);
    size_t length = strlen(text), at = 0;
    struct buf out = BUF_NULL;
    char *result;

    while (at <= length) {
        PCRE2_SIZE *o;
        size_t first, last;
        int n = pcre2_match(r->code, (PCRE2_SPTR)text, length, at, 0, m, NULL);
        if (n < 1)
            break;
        o = pcre2_get_ovector_pointer(m);
        first = n > 1 && o[2] != PCRE2_UNSET ? o[2] : o[0];
        last = n > 1 && o[2] != PCRE2_UNSET ? o[3] : o[1];
        if (last == first)
            break; /* an empty match would go on for ever */
        buf_add(&out, text + at, first - at);
        {
            _cleanup_(freep) char *found = xstrndup(text + first, last - first);
            _cleanup_(freep) char *instead = with(arg, found);
            buf_add(&out, instead, strlen(instead));
        }
        at = last;
    }
    buf_add(&out, text + at, length - at);
    result = xstrndup((const char *)buf_data(&out), buf_len(&out));
    buf_done(&out);
    pcre2_match_data_free(m);
    return result;
}
