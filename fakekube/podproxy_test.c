/* What answers in every Pod: bytes, a count of what came, an echo behind an upgrade. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fakekube/kube_test_world.h"

#define POD "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"namespace\":\"default\"}," \
            "\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}"
#define PROXY "/api/v1/namespaces/default/pods/p/proxy"

static void body(void *kube, struct http1 *h, const uint8_t *p, size_t n)
{
    struct open_answer *o = http1_layer(h)->conn->user;
    (void)kube;
    if (o && o->body)
        o->body(o, h, p, n);
}

static void begin(struct kube_test_world *w)
{
    kube_test_begin(w, "{\"statuses\":\"never\"}", (struct http1_owner){.streams = podproxy_streams, .body = body});
    kube_test_do(w, "apply", POD, true);
}

#define GET(rest) "GET " PROXY rest " HTTP/1.1\r\nHost: h\r\n"

static void test_bytes(void **state)
{
    struct kube_test_world w;
    (void)state;
    begin(&w);
    const char *got = kube_test_feed(&w, GET("/bytes/20") "\r\n");
    assert_non_null(strstr(got, "HTTP/1.1 200 OK"));
    assert_non_null(strstr(got, "\r\n14\r\n0123456789abcdef0123\r\n0\r\n\r\n"));
    assert_non_null(strstr(kube_test_feed(&w, GET("/bytes/0") "\r\n"), "\r\n\r\n0\r\n\r\n"));
    assert_non_null(strstr(kube_test_feed(&w, GET("/bytes/x") "\r\n"), "400 Bad Request"));
    assert_non_null(strstr(kube_test_feed(&w, GET("/none") "\r\n"), "404 page not found"));
    assert_non_null(strstr(kube_test_feed(&w, "GET /api/v1/namespaces/default/pods/q/proxy/bytes/1 HTTP/1.1\r\nHost: h\r\n\r\n"), "404 Not Found"));
    kube_test_end(&w);
}

static void test_count(void **state)
{
    struct kube_test_world w;
    (void)state;
    begin(&w);
    assert_string_equal(kube_test_feed(&w, "POST " PROXY "/count HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na"), ""); /* the rest is to come */
    assert_non_null(strstr(kube_test_feed(&w, "bc"), "{\"bytes\":3,\"sha256\":"
                                          "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}"));
    assert_non_null(strstr(kube_test_feed(&w, "POST " PROXY "/count HTTP/1.1\r\nHost: h\r\n\r\n"), "{\"bytes\":0,"));
    kube_test_feed(&w, "POST " PROXY "/count HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na"); /* and the client goes away */
    kube_test_end(&w);
}

static void test_echo(void **state)
{
    struct kube_test_world w;
    (void)state;
    begin(&w);
    assert_non_null(strstr(kube_test_feed(&w, GET("/echo") "\r\n"), "Upgrade request required"));
    const char *got = kube_test_feed(&w, GET("/echo") "Connection: upgrade\r\nUpgrade: echo/1\r\n\r\nat once");
    assert_non_null(strstr(got, "HTTP/1.1 101 Switching Protocols"));
    assert_non_null(strstr(got, "Upgrade: echo/1\r\n"));
    assert_non_null(strstr(got, "\r\n\r\nat once"));
    assert_string_equal(kube_test_feed(&w, "and later"), "and later");
    kube_test_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_echo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
