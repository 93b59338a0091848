/* A relay on a loop; a client on the same loop asks it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "fakehubble/hubble.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/net/dial.h"
#include "lib/proto/http2_client.h"
#include "lib/proto/messages.h"
#include "lib/proto/pb.h"
#include "lib/script/faults.h"

struct run {
    struct loop *loop;
    struct events *events;
    struct hubble *hubble;
    uint64_t ids;
    struct buf request;
    struct conn *conn;
    struct h2c *h2;
    struct buf got;
    int status; /* -1: none came */
    char *message;
    size_t stop_at; /* so many answers */
    void (*then)(void *arg); /* what is done after the first answer; NULL: nothing */
    struct timer *timer;
};

/* ---- the client ---- */

static void look(struct run *r, const struct h2_header *h, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(h[i].name, "grpc-status"))
            r->status = atoi(h[i].value);
        if (!strcmp(h[i].name, "grpc-message")) {
            free(r->message);
            r->message = xstrdup(h[i].value);
        }
    }
}

static void response(void *arg, struct h2c_stream *s, const struct h2_header *h, size_t n, bool ended)
{
    look(arg, h, n);
}

static void trailers(void *arg, struct h2c_stream *s, const struct h2_header *h, size_t n)
{
    look(arg, h, n);
}

/* One answer from `at`: how long it is with its prefix; 0: not whole yet. */
static size_t whole(const struct buf *b, size_t at)
{
    const uint8_t *p = buf_data(b) + at;
    if (buf_len(b) < at + 5)
        return 0;
    size_t n = 5 + ((size_t)p[3] << 8 | p[4]);
    return buf_len(b) < at + n ? 0 : n;
}

static size_t answers(const struct run *r)
{
    size_t n = 0, at = 0, len;
    for (; (len = whole(&r->got, at)); at += len)
        n++;
    return n;
}

static void data(void *arg, struct h2c_stream *s, const uint8_t *p, size_t n)
{
    struct run *r = arg;
    buf_add(&r->got, p, n);
    if (r->then && !r->timer)
        r->timer = timer_new(r->loop, 0, r->then, r); /* not from within the client */
    if (r->stop_at && answers(r) >= r->stop_at)
        loop_stop(r->loop);
}

static void closed(void *arg, struct h2c_stream *s, uint32_t code)
{
    loop_stop(((struct run *)arg)->loop);
}

static void nothing(void *arg, struct h2c_stream *s)
{
}

static void ping(void *arg, const uint8_t p[8], bool ack)
{
}

static void goaway(void *arg, uint32_t code, int32_t last, const char *debug)
{
}

static void gone(void *arg)
{
    ((struct run *)arg)->h2 = NULL;
}

#define HEADER(n_, v_) {.name = n_, .value = v_, .name_len = strlen(n_), .value_len = strlen(v_)}

static void build(void *arg, struct conn *c)
{
    struct run *r = arg;
    struct h2_header h[] = {HEADER(":method", "POST"), HEADER(":scheme", "http"), HEADER(":path", "/observer.Observer/GetFlows"),
                            HEADER(":authority", "relay"), HEADER("content-type", "application/grpc"), HEADER("te", "trailers")};
    struct h2c_owner owner = {.response = response, .data = data, .trailers = trailers, .end = nothing, .closed = closed,
                              .drained = nothing, .ping = ping, .goaway = goaway, .gone = gone, .arg = r};
    r->conn = c;
    r->h2 = h2c_push(c, &owner);
    struct h2c_stream *s = h2c_request(r->h2, 1, h, ARRAY_SIZE(h), r);
    h2c_data(s, buf_data(&r->request), buf_len(&r->request));
    h2c_end(s);
}

static void dial_failed(void *arg, int error)
{
    fail_msg("%s", strerror(error));
}

static void too_long(void *arg)
{
    fail_msg("nothing comes any more");
}

/* The message of answer i; a new reference. */
static json_t *answer(const struct run *r, size_t i)
{
    size_t at = 0;
    while (i--)
        at += whole(&r->got, at);
    return pb_to_json(message_find("hubble.GetFlowsResponse"), buf_data(&r->got) + at + 5, whole(&r->got, at) - 5);
}

static void hang_up(struct run *r)
{
    if (r->h2) {
        h2c_forget(r->h2);
        conn_kill(r->conn, "done");
    }
    r->h2 = NULL;
}

/* A call on a connection of its own, until it ends or so many answers came. request: stolen. */
static void ask(struct run *r, json_t *request, size_t stop_at)
{
    struct dial *d;
    uint8_t *p, prefix[5] = {0};
    size_t n;
    char *err = NULL;
    hang_up(r);
    if (pb_from_json(message_find("hubble.GetFlowsRequest"), request, &p, &n, &err) < 0)
        fail_msg("%s", err);
    json_decref(request);
    prefix[4] = (uint8_t)n;
    buf_done(&r->request);
    buf_add(&r->request, prefix, 5);
    buf_add(&r->request, p, n);
    free(p);
    buf_done(&r->got);
    r->status = -1;
    r->stop_at = stop_at;
    json_t *there = hubble_listeners(r->hubble);
    const char *address = json_string_value(json_object_get(json_array_get(there, 0), "address"));
    struct dial_options o = {.host = "127.0.0.1", .port = (uint16_t)atoi(strrchr(address, ':') + 1), .who = "agent", .loop = r->loop,
                             .events = r->events, .next_conn_id = &r->ids, .build = build, .failed = dial_failed, .arg = r};
    assert_int_equal(dial_start(&o, &d), 0);
    json_decref(there);
    struct timer *t = timer_new(r->loop, 10000, too_long, NULL);
    loop_run(r->loop);
    timer_free(t);
}

/* ---- the world ---- */

static int try(struct run *r, json_t *spec, char **err)
{
    *r = (struct run){.status = -1};
    r->loop = loop_new();
    assert_int_equal(events_open(NULL, NULL, &r->events), 0);
    struct hubble_options o = {.loop = r->loop, .events = r->events, .next_conn_id = &r->ids, .spec = spec};
    int ret = hubble_start(&o, &r->hubble, err);
    json_decref(spec);
    return ret;
}

static void begin(struct run *r, json_t *spec)
{
    char *err = NULL;
    if (try(r, spec, &err) < 0)
        fail_msg("%s", err);
}

static void end(struct run *r)
{
    hang_up(r);
    hubble_free(r->hubble);
    loop_free(r->loop);
    events_free(r->events);
    free(r->message);
    buf_done(&r->request);
    buf_done(&r->got);
}

static json_t *json(const char *text)
{
    json_error_t error;
    json_t *j = json_loads(text, 0, &error);
    if (!j)
        fail_msg("%s: %s", text, error.text);
    return j;
}

static void happens(struct run *r, const char *flow)
{
    char *err = NULL;
    json_t *args = json(flow);
    if (hubble_perform(r->hubble, "flow", args, &err) < 0)
        fail_msg("%s", err);
    json_decref(args);
}

#define ASKS "\"whitelist\": [{\"verdict\": [\"DROPPED\"], \"event_type\": [{\"type\": 5}, {\"type\": 129}]}]"
#define DROPPED(node) "{\"verdict\": \"DROPPED\", \"node_name\": \"" node "\"}"

static void expect_node(const struct run *r, size_t i, const char *node)
{
    json_t *a = answer(r, i);
    assert_string_equal(json_string_value(json_object_get(json_object_get(a, "flow"), "node_name")), node);
    json_decref(a);
}

/* ---- tests ---- */

static void test_follows(void **state)
{
    struct run r;
    begin(&r, json("{\"flows\": [" DROPPED("a") ", {\"verdict\": \"FORWARDED\"}, {\"verdict\": \"DROPPED\", \"event_type\": {\"type\": 4}},"
                   "{\"verdict\": \"DROPPED\", \"l7\": {\"http\": {\"code\": 403}}, \"node_name\": \"b\"}]}"));
    ask(&r, json("{\"follow\": true, " ASKS "}"), 2);
    assert_int_equal(r.status, -1);
    expect_node(&r, 0, "a");
    expect_node(&r, 1, "b");
    json_t *a = answer(&r, 1);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json_object_get(a, "flow"), "event_type"), "type")), 129);
    assert_non_null(json_object_get(json_object_get(a, "flow"), "time"));
    json_decref(a);
    /* They have happened: who only follows is told of what comes. */
    happens(&r, DROPPED("c"));
    ask(&r, json("{" ASKS "}"), 0);
    assert_int_equal(r.status, 0);
    assert_int_equal(answers(&r), 3);
    end(&r);
}

static void test_since_and_number(void **state)
{
    struct run r;
    begin(&r, NULL);
    happens(&r, "{\"verdict\": \"DROPPED\", \"node_name\": \"old\", \"time\": {\"seconds\": 100}}");
    happens(&r, "{\"verdict\": \"DROPPED\", \"node_name\": \"new\", \"time\": {\"seconds\": 200}}");
    ask(&r, json("{\"since\": {\"seconds\": 150}}"), 0);
    assert_int_equal(answers(&r), 1);
    expect_node(&r, 0, "new");
    ask(&r, json("{\"until\": {\"seconds\": 150}}"), 0);
    assert_int_equal(answers(&r), 1);
    expect_node(&r, 0, "old");
    ask(&r, json("{\"number\": 1}"), 0);
    assert_int_equal(answers(&r), 1);
    expect_node(&r, 0, "new");
    ask(&r, json("{\"blacklist\": [{\"verdict\": [\"DROPPED\"]}]}"), 0);
    assert_int_equal(answers(&r), 0);
    end(&r);
}

static void test_a_filter_too_many(void **state)
{
    struct run r;
    begin(&r, NULL);
    ask(&r, json("{\"whitelist\": [{\"@unknown\": [{\"number\": 12, \"wire\": 2, \"hex\": \"746370\"}]}]}"), 0);
    assert_int_equal(r.status, 3);
    assert_string_equal(r.message, "the fake relay filters by verdict and event_type only");
    end(&r);
}

static void end_it(void *arg)
{
    struct run *r = arg;
    json_t *args = json("{\"method\": \"GetFlows\", \"code\": 14, \"message\": \"gone\"}");
    assert_int_equal(hubble_perform(r->hubble, "close_streams", args, NULL), 0);
    json_decref(args);
}

/* Verbs on calls find the calls of this fake, which keeps no list of connections itself. */
static void test_streams_are_closed(void **state)
{
    struct run r;
    begin(&r, json("{\"flows\": [" DROPPED("a") "]}"));
    r.then = end_it;
    ask(&r, json("{\"follow\": true, " ASKS "}"), 0);
    timer_free(r.timer);
    assert_int_equal(answers(&r), 1);
    assert_int_equal(r.status, 14);
    assert_string_equal(r.message, "gone");
    end(&r);
}

static void refused(json_t *spec, const char *text)
{
    struct run r;
    char *err = NULL;
    assert_true(try(&r, spec, &err) < 0);
    assert_string_equal(err, text);
    free(err);
    r.hubble = NULL;
    end(&r);
}

static void test_mistakes(void **state)
{
    struct run r;
    char *err = NULL;
    refused(json("{\"flows\": [{\"verdikt\": 1}]}"), "hubble.flows[0]: flow: verdikt: no such field; did you mean verdict?");
    refused(json("{\"flows\": 3}"), "hubble.flows: expected a list of flows");
    refused(json("{\"tls\": true}"), "hubble.tls: there is no authority for its certificate here");
    begin(&r, NULL);
    assert_true(hubble_perform(r.hubble, "flo", NULL, &err) < 0);
    assert_string_equal(err, "\"flo\" is no verb; did you mean flow?");
    free(err);
    assert_true(hubble_perform(r.hubble, "flow", NULL, NULL) < 0);
    assert_int_equal(hubble_perform(r.hubble, "stop", NULL, NULL), 0);
    assert_int_equal(hubble_perform(r.hubble, "start", NULL, NULL), 0);
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follows),
        cmocka_unit_test(test_since_and_number),
        cmocka_unit_test(test_a_filter_too_many),
        cmocka_unit_test(test_streams_are_closed),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
