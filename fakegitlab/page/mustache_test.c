/* Templates: what they become, that nothing gets through unescaped, and that a wrong one is told of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "fakegitlab/page/mustache.h"
#include "lib/base/mem.h"

static struct mustache_text find(void *arg, const char *name, size_t len)
{
    const char *text = len == 4 && !memcmp(name, "head", 4)   ? "<h>{{title}}</h>"
                       : len == 4 && !memcmp(name, "loop", 4) ? "{{> loop}}"
                                                              : NULL;
    (void)arg;
    return (struct mustache_text){text, text ? strlen(text) : 0};
}

/* A new string; on a mistake, what is said of it. */
static char *render(const char *text, const char *data)
{
    struct buf b = BUF_NULL;
    char *err = NULL;
    json_t *j = json_loads(data, 0, NULL);
    assert_non_null(j);
    int r = mustache_render(&b, (struct mustache_text){text, strlen(text)}, j, find, NULL, &err);
    char *said = r < 0 ? err : xstrndup((const char *)buf_data(&b), buf_len(&b));
    assert_true(r == 0 || (r == -EINVAL && err));
    buf_done(&b);
    json_decref(j);
    return said;
}

static void texts(void **state)
{
    static const char *const rows[][3] = {
        {"plain", "{}", "plain"},
        {"{{a}} { {{ b }} }", "{\"a\": \"x\", \"b\": -3}", "x { -3 }"},
        {"<p title=\"{{a}}\">{{a}}", "{\"a\": \"<'&\\\">\"}",
         "<p title=\"&lt;&#39;&amp;&quot;&gt;\">&lt;&#39;&amp;&quot;&gt;"},
        {"{{a}}", "{\"a\": \"{{b}}\"}", "{{b}}"},
        {"[{{a}}]", "{\"a\": null}", "[]"},
        {"{{#l}}<{{x}}{{y}}>{{/l}}", "{\"y\": 9, \"l\": [{\"x\": 1}, {\"x\": 2, \"y\": 3}]}", "<19><23>"},
        {"{{#l}}{{.}},{{/l}}", "{\"l\": [\"a\", 2]}", "a,2,"},
        {"{{#l}}x{{/l}}{{^l}}none{{/l}}", "{\"l\": []}", "none"},
        {"{{#o}}{{x}}{{/o}}{{^o}}no{{/o}}", "{\"o\": {\"x\": \"in\"}}", "in"},
        {"{{#a}}1{{/a}}{{#b}}2{{/b}}{{#c}}3{{/c}}{{#d}}4{{/d}}{{^e}}5{{/e}}",
         "{\"a\": false, \"b\": true, \"c\": \"\", \"d\": \"t\"}", "245"},
        {"{{#a}}{{#b}}{{missing}}{{/b}}{{/a}}ok", "{\"b\": true}", "ok"},
        {"{{^a}}{{#l}}{{.}}{{/l}}{{/a}}", "{\"l\": [1, 2]}", "12"},
        {"{{> head}}!", "{\"title\": \"T\"}", "<h>T</h>!"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_(freep) char *said = render(rows[i][0], rows[i][1]);
        assert_string_equal(said, rows[i][2]);
    }
}

static void mistakes(void **state)
{
    static const char *const rows[][2] = {
        {"{{a", "is not closed"},           {"{{}}", "a name is missing"},
        {"{{#a}}", "{{a}}: is not closed"}, {"{{/a}}", "closes what is not"},
        {"{{#a}}{{/b}}", "{{b}}: closes"},  {"{{nothing}}", "{{nothing}}: there is no such value"},
        {"{{t}}", "neither text nor"},      {"{{> none}}", "no such template"},
        {"{{> loop}}", "too deep"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_(freep) char *said = render(rows[i][0], "{\"t\": true}");
        if (!strstr(said, rows[i][1]))
            fail_msg("%s: %s", rows[i][0], said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts), cmocka_unit_test(mistakes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
