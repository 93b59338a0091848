#define PCRE2_CODE_UNIT_WIDTH 8
#include "lib/script/match.h"

#include <errno.h>
#include <pcre2.h>
#include <string.h>

#include "lib/base/mem.h"

/* Bad patterns from a scenario end in an error, not in a night of backtracking. */
#define BACKTRACK_MAX 1000000

/* The way down to the value under examination, for the words of `why`. */
struct path {
    const struct path *up;
    const char *key; /* NULL: index */
    size_t index;
};

/* `why` is written for the first leaf that does not fit, and only if somebody asked. */
struct run {
    char **why;
};

static bool fits(struct run *r, const struct path *at, const json_t *pattern, const json_t *value);

/* ---- why --------------------------------------------------------------------------------------------------- */

static char *path_text(const struct path *p)
{
    if (!p)
        return xstrdup("");
    _cleanup_(freep) char *up = path_text(p->up);
    if (!p->key)
        return xasprintf("%s[%zu]", up, p->index);
    return xasprintf("%s%s%s", up, *up ? "." : "", p->key);
}

static char *value_text(const json_t *v)
{
    char *text = v ? json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15)) : xstrdup("missing");
    if (text && strlen(text) > 300)
        memcpy(text + 297, "...", 4);
    return text ? text : xstrdup("?");
}

static bool no(struct run *r, const struct path *at, const json_t *pattern, const json_t *value)
{
    if (!r->why || *r->why)
        return false;
    _cleanup_(freep) char *where = path_text(at);
    _cleanup_(freep) char *seen = value_text(value), *expected = value_text(pattern);
    *r->why = xasprintf("%s%s%s, expected %s", where, *where ? ": " : "", seen, expected);
    return false;
}

/* ---- words ------------------------------------------------------------------------------------------------- */

static pcre2_code *regex_new(const char *text, char **reterr)
{
    int error;
    PCRE2_SIZE offset;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &error, &offset, NULL);
    if (!code && reterr) {
        unsigned char words[128];
        pcre2_get_error_message(error, words, sizeof(words));
        *reterr = xasprintf("the regular expression \"%s\" is wrong at character %zu: %s", text, offset + 1,
                            (const char *)words);
    }
    return code;
}

static bool regex_fits(const char *text, const json_t *value)
{
    pcre2_code *code = regex_new(text, NULL);
    if (!code)
        return false;
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(context, BACKTRACK_MAX);
    int n = pcre2_match(code, (PCRE2_SPTR)json_string_value(value), json_string_length(value), 0,
                        PCRE2_NO_UTF_CHECK, data, context);
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return n >= 0;
}

static bool text_has(const json_t *value, const json_t *part)
{
    return json_is_string(value) && json_is_string(part) &&
           memmem(json_string_value(value), json_string_length(value), json_string_value(part),
                  json_string_length(part));
}

static bool fits_quietly(const json_t *pattern, const json_t *value)
{
    return fits(&(struct run){NULL}, NULL, pattern, value);
}

static bool word_has(const json_t *arg, const json_t *value)
{
    if (!json_is_array(value))
        return text_has(value, arg);
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
        if (fits_quietly(arg, item))
            return true;
    return false;
}

static bool word_starts(const json_t *arg, const json_t *value)
{
    size_t n = json_string_length(arg);
    return json_is_string(value) && json_is_string(arg) && json_string_length(value) >= n &&
           memcmp(json_string_value(value), json_string_value(arg), n) == 0;
}

static bool word_ends(const json_t *arg, const json_t *value)
{
    size_t n = json_string_length(arg), len = json_string_length(value);
    return json_is_string(value) && json_is_string(arg) && len >= n &&
           memcmp(json_string_value(value) + len - n, json_string_value(arg), n) == 0;
}

static bool word_matches(const json_t *arg, const json_t *value)
{
    return json_is_string(value) && json_is_string(arg) && regex_fits(json_string_value(arg), value);
}

static bool word_any(const json_t *arg, const json_t *value)
{
    size_t i;
    json_t *p;
    json_array_foreach(arg, i, p)
        if (fits_quietly(p, value))
            return true;
    return false;
}

static bool word_not(const json_t *arg, const json_t *value)
{
    return !fits_quietly(arg, value);
}

static bool word_present(const json_t *arg, const json_t *value)
{
    return json_is_boolean(arg) && (value != NULL) == json_is_true(arg);
}

/* <0, 0, >0. Whole numbers are compared whole: a double has no room for all of 64 bits. */
static int number_compare(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b))
        return (json_integer_value(a) > json_integer_value(b)) - (json_integer_value(a) < json_integer_value(b));
    double x = json_number_value(a), y = json_number_value(b);
    return (x > y) - (x < y);
}

static bool word_at_least(const json_t *arg, const json_t *value)
{
    return json_is_number(value) && json_is_number(arg) && number_compare(value, arg) >= 0;
}

static bool word_at_most(const json_t *arg, const json_t *value)
{
    return json_is_number(value) && json_is_number(arg) && number_compare(value, arg) <= 0;
}

static bool word_is(const json_t *arg, const json_t *value)
{
    return value && json_equal(arg, value);
}

static const struct word {
    const char *name;
    bool (*fits)(const json_t *arg, const json_t *value);
} words[] = {
    {"has", word_has},         {"starts", word_starts},   {"ends", word_ends},         {"matches", word_matches},
    {"any", word_any},         {"not", word_not},         {"present", word_present},   {"at_least", word_at_least},
    {"at_most", word_at_most}, {"is", word_is},
};

static const struct word *word_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcmp(words[i].name, name) == 0)
            return &words[i];
    return NULL;
}

/* How many of an object's keys are words of the pattern language. */
static size_t words_in(const json_t *pattern)
{
    size_t n = 0;
    const char *key;
    json_t *arg;
    json_object_foreach((json_t *)pattern, key, arg)
        n += word_find(key) != NULL;
    return n;
}

static bool is_words(const json_t *pattern)
{
    return json_is_object(pattern) && json_object_size(pattern) > 0 &&
           words_in(pattern) == json_object_size(pattern);
}

/* ---- structure --------------------------------------------------------------------------------------------- */

/* The value under "a.b.0"; NULL if there is none. */
static const json_t *descend(const json_t *value, const char *key)
{
    if (json_is_array(value)) {
        char *end;
        unsigned long i = strtoul(key, &end, 10);
        if (end == key || (*end != '\0' && *end != '.'))
            return NULL;
        value = json_array_get(value, i);
        return *end == '.' && value ? descend(value, end + 1) : value;
    }
    const json_t *direct = json_object_get(value, key);
    const char *dot = strchr(key, '.');
    if (direct || !dot)
        return direct;
    _cleanup_(freep) char *head = xstrndup(key, (size_t)(dot - key));
    const json_t *inner = json_object_get(value, head);
    return inner ? descend(inner, dot + 1) : NULL;
}

static bool fits_words(struct run *r, const struct path *at, const json_t *pattern, const json_t *value)
{
    const char *key;
    json_t *arg;
    json_object_foreach((json_t *)pattern, key, arg)
        if (!word_find(key)->fits(arg, value))
            return no(r, at, pattern, value);
    return true;
}

static bool fits_object(struct run *r, const struct path *at, const json_t *pattern, const json_t *value)
{
    if (!json_is_object(value) && !json_is_array(value))
        return no(r, at, pattern, value);
    const char *key;
    json_t *inner;
    json_object_foreach((json_t *)pattern, key, inner) {
        struct path down = {.up = at, .key = key};
        if (!fits(r, &down, inner, descend(value, key)))
            return false;
    }
    return true;
}

static bool fits_array(struct run *r, const struct path *at, const json_t *pattern, const json_t *value)
{
    if (!json_is_array(value) || json_array_size(value) != json_array_size(pattern))
        return no(r, at, pattern, value);
    size_t i;
    json_t *inner;
    json_array_foreach(pattern, i, inner) {
        struct path down = {.up = at, .index = i};
        if (!fits(r, &down, inner, json_array_get(value, i)))
            return false;
    }
    return true;
}

static bool fits_scalar(struct run *r, const struct path *at, const json_t *pattern, const json_t *value)
{
    bool same = json_is_number(pattern) ? json_is_number(value) && number_compare(pattern, value) == 0
                                        : value && json_equal(pattern, value);
    return same || no(r, at, pattern, value);
}

static bool fits(struct run *r, const struct path *at, const json_t *pattern, const json_t *value)
{
    if (is_words(pattern))
        return fits_words(r, at, pattern, value);
    if (json_is_object(pattern))
        return fits_object(r, at, pattern, value);
    if (json_is_array(pattern))
        return fits_array(r, at, pattern, value);
    return fits_scalar(r, at, pattern, value);
}

bool match(const json_t *pattern, const json_t *value, char **why)
{
    if (why)
        *why = NULL;
    return fits(&(struct run){.why = why}, NULL, pattern, value);
}

/* ---- nearness ---------------------------------------------------------------------------------------------- */

/* A text that shares words with the expected one is nearer than one that shares none; but never as near as it. */
static double shared_words(const char *expected, const json_t *value)
{
    if (!json_is_string(value))
        return 0;
    size_t all = 0, shared = 0;
    for (const char *p = expected; *p;) {
        p += strspn(p, " ");
        size_t n = strcspn(p, " ");
        if (n == 0)
            break;
        all++;
        shared += memmem(json_string_value(value), json_string_length(value), p, n) != NULL;
        p += n;
    }
    return all ? 0.5 * (double)shared / (double)all : 0;
}

static double leaf_nearness(const json_t *pattern, const json_t *value)
{
    if (fits_quietly(pattern, value))
        return 1;
    const json_t *text = is_words(pattern) ? json_object_get(pattern, "has") : pattern;
    return json_is_string(text) ? shared_words(json_string_value(text), value) : 0;
}

static void count_leaves(const json_t *pattern, const json_t *value, double *fit, double *all)
{
    const char *key;
    size_t i;
    json_t *inner;
    if (json_is_object(pattern) && !is_words(pattern)) {
        json_object_foreach((json_t *)pattern, key, inner)
            count_leaves(inner, value ? descend(value, key) : NULL, fit, all);
    } else if (json_is_array(pattern)) {
        json_array_foreach(pattern, i, inner)
            count_leaves(inner, json_array_get(value, i), fit, all);
    } else {
        *fit += leaf_nearness(pattern, value);
        *all += 1;
    }
}

double match_nearness(const json_t *pattern, const json_t *value)
{
    double fit = 0, all = 0;
    count_leaves(pattern, value, &fit, &all);
    return all > 0 ? fit / all : 1;
}

/* ---- check ------------------------------------------------------------------------------------------------- */

static int check_word(const char *name, const json_t *arg, char **reterr)
{
    if (strcmp(name, "matches") == 0) {
        pcre2_code *code = json_is_string(arg) ? regex_new(json_string_value(arg), reterr) : NULL;
        if (!code && !*reterr)
            *reterr = xstrdup("`matches` takes a regular expression, a text");
        pcre2_code_free(code);
        return code ? 0 : -1;
    }
    const char *wants = NULL;
    if (strcmp(name, "any") == 0 && !json_is_array(arg))
        wants = "a list of patterns";
    else if (strcmp(name, "present") == 0 && !json_is_boolean(arg))
        wants = "true or false";
    else if ((strcmp(name, "at_least") == 0 || strcmp(name, "at_most") == 0) && !json_is_number(arg))
        wants = "a number";
    else if ((strcmp(name, "starts") == 0 || strcmp(name, "ends") == 0) && !json_is_string(arg))
        wants = "a text";
    if (wants)
        *reterr = xasprintf("`%s` takes %s", name, wants);
    return wants ? -1 : 0;
}

static int check(const json_t *pattern, char **reterr)
{
    const char *key;
    size_t i, n = json_is_object(pattern) ? words_in(pattern) : 0;
    json_t *inner;
    if (n > 0 && n < json_object_size(pattern)) {
        json_object_foreach((json_t *)pattern, key, inner)
            if (!word_find(key))
                break;
        *reterr = xasprintf("`%s` is no word of patterns and stands beside one; expected only words (has, starts, "
                            "ends, matches, any, not, present, at_least, at_most, is), or only keys of the value",
                            key);
        return -1;
    }
    json_object_foreach((json_t *)pattern, key, inner) {
        if (n > 0 && check_word(key, inner, reterr) < 0)
            return -1;
        if ((n == 0 || strcmp(key, "is") != 0) && check(inner, reterr) < 0)
            return -1;
    }
    json_array_foreach(pattern, i, inner)
        if (check(inner, reterr) < 0)
            return -1;
    return 0;
}

int match_check(const json_t *pattern, char **reterr)
{
    *reterr = NULL;
    return check(pattern, reterr) < 0 ? -EINVAL : 0;
}
