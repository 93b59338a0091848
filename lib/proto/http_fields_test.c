/* Fields in pieces, again, and unreadable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/proto/http_fields.h"

static void field(struct http_fields *f, const char *name, const char *value)
{
    for (; *name; name++)
        http_fields_name(f, name, 1);
    http_fields_value(f, "", 0);
    for (; *value; value++)
        http_fields_value(f, value, 1);
}

static void fields_as_they_come(void **state)
{
    struct http_fields f;
    (void)state;
    http_fields_init(&f, "<no UTF-8>");
    field(&f, "Content-Type", "text/plain");
    field(&f, "Via", "one");
    field(&f, "X-Odd", "\xff");
    field(&f, "via", "two");
    field(&f, "VIA", "three");
    field(&f, "Empty", "");
    http_fields_end(&f);
    http_fields_end(&f); /* behind a trailer that was not there */
    json_t *want = json_pack("{ss s[sss] ss ss}", "content-type", "text/plain", "via", "one", "two", "three", "x-odd",
                             "<no UTF-8>", "empty", "");
    assert_true(json_equal(f.all, want));
    json_decref(want);
    http_fields_done(&f);
    http_fields_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fields_as_they_come)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
