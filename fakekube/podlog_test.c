/* What containers print, as `kubectl logs` asks for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fakekube/internal.h"
#include "lib/base/mem.h"
#include "lib/net/conn_test.h"

#define POD "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"namespace\":\"default\"}," \
            "\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}"
#define LOG "/api/v1/namespaces/default/pods/p/log"

struct world {
    struct events *events;
    struct loop *loop;
    struct kube *k;
    struct conn *c;
    struct buf got;
};

static void do_verb(struct world *w, const char *verb, const char *text, bool works)
{
    json_t *args = json_loads(text, 0, NULL);
    char *err = NULL;
    assert_non_null(args);
    if ((kube_perform(w->k, verb, args, &err) == 0) != works)
        fail_msg("%s: %s", verb, err);
    free(err);
    json_decref(args);
}

static struct world *world_new(void)
{
    struct world *w = NEW(struct world);
    char *err = NULL;
    json_t *spec = json_loads("{\"statuses\":\"never\"}", 0, NULL);
    assert_int_equal(events_open(NULL, NULL, &w->events), 0);
    w->loop = loop_new();
    assert_int_equal(kube_start(&(struct kube_options){.loop = w->loop, .events = w->events, .spec = spec}, &w->k, &err), 0);
    json_decref(spec);
    w->c = conn_fake_new(NULL, w->events);
    w->c->on_free = kube_abandon;
    http1_server_push(w->c, &(struct http1_owner){.request = kube_call_serve, .arg = w->k});
    conn_fake_open(w->c);
    do_verb(w, "apply", POD, true);
    return w;
}

static void world_free(struct world *w)
{
    conn_fake_free(w->c);
    kube_free(w->k);
    loop_free(w->loop);
    events_free(w->events);
    buf_done(&w->got);
    free(w);
}

static const char *take(struct world *w)
{
    struct buf *out = conn_fake_out(w->c);
    buf_consume(&w->got, buf_len(&w->got));
    buf_add(&w->got, buf_data(out), buf_len(out));
    buf_consume(out, buf_len(out));
    buf_add(&w->got, "", 1);
    return (const char *)buf_data(&w->got);
}

static const char *get(struct world *w, const char *target)
{
    _cleanup_(freep) char *text = xasprintf("GET %s HTTP/1.1\r\nHost: h\r\n\r\n", target);
    conn_fake_feed(w->c, text, strlen(text));
    return take(w);
}

static void line(struct world *w, const char *text)
{
    kube_log_line(w->k, "default", "p", "c", text, strlen(text));
}

static void test_lines(void **state)
{
    struct world *w = world_new();
    (void)state;
    assert_non_null(strstr(get(w, LOG), "connect: connection refused")); /* nobody plays its node */
    kube_log_begin(w->k, "default", "p", "c");
    line(w, "one");
    line(w, "two \xff");
    const char *got = get(w, LOG);
    assert_non_null(strstr(got, "HTTP/1.1 200 OK"));
    assert_non_null(strstr(got, "\r\n4\r\none\n\r\n"));
    assert_non_null(strstr(got, "two ?\n"));
    got = get(w, LOG "?tailLines=1");
    assert_null(strstr(got, "one\n"));
    assert_non_null(strstr(got, "two ?\n"));
    assert_non_null(strstr(get(w, LOG "?timestamps=true"), ".000000000Z one\n"));
    assert_non_null(strstr(get(w, LOG "?container=d"), "container d is not valid for pod p"));
    assert_non_null(strstr(get(w, LOG "?previous=true"), "previous terminated container \\\"c\\\" in pod \\\"p\\\" not found"));
    assert_non_null(strstr(get(w, "/api/v1/namespaces/default/pods/q/log"), "pods \\\"q\\\" not found"));
    kube_log_begin(w->k, "default", "p", "c");
    line(w, "three");
    assert_non_null(strstr(get(w, LOG "?previous=true"), "one\n"));
    assert_null(strstr(get(w, LOG), "one\n"));
    world_free(w);
}

static void test_follow(void **state)
{
    struct world *w = world_new();
    (void)state;
    kube_log_begin(w->k, "default", "p", "c");
    line(w, "one");
    const char *got = get(w, LOG "?follow=true");
    assert_non_null(strstr(got, "one\n"));
    assert_null(strstr(got, "\r\n0\r\n\r\n"));
    line(w, "two");
    assert_non_null(strstr(take(w), "two\n"));
    kube_log_end(w->k, "default", "p", "c");
    assert_non_null(strstr(take(w), "0\r\n\r\n"));
    assert_non_null(strstr(get(w, LOG "?follow=true"), "\r\n0\r\n\r\n")); /* it is over: no waiting */
    kube_log_begin(w->k, "default", "p", "c");
    (void)get(w, LOG "?follow=1");
    do_verb(w, "delete", "{\"kind\":\"Pod\",\"name\":\"p\"}", true);
    assert_non_null(strstr(take(w), "0\r\n\r\n")); /* the Pod went */
    world_free(w);
}

/* Its connection goes before the log does, or the other way round. */
static void test_gone(void **state)
{
    struct world *w = world_new();
    (void)state;
    kube_log_begin(w->k, "default", "p", "c");
    (void)get(w, LOG "?follow=true");
    conn_fake_free(w->c);
    line(w, "nobody hears it");
    w->c = conn_fake_new(NULL, w->events);
    world_free(w);
}

static void test_waiting_and_verb(void **state)
{
    struct world *w = world_new();
    (void)state;
    do_verb(w, "log", "{\"name\":\"q\"}", false);
    do_verb(w, "log", "{\"name\":\"p\",\"lines\":[\"said\"],\"end\":true}", true);
    assert_non_null(strstr(get(w, LOG "?follow=true"), "said\n"));
    do_verb(w, "delete", "{\"kind\":\"Pod\",\"name\":\"p\"}", true);
    do_verb(w, "apply",
            "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]},"
            "\"status\":{\"containerStatuses\":[{\"name\":\"c\",\"state\":{\"waiting\":{\"reason\":\"ContainerCreating\"}}}]}}",
            true);
    const char *got = get(w, LOG);
    assert_true(strstr(got, "is waiting to start: ContainerCreating") || strstr(got, "connection refused"));
    world_free(w);
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
