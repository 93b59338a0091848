/* See kube_test_world.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fakekube/kube_test_world.h"
#include "lib/base/mem.h"
#include "lib/net/conn_test.h"

void kube_test_do(struct kube_test_world *w, const char *verb, const char *text, bool works)
{
    json_t *args = json_loads(text, 0, NULL);
    char *err = NULL;
    assert_non_null(args);
    if ((kube_perform(w->k, verb, args, &err) == 0) != works)
        fail_msg("%s: %s", verb, err);
    free(err);
    json_decref(args);
}

void kube_test_begin(struct kube_test_world *w, const char *text, struct http1_owner door)
{
    char *err = NULL;
    json_t *spec = json_loads(text, 0, NULL);
    *w = (struct kube_test_world){.loop = loop_new()};
    assert_int_equal(events_open(NULL, NULL, &w->events), 0);
    assert_int_equal(kube_start(&(struct kube_options){.loop = w->loop, .events = w->events, .spec = spec}, &w->k, &err), 0);
    json_decref(spec);
    w->c = conn_fake_new(NULL, w->events);
    w->c->on_free = kube_abandon;
    door.request = kube_call_serve;
    door.arg = w->k;
    http1_server_push(w->c, &door);
    conn_fake_open(w->c);
}

void kube_test_end(struct kube_test_world *w)
{
    if (w->c)
        conn_fake_free(w->c);
    kube_free(w->k);
    loop_free(w->loop);
    events_free(w->events);
    buf_done(&w->got);
}

const char *kube_test_take(struct kube_test_world *w)
{
    struct buf *out = conn_fake_out(w->c);
    buf_consume(&w->got, buf_len(&w->got));
    buf_add(&w->got, buf_data(out), buf_len(out));
    buf_consume(out, buf_len(out));
    buf_add(&w->got, "", 1);
    return (const char *)buf_data(&w->got);
}

const char *kube_test_feed(struct kube_test_world *w, const char *text)
{
    conn_fake_feed(w->c, text, strlen(text));
    conn_fake_run(w->c);
    return kube_test_take(w);
}
