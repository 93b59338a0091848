#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/script/spec.h"

static void null_is_no_key(void **state)
{
    json_t *spec = json_pack("{sn, sb, s{sn}}", "a", "b", 0, "c", "d"), *out = spec_without_nulls(spec);
    (void)state;
    assert_int_equal(json_object_size(out), 2);
    assert_true(json_is_false(json_object_get(out, "b")));
    assert_ptr_equal(json_object_get(out, "c"), json_object_get(spec, "c")); /* shallow */
    json_decref(out);
    out = spec_without_nulls(NULL);
    assert_int_equal(json_object_size(out), 0);
    json_decref(out);
    json_decref(spec);
}

static int read(const char *text, int64_t *connections, int64_t *header, char **reterr)
{
    const struct spec_limit list[] = {{"connections", false, 1000, connections}, {"header", true, 64 * 1024, header}};
    json_error_t e;
    json_t *limits = json_loads(text, 0, &e);
    *reterr = NULL;
    int r = spec_limits(limits, "kas", list, 2, reterr);
    json_decref(limits);
    return r;
}

static void limits_within_their_limits(void **state)
{
    int64_t connections = 7, header = 8;
    char *err;
    (void)state;
    assert_int_equal(read("{}", &connections, &header, &err), 0);
    assert_int_equal(connections, 7);
    assert_int_equal(read("{\"connections\": null, \"header\": \"64KiB\"}", &connections, &header, &err), 0);
    assert_int_equal(connections, 7);
    assert_int_equal(header, 64 * 1024);
    assert_int_equal(read("{\"connections\": 0}", &connections, &header, &err), -EINVAL);
    assert_string_equal(err, "kas.limits.connections: expected a number from 1 to 1000");
    free(err);
    assert_int_equal(read("{\"header\": \"65KiB\"}", &connections, &header, &err), -EINVAL);
    assert_string_equal(err, "kas.limits.header: expected a size such as 64KiB, from 1 to 65536");
    free(err);
    assert_int_equal(read("{\"header\": [1]}", &connections, &header, &err), -EINVAL);
    free(err);
    assert_int_equal(header, 64 * 1024); /* what was refused changes nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(null_is_no_key), cmocka_unit_test(limits_within_their_limits)};
    return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
