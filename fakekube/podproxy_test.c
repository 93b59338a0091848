/* What answers in every Pod: bytes, a count of what came, an echo behind an upgrade. */
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
#define PROXY "/api/v1/namespaces/default/pods/p/proxy"

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

static void body(void *kube, struct http1 *h, const uint8_t *p, size_t n)
{
    struct open_answer *o = http1_layer(h)->conn->user;
    (void)kube;
    if (o && o->body)
        o->body(o, h, p, n);
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
    http1_server_push(w->c, &(struct http1_owner){.request = kube_call_serve, .streams = podproxy_streams, .body = body, .arg = w->k});
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

static const char *feed(struct world *w, const char *text)
{
    conn_fake_feed(w->c, text, strlen(text));
    conn_fake_run(w->c);
    return take(w);
}

#define GET(rest) "GET " PROXY rest " HTTP/1.1\r\nHost: h\r\n"

static void test_bytes(void **state)
{
    struct world *w = world_new();
    (void)state;
    const char *got = feed(w, GET("/bytes/20") "\r\n");
    assert_non_null(strstr(got, "HTTP/1.1 200 OK"));
    assert_non_null(strstr(got, "\r\n14\r\n0123456789abcdef0123\r\n0\r\n\r\n"));
    assert_non_null(strstr(feed(w, GET("/bytes/0") "\r\n"), "\r\n\r\n0\r\n\r\n"));
    assert_non_null(strstr(feed(w, GET("/bytes/x") "\r\n"), "400 Bad Request"));
    assert_non_null(strstr(feed(w, GET("/none") "\r\n"), "404 page not found"));
    assert_non_null(strstr(feed(w, "GET /api/v1/namespaces/default/pods/q/proxy/bytes/1 HTTP/1.1\r\nHost: h\r\n\r\n"), "404 Not Found"));
    world_free(w);
}

static void test_count(void **state)
{
    struct world *w = world_new();
    (void)state;
    assert_string_equal(feed(w, "POST " PROXY "/count HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na"), ""); /* the rest is to come */
    assert_non_null(strstr(feed(w, "bc"), "{\"bytes\":3,\"sha256\":"
                                          "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}"));
    assert_non_null(strstr(feed(w, "POST " PROXY "/count HTTP/1.1\r\nHost: h\r\n\r\n"), "{\"bytes\":0,"));
    feed(w, "POST " PROXY "/count HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na"); /* and the client goes away */
    world_free(w);
}

static void test_echo(void **state)
{
    struct world *w = world_new();
    (void)state;
    assert_non_null(strstr(feed(w, GET("/echo") "\r\n"), "Upgrade request required"));
    const char *got = feed(w, GET("/echo") "Connection: upgrade\r\nUpgrade: echo/1\r\n\r\nat once");
    assert_non_null(strstr(got, "HTTP/1.1 101 Switching Protocols"));
    assert_non_null(strstr(got, "Upgrade: echo/1\r\n"));
    assert_non_null(strstr(got, "\r\n\r\nat once"));
    assert_string_equal(feed(w, "and later"), "and later");
    world_free(w);
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
