#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/world/world_rails.h"
#include "fakegitlab/gitaly.h"
#include "fakegitlab/store.h"
#include "lib/base/mem.h"
#include "lib/script/script_test.h"

/* A gRPC server that knows nothing of KAS, a port that nobody has, and one where nobody answers. */
struct scene {
    struct loop *loop;
    struct events *events;
    struct event_sub *sub;
    struct store *store;
    struct gitaly *gitaly;
    struct kas_secrets secrets;
    uint64_t next_conn_id;
    struct rails *rails;
    json_t *told; /* the last event of Rails that ends a call */
};

static void on_event(void *arg, const json_t *event)
{
    struct scene *s = arg;
    const char *name = json_string_value(json_object_get(event, "event"));

    if (strcmp(name, "rails.response") != 0 && strcmp(name, "rails.failed") != 0)
        return;
    json_decref(s->told);
    s->told = json_deep_copy(event);
    loop_stop(s->loop);
}

static void begin(struct scene *s)
{
    _cleanup_(freep) char *err = NULL;
    struct gitaly_options g = {0};

    *s = (struct scene){.loop = loop_new(), .next_conn_id = 1};
    assert_int_equal(events_open(NULL, NULL, &s->events), 0);
    s->sub = events_subscribe(s->events, on_event, s);
    assert_int_equal(store_open(&(struct store_options){.events = s->events}, &s->store, &err), 0);
    g = (struct gitaly_options){.loop = s->loop, .events = s->events, .next_conn_id = &s->next_conn_id, .store = s->store};
    assert_int_equal(gitaly_start(&g, &s->gitaly, &err), 0);
    kas_secrets_make(&s->secrets, s->events);
    s->rails = rails_new(s->loop, s->events, &s->next_conn_id, &s->secrets);
}

static void end(struct scene *s)
{
    rails_free(s->rails);
    gitaly_free(s->gitaly);
    loop_free(s->loop);
    store_free(s->store);
    events_unsubscribe(s->sub);
    events_free(s->events);
    json_decref(s->told);
}

static const json_t *call(struct scene *s, uint16_t port, const char *timeout)
{
    json_t *c = json_pack("{s:s,s:s,s:s,s:{s:s},s:o}", "id", "x", "method", "/a.B/C", "timeout", timeout, "message", "hex",
                          "0801", "to", json_sprintf("127.0.0.1:%d", (int)port));
    _cleanup_(freep) char *err = NULL;

    assert_int_equal(rails_call(s->rails, c, &err), 0);
    json_decref(c);
    loop_run(s->loop);
    return s->told;
}

static void calls_have_a_status(void **state)
{
    struct scene s;
    const json_t *told;

    (void)state;
    begin(&s);
    told = call(&s, gitaly_port(s.gitaly), "5s");
    assert_string_equal(json_string_value(json_object_get(told, "event")), "rails.response");
    assert_string_equal(json_string_value(json_object_get(told, "who")), "rails");
    assert_int_equal(json_integer_value(json_object_get(told, "code")), 12);
    assert_string_equal(json_string_value(json_object_get(told, "message")), "unknown service a.B");
    end(&s);
}

static void what_has_no_answer_is_told(void **state)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    _cleanup_(freep) char *err = NULL;
    socklen_t n = sizeof(a);
    json_t *bad;
    struct scene s;

    (void)state;
    begin(&s);
    assert_int_equal(bind(listener, (struct sockaddr *)&a, n), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &n), 0);
    assert_string_equal(json_string_value(json_object_get(call(&s, ntohs(a.sin_port), "5s"), "reason")),
                        "Connection refused");
    assert_int_equal(listen(listener, 1), 0);
    assert_string_equal(json_string_value(json_object_get(call(&s, ntohs(a.sin_port), "50ms"), "reason")),
                        "no answer in time");
    bad = json_pack("{s:s,s:s}", "method", "/a.B/C", "to", "nowhere");
    assert_true(rails_call(s.rails, bad, &err) < 0);
    assert_non_null(strstr(err, "expected HOST:PORT"));
    json_decref(bad);
    close(listener);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_have_a_status),
        cmocka_unit_test(what_has_no_answer_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
