#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "fakekas/front.h"

static struct front_answer ask(bool exact, const char *path, bool down)
{
    struct front f = {.omnibus = true, .exact = exact};
    struct front_request r = {.path = path, .target = path, .host = "gitlab.host.tld:8080", .kas_down = down};
    struct front_answer a;
    front_route(&f, &r, &a);
    return a;
}

static void routes(void **state)
{
    static const struct {
        const char *path;
        int prefix, exact; /* status before 14.5, and since; 0: reaches KAS */
    } table[] = {
        {"/-/kubernetes-agent/", 0, 0},
        {"/-/kubernetes-agent", 301, 301},
        {"/-/kubernetes-agent/anything", 0, 404},
        {"/-/kubernetes-agent/k8s-proxy", 0, 301},
        {"/-/kubernetes-agentx", 404, 404},
        {"/", 404, 404},
        {"", 404, 404},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct front_answer a = ask(false, table[i].path, false), b = ask(true, table[i].path, false);
        if (a.status != table[i].prefix || b.status != table[i].exact)
            fail_msg("%s: %d and %d", table[i].path, a.status, b.status);
        front_answer_done(&a);
        front_answer_done(&b);
    }
}

static void moved_as_nginx_says_it(void **state)
{
    (void)state;
    struct front_answer a = ask(true, "/-/kubernetes-agent", false);
    assert_int_equal(strlen(a.body), 162);
    assert_string_equal(json_string_value(json_object_get(a.headers, "Location")),
                        "http://gitlab.host.tld:8080/-/kubernetes-agent/");
    assert_string_equal(json_string_value(json_object_get(a.headers, "Content-Type")), "text/html");
    front_answer_done(&a);
}

static void kas_down(void **state)
{
    (void)state;
    struct front_answer a = ask(true, "/-/kubernetes-agent/", true);
    assert_int_equal(a.status, 502);
    front_answer_done(&a);
}

static void to_https(void **state)
{
    struct front f = {.omnibus = true, .redirect_https = true};
    struct front_request r = {.path = "/-/kubernetes-agent/", .target = "/-/kubernetes-agent/?x", .host = "h:80"};
    struct front_answer a;
    (void)state;
    front_route(&f, &r, &a);
    assert_int_equal(a.status, 301);
    assert_string_equal(json_string_value(json_object_get(a.headers, "Location")),
                        "https://h:443/-/kubernetes-agent/?x");
    front_answer_done(&a);
    r.tls = true;
    front_route(&f, &r, &a);
    assert_int_equal(a.status, 0);
}

static void specs(void **state)
{
    struct front f;
    json_t *o = json_pack("{s{sb}}", "omnibus", "redirect_http_to_https", 1), *bad = json_string("nginx");
    (void)state;
    assert_int_equal(front_read(NULL, true, &f), 0);
    assert_false(f.omnibus);
    assert_int_equal(front_read(o, true, &f), 0);
    assert_true(f.omnibus && f.redirect_https && f.exact);
    assert_true(front_read(bad, true, &f) < 0);
    json_decref(o);
    json_decref(bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes), cmocka_unit_test(moved_as_nginx_says_it), cmocka_unit_test(kas_down),
        cmocka_unit_test(to_https), cmocka_unit_test(specs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
