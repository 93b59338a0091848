/* What the tests of this room share. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <string.h>

#include "lib/base/mem.h"

/* JSON with ' for ", so that it can be read in C. */
static inline json_t *js(const char *text)
{
    _cleanup_(freep) char *quoted = xstrdup(text);
    for (char *p = quoted; *p; p++)
        if (*p == '\'')
            *p = '"';
    json_error_t e;
    json_t *v = json_loads(quoted, JSON_DECODE_ANY, &e);
    if (!v)
        fail_msg("bad JSON in the test: %s: %s", e.text, text);
    return v;
}

/* v is taken. */
static inline void assert_json(json_t *v, const char *expected)
{
    json_t *e = js(expected);
    _cleanup_(freep) char *a = json_dumps(v, JSON_ENCODE_ANY | JSON_SORT_KEYS);
    _cleanup_(freep) char *b = json_dumps(e, JSON_ENCODE_ANY | JSON_SORT_KEYS);
    assert_non_null(a);
    assert_string_equal(a, b);
    json_decref(v);
    json_decref(e);
}
