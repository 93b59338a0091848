/* The proxy against a plain client, and a KAS that echoes: what CONNECT gets, and what a scenario does to it. */
#include "lib/net/net_test.h"

#include "conformance/world/world_proxy.h"
#include "lib/net/listener.h"

static void echo_up(struct layer *l, const uint8_t *p, size_t n)
{
    layer_down(l, p, n);
}

static void echo_signal(struct layer *l, enum layer_signal s, const char *reason)
{
    (void)reason;
    if (s == LAYER_EOF)
        conn_close(l->conn, LAYER_CLOSE);
}

static void echo_free(struct layer *l)
{
    free(l);
}

static const struct layer_ops echo_ops = {
    .name = "echo", .bytes_up = echo_up, .signal = echo_signal, .free = echo_free};

static void build(void *arg, struct conn *c)
{
    (void)arg;
    struct layer *l = NEW(struct layer);
    l->ops = &echo_ops;
    conn_push(c, l);
}

struct scene {
    struct world w;
    struct listener *kas;
    struct proxy *proxy;
    json_t *names;
    int fd;
};

static void scene_init(struct scene *s, const char *authorization)
{
    world_init(&s->w);
    struct listener_options o = {.who = "kas", .loop = s->w.loop, .events = s->w.events, .build = build};
    assert_int_equal(listener_open(&o, &s->kas), 0);
    s->names = json_pack("{s:[s]}", "kas.example", "127.0.0.1");
    struct proxy_options p = {.host = "127.0.0.1", .loop = s->w.loop, .events = s->w.events, .names = s->names,
                              .moments = &s->w.moments, .authorization = authorization};
    assert_int_equal(proxy_open(&p, &s->proxy), 0);
    s->fd = client_to(proxy_port(s->proxy));
    assert_true(s->fd >= 0);
}

static void scene_done(struct scene *s)
{
    close(s->fd);
    proxy_free(s->proxy);
    listener_free(s->kas);
    world_done(&s->w);
    json_decref(s->names);
}

static void ask(struct scene *s, const char *host, unsigned port, const char *more)
{
    char text[256];
    int n = snprintf(text, sizeof text, "CONNECT %s:%u HTTP/1.1\r\nHost: %s:%u\r\n%s\r\n", host, port, host, port, more);
    assert_int_equal(send(s->fd, text, (size_t)n, 0), n);
}

static void expect_text(struct scene *s, const char *want)
{
    char got[256] = "";
    int end;
    assert_int_equal(client_read(&s->w, s->fd, got, strlen(want), &end), strlen(want));
    assert_string_equal(got, want);
}

static void a_tunnel_both_ways(void **state)
{
    static const char *const hosts[] = {"kas.example", "127.0.0.1"};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
        struct scene s;
        char got[8];
        int end;
        scene_init(&s, NULL);
        ask(&s, hosts[i], listener_port(s.kas), "");
        expect_text(&s, "HTTP/1.1 200 Connection established\r\n\r\n");
        assert_non_null(world_event(&s.w, "proxy.tunnel", 0));
        assert_int_equal(send(s.fd, "hello", 5, 0), 5);
        expect_text(&s, "hello");
        shutdown(s.fd, SHUT_WR); /* the end travels there and back */
        assert_int_equal(client_read(&s.w, s.fd, got, 1, &end), 0);
        assert_int_equal(end, 1);
        scene_done(&s);
    }
}

static void who_may(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s, "Basic dXNlcjpwYXNz");
    ask(&s, "kas.example", listener_port(s.kas), "");
    expect_text(&s, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"proxy\"\r\n");
    scene_done(&s);
    scene_init(&s, "Basic dXNlcjpwYXNz");
    ask(&s, "kas.example", listener_port(s.kas), "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n");
    expect_text(&s, "HTTP/1.1 200 ");
    scene_done(&s);
}

static void nobody_there(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s, NULL);
    ask(&s, "other.example", 443, "");
    expect_text(&s, "HTTP/1.1 502 Bad Gateway\r\n");
    assert_string_equal(text_of(world_event(&s.w, "proxy.failed", 0), "reason"), "no such host");
    scene_done(&s);
    scene_init(&s, NULL);
    ask(&s, "127.0.0.1", 1, "");
    expect_text(&s, "HTTP/1.1 502 Bad Gateway\r\n");
    scene_done(&s);
}

static void a_scenario_answers(void **state)
{
    struct scene s;
    char got[8];
    int end;
    (void)state;
    json_t *text = json_string("NONSENSE\r\n"), *none = json_object();
    struct action close_ = {"close", none, NULL}, say = {"send", text, &close_};
    scene_init(&s, NULL);
    s.w.at = "proxy.request";
    s.w.then = &say;
    ask(&s, "kas.example", listener_port(s.kas), "");
    expect_text(&s, "NONSENSE\r\n");
    assert_int_equal(client_read(&s.w, s.fd, got, 1, &end), 0);
    assert_int_equal(end, 1);
    assert_null(world_event(&s.w, "proxy.tunnel", 0));
    scene_done(&s);
    json_decref(text);
    json_decref(none);
}

/* The agent leaves while its way to KAS is open: nothing of it stays. */
static void the_agent_leaves(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s, NULL);
    ask(&s, "kas.example", listener_port(s.kas), "");
    expect_text(&s, "HTTP/1.1 200 ");
    setsockopt(s.fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
    close(s.fd);
    s.fd = -1;
    WAIT_FOR(&s.w, listener_count(s.kas) == 0);
    scene_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tunnel_both_ways), cmocka_unit_test(who_may),          cmocka_unit_test(nobody_there),
        cmocka_unit_test(a_scenario_answers), cmocka_unit_test(the_agent_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
