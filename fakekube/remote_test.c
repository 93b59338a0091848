/* exec and port-forward as a client meets them: refusals, what commands do, ports that listen and ports that do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fakekube/kube_test_world.h"
#include "fakekube/spdy_test.h"
#include "lib/net/conn_test.h"

#define POD(name, ports) \
    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"" name "\",\"namespace\":\"default\"}," \
    "\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"" ports "}]}}"
#define RULES \
    "{\"statuses\":[{\"when\":{\"name\":\"late\"},\"becomes\":\"waiting\"}]," \
    "\"exec\":[{\"when\":{\"command\":{\"has\":\"psql\"}},\"stdout\":\"1 row\",\"stderr\":\"slow\",\"code\":3}]}"
#define UPGRADE "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"

struct world {
    struct kube_test_world w;
    struct spdy_block *client;
    struct buf out;
    char *got;
};

static struct world *world_new(void)
{
    struct world *w = NEW(struct world);
    kube_test_begin(&w->w, RULES, (struct http1_owner){0});
    w->client = spdy_block_new();
    kube_test_do(&w->w, "apply", POD("p", ""), true);
    kube_test_do(&w->w, "apply", POD("web", ",\"ports\":[{\"containerPort\":80}]"), true);
    kube_test_do(&w->w, "apply", POD("late", ""), true);
    loop_run(w->w.loop); /* until they run */
    return w;
}

static void world_free(struct world *w)
{
    kube_test_end(&w->w);
    spdy_block_free(w->client);
    buf_done(&w->out);
    free(w->got);
    free(w);
}

/* What is answered to a request. */
static const char *ask(struct world *w, const char *pod, const char *rest, const char *headers)
{
    _cleanup_(freep) char *text = xasprintf("POST /api/v1/namespaces/default/pods/%s/%s HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n%s\r\n",
                                            pod, rest, headers);
    return kube_test_feed(&w->w, text);
}

static const char *exchange(struct world *w)
{
    conn_fake_feed(w->w.c, buf_data(&w->out), buf_len(&w->out));
    buf_consume(&w->out, buf_len(&w->out));
    free(w->got);
    w->got = client_read(w->client, conn_fake_out(w->w.c));
    return w->got;
}

static void open_type(struct world *w, uint32_t id, const char *type)
{
    _cleanup_(freep) char *json = xasprintf("{\"streamtype\":\"%s\"}", type);
    client_open(w->client, &w->out, id, 0, json);
}

/* A world whose client has said which command, and opened error (1), stdout (3) and stderr (5). */
static struct world *exec_world(const char *query)
{
    struct world *w = world_new();
    _cleanup_(freep) char *rest = xasprintf("exec?stdout=true&stderr=true&%s", query);
    const char *got = ask(w, "p", rest, UPGRADE "X-Stream-Protocol-Version: v5.channel.k8s.io\r\n"
                                               "X-Stream-Protocol-Version: v4.channel.k8s.io\r\n");
    if (!strstr(got, "HTTP/1.1 101 Switching Protocols"))
        fail_msg("%s", got);
    assert_non_null(strstr(got, "X-Stream-Protocol-Version: v4.channel.k8s.io"));
    open_type(w, 1, "error");
    open_type(w, 3, "stdout");
    assert_string_equal(exchange(w), "reply 1, reply 3"); /* nothing runs before all are there */
    open_type(w, 5, "stderr");
    return w;
}

static void test_echo(void **state)
{
    struct world *w = exec_world("command=echo&command=a%20b&command=c");
    (void)state;
    assert_string_equal(exchange(w), "reply 5, data 3 'a b c\n', data 3 fin '', data 5 fin '', "
                                     "data 1 '{\"metadata\":{},\"status\":\"Success\"}', data 1 fin ''");
    world_free(w);
}

static void test_not_found(void **state)
{
    struct world *w = exec_world("command=nmap");
    (void)state;
    const char *got = exchange(w);
    assert_non_null(strstr(got, "exec: \"nmap\": executable file not found in $PATH"));
    assert_non_null(strstr(got, "\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"127\"}]}"));
    world_free(w);
}

static void test_rule(void **state)
{
    struct world *w = exec_world("command=psql&command=-c");
    (void)state;
    const char *got = exchange(w);
    assert_non_null(strstr(got, "data 3 '1 row', data 5 'slow', "));
    assert_non_null(strstr(got, "exit status 3"));
    world_free(w);
}

static void test_cat(void **state)
{
    struct world *w = exec_world("stdin=true&command=cat");
    (void)state;
    assert_string_equal(exchange(w), "reply 5");
    open_type(w, 7, "stdin");
    open_type(w, 9, "resize"); /* no terminal was asked for */
    client_data(&w->out, 7, 0, "some");
    assert_string_equal(exchange(w), "reply 7, rst 9 3, data 3 'some'");
    client_data(&w->out, 7, SPDY_FIN, "more");
    const char *got = exchange(w);
    assert_non_null(strstr(got, "data 3 'more', data 3 fin ''"));
    assert_non_null(strstr(got, "\"status\":\"Success\"}', data 1 fin '', data 7 fin ''"));
    world_free(w);
}

static void test_terminal(void **state)
{
    struct world *w = world_new();
    (void)state;
    ask(w, "p", "exec?stdout=true&stderr=true&stdin=true&tty=true&command=cat", UPGRADE "X-Stream-Protocol-Version: v4.channel.k8s.io\r\n");
    open_type(w, 1, "error");
    open_type(w, 3, "stdin");
    open_type(w, 5, "stdout");
    open_type(w, 7, "resize");
    client_data(&w->out, 7, 0, "{\"Width\":80,\"Height\":24}");
    client_data(&w->out, 3, 0, "typed\003not");
    const char *got = exchange(w);
    assert_non_null(strstr(got, "reply 7, data 5 'typed', data 5 fin ''"));
    assert_non_null(strstr(got, "exit status 130"));
    world_free(w);
    w = exec_world("stdin=true&command=cat");
    open_type(w, 7, "stdin");
    client_data(&w->out, 7, 0, "a\003b\004c"); /* no terminal: bytes */
    assert_non_null(strstr(exchange(w), "data 3 'a\003b\004c'"));
    world_free(w);
}

static void test_cat_and_the_client_goes(void **state)
{
    struct world *w = exec_world("stdin=true&command=cat");
    (void)state;
    open_type(w, 7, "stdin");
    exchange(w);
    spdy_frame_head(&w->out, SPDY_RST_STREAM, 0, 8); /* nobody reads stdout any more */
    spdy_put32(&w->out, 3);
    spdy_put32(&w->out, 5);
    client_data(&w->out, 7, SPDY_FIN, "some");
    assert_non_null(strstr(exchange(w), "Success"));
    conn_fake_eof(w->w.c);
    assert_int_equal(conn_fake_closed(w->w.c), FAKE_CLOSED);
    world_free(w);
}

static void test_exec_refused(void **state)
{
    struct world *w = world_new();
    (void)state;
    assert_non_null(strstr(ask(w, "p", "exec?command=true&stdout=true", ""), "Upgrade request required"));
    assert_non_null(strstr(ask(w, "p", "exec?command=true&stdout=true", "Connection: Upgrade\r\nUpgrade: websocket\r\n"),
                           "400 Bad Request"));
    assert_non_null(strstr(ask(w, "p", "exec?command=true&stdout=true", UPGRADE "X-Stream-Protocol-Version: v1\r\n"),
                           "client supports [v1], server accepts [v4.channel.k8s.io]"));
    assert_non_null(strstr(ask(w, "p", "exec?command=true&stdout=true", UPGRADE), "X-Stream-Protocol-Version is required"));
#define V4 UPGRADE "X-Stream-Protocol-Version: v4.channel.k8s.io\r\n"
    assert_non_null(strstr(ask(w, "q", "exec?command=true&stdout=true", V4), "404 Not Found"));
    assert_non_null(strstr(ask(w, "p", "exec?command=true&stdout=true&container=x", V4), "container x is not valid for pod p"));
    assert_non_null(strstr(ask(w, "late", "exec?command=true&stdout=true", V4), "container not found (\"c\")"));
    assert_non_null(strstr(ask(w, "p", "exec?command=true", V4), "at least 1 of stdin, stdout, stderr"));
    assert_non_null(strstr(ask(w, "p", "exec?stdout=true", V4), "at least one command"));
    world_free(w);
}

static struct world *forward_world(const char *pod)
{
    struct world *w = world_new();
    assert_non_null(strstr(ask(w, pod, "portforward", UPGRADE "X-Stream-Protocol-Version: portforward.k8s.io\r\n"), "HTTP/1.1 101 "));
    return w;
}

#define STREAM(type, port, id) "{\"streamtype\":\"" type "\",\"port\":\"" port "\",\"requestid\":\"" id "\"}"

static void test_forward(void **state)
{
    struct world *w = forward_world("p");
    (void)state;
    client_open(w->client, &w->out, 1, SPDY_FIN, STREAM("error", "80", "0"));
    client_open(w->client, &w->out, 3, 0, STREAM("data", "80", "0"));
    client_open(w->client, &w->out, 5, SPDY_FIN, STREAM("error", "81", "1"));
    client_open(w->client, &w->out, 7, 0, STREAM("data", "81", "1"));
    client_data(&w->out, 7, SPDY_FIN, "second");
    assert_string_equal(exchange(w), "reply 1, reply 3, reply 5, reply 7, data 7 'second', data 5 fin '', data 7 fin ''");
    client_data(&w->out, 3, SPDY_FIN, "first");
    assert_string_equal(exchange(w), "data 3 'first', data 1 fin '', data 3 fin ''");
    client_open(w->client, &w->out, 9, 0, STREAM("data", "http", "2"));
    client_open(w->client, &w->out, 11, 0, STREAM("other", "80", "2"));
    assert_string_equal(exchange(w), "rst 9 3, rst 11 3");
    world_free(w);
}

static void test_forward_refused(void **state)
{
    struct world *w = forward_world("web");
    (void)state;
    client_open(w->client, &w->out, 1, SPDY_FIN, STREAM("error", "81", "0"));
    client_open(w->client, &w->out, 3, 0, STREAM("data", "81", "0"));
    assert_string_equal(exchange(w), "reply 1, reply 3, data 1 'error forwarding port 81 to pod default/web: dial tcp4 127.0.0.1:81: "
                                     "connect: connection refused', data 1 fin '', data 3 fin ''");
    client_data(&w->out, 3, SPDY_FIN, "");
    client_open(w->client, &w->out, 5, SPDY_FIN, STREAM("error", "80", "1"));
    client_open(w->client, &w->out, 7, 0, STREAM("data", "80", "1"));
    client_data(&w->out, 7, 0, "x");
    assert_string_equal(exchange(w), "reply 5, reply 7, data 7 'x'");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_rule),
        cmocka_unit_test(test_cat),
        cmocka_unit_test(test_terminal),
        cmocka_unit_test(test_cat_and_the_client_goes),
        cmocka_unit_test(test_exec_refused),
        cmocka_unit_test(test_forward),
        cmocka_unit_test(test_forward_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
