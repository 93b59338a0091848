/* Paths and queries that mean well, and those that do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "lib/proto/uri.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

/* The segments with "|" between, or the error. */
static void assert_path(const char *path, const char *expected)
{
    struct uri_path p;
    struct buf b = BUF_NULL;
    int r = uri_path_read(path, &p);
    for (size_t i = 0; i < p.n; i++)
        buf_addf(&b, "%s%s", i ? "|" : "", p.segments[i]);
    buf_add(&b, "", 1);
    assert_string_equal(r == -EINVAL ? "EINVAL" : r == -ENOENT ? "ENOENT" : (const char *)buf_data(&b), expected);
    buf_done(&b);
    uri_path_done(&p);
}

static void paths(void **state)
{
    assert_path("/", "");
    assert_path("/api/v4/x", "api|v4|x");
    assert_path("/api/v4/x/", "api|v4|x");
    assert_path("/projects/grp%2Fproj/cluster_agents", "projects|grp/proj|cluster_agents");
    assert_path("/projects/grp%2fsub%2Fproj", "projects|grp/sub/proj");
    assert_path("/grp%252Fproj", "grp%2Fproj"); /* decoded once */
    assert_path("/caf%C3%A9/a+b", "café|a+b");
}

static void path_tricks(void **state)
{
    assert_path("/a/../b", "ENOENT");
    assert_path("/a/%2e%2e/b", "ENOENT");
    assert_path("/a/.%2E/b", "ENOENT");
    assert_path("/a/./b", "ENOENT");
    assert_path("/..", "ENOENT");
    assert_path("//a", "ENOENT");
    assert_path("/a//b", "ENOENT");
    assert_path("/a%00b", "EINVAL");
    assert_path("/%", "EINVAL");
    assert_path("/%2", "EINVAL");
    assert_path("/%zz", "EINVAL");
    assert_path("/%ff", "EINVAL");
    assert_path("/\xff", "EINVAL");
    assert_path("/%c0%af", "EINVAL"); /* a slash, in more bytes than it needs */
    assert_path("*", "ENOENT");
    assert_path("", "ENOENT");
    assert_path("http://h/a", "ENOENT");
    assert_path("/a/%2e%2e%2fb", "a|../b"); /* one segment, and a name that nobody has */
    char deep[2 * 100 + 1];
    for (int i = 0; i < 100; i++)
        memcpy(deep + 2 * i, "/a", 3);
    assert_path(deep, "ENOENT");
}

static void assert_value(const char *query, const char *name, const char *expected)
{
    _cleanup_(freep) char *v = uri_form_get(query, strlen(query), name);
    if (!expected)
        assert_null(v);
    else
        assert_string_equal(v ? v : "(none)", expected);
}

static void queries(void **state)
{
    assert_value("id=grp%2Fproj", "id", "grp/proj");
    assert_value("a=1&id=7&&b", "id", "7");
    assert_value("a=1&id=7&&b", "b", "");
    assert_value("id=1&id=2", "id", "2");
    assert_value("name=a+b%2B", "name", "a b+");
    assert_value("a=b=c", "a", "b=c");
    assert_value("", "a", NULL);
    assert_value("ab=1", "a", NULL);
    assert_value("a%3D=1", "a=", "1");
}

static bool count(void *arg, const char *name, const char *value)
{
    ++*(int *)arg;
    return true;
}

static void bad_queries(void **state)
{
    int n = 0;
    assert_true(uri_form_each("a=1&b", 5, count, &n));
    assert_int_equal(n, 2);
    assert_false(uri_form_each("a=%", 3, count, &n));
    assert_false(uri_form_each("%zz=1", 5, count, &n));
    assert_false(uri_form_each("a=%00", 5, count, &n));
    assert_false(uri_form_each("a=\xff", 3, count, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),
        cmocka_unit_test(path_tricks),
        cmocka_unit_test(queries),
        cmocka_unit_test(bad_queries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
