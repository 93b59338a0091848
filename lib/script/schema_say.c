#include "lib/script/schema_say.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/script/schema.h"

#define LISTED_MAX 24

/* The first sentence: what follows it is for editors, which have room. */
char *say_expected(const json_t *schema)
{
    const char *text = json_string_value(json_object_get(schema, "description"));
    if (!text)
        return xstrdup("");
    const char *end = strstr(text, ". ");
    size_t n = end ? (size_t)(end - text) : strlen(text);
    if (n > 0 && text[n - 1] == '.')
        n--;
    return xasprintf("; expected %.*s", (int)n, text);
}

char *say_value(const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15));
    if (text && strlen(text) > 60)
        memcpy(text + 57, "...", 4);
    return text ? text : xstrdup("?");
}

/* The strings of an array, or the keys of an object; how many. */
static size_t strings_of(const json_t *from, const char **out, size_t max)
{
    size_t n = 0, i;
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)from, key, v)
        if (n < max)
            out[n++] = key;
    json_array_foreach(from, i, v)
        if (n < max && json_is_string(v))
            out[n++] = json_string_value(v);
    return n;
}

char *say_list(const json_t *strings)
{
    const char *list[256];
    size_t n = strings_of(strings, list, ARRAY_SIZE(list));
    struct buf b = BUF_NULL;
    for (size_t i = 0; i < n && i < LISTED_MAX; i++)
        buf_addf(&b, "%s%s", i ? ", " : "", list[i]);
    if (n > LISTED_MAX)
        buf_addf(&b, ", …");
    char *text = xmemdup(buf_data(&b), buf_len(&b));
    buf_done(&b);
    return text;
}

char *say_nearest(const char *word, const json_t *strings)
{
    const char *list[256];
    size_t n = strings_of(strings, list, ARRAY_SIZE(list));
    const char *near = nearest(word, list, n);
    return near ? xasprintf("; did you mean \"%s\"?", near) : xstrdup("");
}

const char *say_type(const char *type)
{
    static const char *const kinds[][2] = {
        {"object", "a mapping"}, {"array", "a list"},        {"string", "a text"}, {"integer", "a whole number"},
        {"number", "a number"},  {"boolean", "true or false"}, {"null", "nothing"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(kinds[i][0], type) == 0)
            return kinds[i][1];
    return type;
}

const char *say_kind(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "a mapping";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "the text";
    case JSON_INTEGER:
    case JSON_REAL:
        return "the number";
    case JSON_NULL:
        return "nothing";
    default:
        return "the word";
    }
}
