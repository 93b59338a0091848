/* What containers print, as `kubectl logs` asks for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fakekube/kube_test_world.h"
#include "lib/base/mem.h"
#include "lib/net/conn_test.h"

#define POD "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"namespace\":\"default\"}," \
            "\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}"
#define LOG "/api/v1/namespaces/default/pods/p/log"

static void begin(struct kube_test_world *w)
{
    kube_test_begin(w, "{\"statuses\":\"never\"}", (struct http1_owner){0});
    kube_test_do(w, "apply", POD, true);
}

static const char *get(struct kube_test_world *w, const char *target)
{
    _cleanup_(freep) char *text = xasprintf("GET %s HTTP/1.1\r\nHost: h\r\n\r\n", target);
    return kube_test_feed(w, text);
}

static void line(struct kube_test_world *w, const char *text)
{
    kube_log_line(w->k, "default", "p", "c", text, strlen(text));
}

static void test_lines(void **state)
{
    struct kube_test_world w;
    (void)state;
    begin(&w);
    assert_non_null(strstr(get(&w, LOG), "connect: connection refused")); /* nobody plays its node */
    kube_log_begin(w.k, "default", "p", "c");
    line(&w, "one");
    line(&w, "two \xff");
    const char *got = get(&w, LOG);
    assert_non_null(strstr(got, "HTTP/1.1 200 OK"));
    assert_non_null(strstr(got, "\r\n4\r\none\n\r\n"));
    assert_non_null(strstr(got, "two ?\n"));
    got = get(&w, LOG "?tailLines=1");
    assert_null(strstr(got, "one\n"));
    assert_non_null(strstr(got, "two ?\n"));
    assert_non_null(strstr(get(&w, LOG "?timestamps=true"), ".000000000Z one\n"));
    assert_non_null(strstr(get(&w, LOG "?container=d"), "container d is not valid for pod p"));
    assert_non_null(strstr(get(&w, LOG "?previous=true"), "previous terminated container \\\"c\\\" in pod \\\"p\\\" not found"));
    assert_non_null(strstr(get(&w, "/api/v1/namespaces/default/pods/q/log"), "pods \\\"q\\\" not found"));
    kube_log_begin(w.k, "default", "p", "c");
    line(&w, "three");
    assert_non_null(strstr(get(&w, LOG "?previous=true"), "one\n"));
    assert_null(strstr(get(&w, LOG), "one\n"));
    kube_test_end(&w);
}

static void test_follow(void **state)
{
    struct kube_test_world w;
    (void)state;
    begin(&w);
    kube_log_begin(w.k, "default", "p", "c");
    line(&w, "one");
    const char *got = get(&w, LOG "?follow=true");
    assert_non_null(strstr(got, "one\n"));
    assert_null(strstr(got, "\r\n0\r\n\r\n"));
    line(&w, "two");
    assert_non_null(strstr(kube_test_take(&w), "two\n"));
    kube_log_end(w.k, "default", "p", "c");
    assert_non_null(strstr(kube_test_take(&w), "0\r\n\r\n"));
    assert_non_null(strstr(get(&w, LOG "?follow=true"), "\r\n0\r\n\r\n")); /* it is over: no waiting */
    kube_log_begin(w.k, "default", "p", "c");
    (void)get(&w, LOG "?follow=1");
    kube_test_do(&w, "delete", "{\"kind\":\"Pod\",\"name\":\"p\"}", true);
    assert_non_null(strstr(kube_test_take(&w), "0\r\n\r\n")); /* the Pod went */
    kube_test_end(&w);
}

/* Its connection goes before the log does, or the other way round. */
static void test_gone(void **state)
{
    struct kube_test_world w;
    (void)state;
    begin(&w);
    kube_log_begin(w.k, "default", "p", "c");
    (void)get(&w, LOG "?follow=true");
    conn_fake_free(w.c);
    line(&w, "nobody hears it");
    w.c = NULL;
    kube_test_end(&w);
}

static void test_waiting_and_verb(void **state)
{
    struct kube_test_world w;
    (void)state;
    begin(&w);
    kube_test_do(&w, "log", "{\"name\":\"q\"}", false);
    kube_test_do(&w, "log", "{\"name\":\"p\",\"lines\":[\"said\"],\"end\":true}", true);
    assert_non_null(strstr(get(&w, LOG "?follow=true"), "said\n"));
    kube_test_do(&w, "delete", "{\"kind\":\"Pod\",\"name\":\"p\"}", true);
    kube_test_do(&w, "apply",
            "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]},"
            "\"status\":{\"containerStatuses\":[{\"name\":\"c\",\"state\":{\"waiting\":{\"reason\":\"ContainerCreating\"}}}]}}",
            true);
    const char *got = get(&w, LOG);
    assert_true(strstr(got, "is waiting to start: ContainerCreating") || strstr(got, "connection refused"));
    kube_test_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_follow),
        cmocka_unit_test(test_gone),
        cmocka_unit_test(test_waiting_and_verb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
