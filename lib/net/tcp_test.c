/* The socket layer and listeners against plain sockets: what a scenario asks for is what the peer's kernel sees. */
#include "lib/net/net_test.h"

#include "lib/net/listener.h"

/* A layer that echoes, and ends when the peer does. */
struct echo {
    struct layer layer;
    bool deaf; /* does not answer EOF */
    int drained;
};

static struct echo *last;
static int freed;

static void echo_up(struct layer *l, const uint8_t *p, size_t n)
{
    layer_down(l, p, n);
    if (n >= 4 && memcmp(p, "quit", 4) == 0)
        layer_close_down(l, LAYER_CLOSE);
    if (n >= 4 && memcmp(p, "half", 4) == 0)
        layer_close_down(l, LAYER_CLOSE_HALF);
    if (n >= 4 && memcmp(p, "kill", 4) == 0)
        conn_kill(l->conn, "killed from above");
}

static void echo_signal(struct layer *l, enum layer_signal s, const char *reason)
{
    struct echo *e = CONTAINER_OF(l, struct echo, layer);
    (void)reason;
    if (s == LAYER_EOF && !e->deaf)
        conn_close(l->conn, LAYER_CLOSE);
    if (s == LAYER_DRAINED)
        e->drained++;
}

static void echo_free(struct layer *l)
{
    freed++;
    free(CONTAINER_OF(l, struct echo, layer));
}

static const struct layer_ops echo_ops = {
    .name = "echo", .bytes_up = echo_up, .signal = echo_signal, .free = echo_free};

static void build(void *arg, struct conn *c)
{
    (void)arg;
    struct echo *e = NEW(struct echo);
    e->layer.ops = &echo_ops;
    conn_push(c, &e->layer);
    last = e;
}

static struct listener *open_listener(struct world *w, unsigned max)
{
    struct listener *l = NULL;
    struct listener_options o = {.who = "kas", .loop = w->loop, .events = w->events, .moments = &w->moments,
                                 .build = build, .max_conns = max};
    last = NULL;
    freed = 0;
    assert_int_equal(listener_open(&o, &l), 0);
    return l;
}

static const json_t *closed(const struct world *w)
{
    return world_event(w, "tcp.closed", 0);
}

/* What a client sees that says hello while the scenario does `list` at tcp.accept. */
static int accept_with(struct world *w, struct listener *l, const struct action *list, char *to, size_t size,
                       const char *hello)
{
    int end;
    w->at = "tcp.accept";
    w->then = list;
    int fd = client_to(listener_port(l));
    assert_true(fd >= 0);
    assert_true(send(fd, hello, strlen(hello), MSG_NOSIGNAL) >= 0);
    memset(to, 0, size);
    client_read(w, fd, to, size - 1, &end);
    close(fd);
    return end;
}

static void bytes_there_and_back(void **state)
{
    struct world w;
    char got[64];
    int end;
    (void)state;
    world_init(&w);
    struct listener *l = open_listener(&w, 0);
    int fd = client_to(listener_port(l));
    assert_int_equal(send(fd, "hello", 5, 0), 5);
    assert_int_equal(client_read(&w, fd, got, 5, &end), 5);
    assert_memory_equal(got, "hello", 5);
    assert_int_equal(listener_count(l), 1);
    const json_t *accept = world_event(&w, "tcp.accept", 0);
    assert_string_equal(text_of(accept, "local"), listener_address(l));
    assert_int_equal(json_integer_value(json_object_get(accept, "port")), listener_port(l));
    shutdown(fd, SHUT_WR);
    assert_int_equal(client_read(&w, fd, got, 1, &end), 0);
    assert_int_equal(end, 1);
    WAIT_FOR(&w, closed(&w));
    assert_string_equal(text_of(closed(&w), "by"), "peer");
    assert_int_equal(json_integer_value(json_object_get(closed(&w), "bytes_in")), 5);
    assert_int_equal(json_integer_value(json_object_get(closed(&w), "bytes_out")), 5);
    assert_int_equal(listener_count(l), 0);
    close(fd);
    listener_free(l);
    world_done(&w);
    assert_int_equal(freed, 1);
}

static void our_close_waits_for_the_peers(void **state)
{
    struct world w;
    char got[64];
    int end;
    (void)state;
    world_init(&w);
    struct listener *l = open_listener(&w, 0);
    int fd = client_to(listener_port(l));
    assert_int_equal(send(fd, "quit", 4, 0), 4);
    assert_int_equal(client_read(&w, fd, got, 8, &end), 4);
    assert_int_equal(end, 1);
    assert_null(closed(&w)); /* lingers: what the peer still sends must not be answered by RST */
    assert_int_equal(send(fd, "more", 4, MSG_NOSIGNAL), 4);
    world_turn(&w, clock_ns());
    close(fd);
    WAIT_FOR(&w, closed(&w));
    assert_string_equal(text_of(closed(&w), "by"), "us");
    listener_free(l);
    world_done(&w);
}

static void our_close_does_not_wait_for_ever(void **state)
{
    struct world w;
    char got[64];
    int end;
    (void)state;
    world_init(&w);
    struct listener *l = open_listener(&w, 0);
    int fd = client_to(listener_port(l));
    assert_int_equal(send(fd, "quit", 4, 0), 4);
    client_read(&w, fd, got, 8, &end);
    uint64_t begin = clock_ns();
    WAIT_FOR(&w, closed(&w));
    uint64_t ms = (clock_ns() - begin) / 1000000;
    assert_true(ms >= 1800 && ms < 3000);
    close(fd);
    listener_free(l);
    world_done(&w);
}

static void half_closed_we_still_read(void **state)
{
    struct world w;
    char got[64];
    int end;
    (void)state;
    world_init(&w);
    struct listener *l = open_listener(&w, 0);
    int fd = client_to(listener_port(l));
    assert_int_equal(send(fd, "half", 4, 0), 4);
    assert_int_equal(client_read(&w, fd, got, 8, &end), 4);
    assert_int_equal(end, 1);
    assert_int_equal(send(fd, "kill", 4, MSG_NOSIGNAL), 4);
    WAIT_FOR(&w, closed(&w));
    assert_string_equal(text_of(closed(&w), "reason"), "killed from above");
    close(fd);
    listener_free(l);
    world_done(&w);
}

static void peers_reset_is_named(void **state)
{
    struct world w;
    char got[8];
    int end;
    (void)state;
    world_init(&w);
    struct listener *l = open_listener(&w, 0);
    int fd = client_to(listener_port(l));
    assert_int_equal(send(fd, "x", 1, 0), 1);
    client_read(&w, fd, got, 1, &end);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    close(fd);
    WAIT_FOR(&w, closed(&w));
    assert_string_equal(text_of(closed(&w), "by"), "reset");
    listener_free(l);
    world_done(&w);
}

static void a_slow_reader_gets_everything(void **state)
{
    enum { SIZE = 12 << 20 /* more than the kernel takes at once */ };
    struct world w;
    int end;
    (void)state;
    world_init(&w);
    struct listener *l = open_listener(&w, 0);
    int fd = client_to(listener_port(l));
    WAIT_FOR(&w, last);
    uint8_t *big = xcalloc(SIZE, 1), *got = xcalloc(SIZE, 1);
    for (size_t i = 0; i < SIZE; i++)
        big[i] = (uint8_t)(i * 31 >> 3);
    layer_down(&last->layer, big, SIZE);
    assert_true(layer_queued(&last->layer) > 0);
    assert_int_equal(last->drained, 0);
    assert_int_equal(client_read(&w, fd, got, SIZE, &end), SIZE);
    assert_memory_equal(big, got, SIZE);
    WAIT_FOR(&w, last->drained == 1);
    assert_int_equal(layer_queued(&last->layer), 0);
    /* Closing sends what is queued first. */
    layer_down(&last->layer, big, SIZE);
    conn_close(last->layer.conn, LAYER_CLOSE);
    assert_int_equal(client_read(&w, fd, got, SIZE, &end), SIZE);
    assert_int_equal(client_read(&w, fd, got, 1, &end), 0);
    assert_int_equal(end, 1);
    free(big);
    free(got);
    close(fd);
    listener_free(l);
    world_done(&w);
}

static void faults_at_accept(void **state)
{
    struct world w;
    char got[64];
    (void)state;
    world_init(&w);
    struct listener *l = open_listener(&w, 0);
    json_t *empty = json_object(), *text = json_string("garbage"), *soon = json_string("30ms");
    struct action reset = {"reset", empty, NULL}, close_it = {"close", empty, NULL};
    struct action send_close = {"send", text, &close_it}, delay = {"delay", soon, NULL};
    struct action unknown = {"dance", empty, &close_it};

    assert_int_equal(accept_with(&w, l, &reset, got, sizeof got, ""), -ECONNRESET);
    assert_int_equal(accept_with(&w, l, &close_it, got, sizeof got, "hello"), 1);
    assert_string_equal(got, "");
    assert_int_equal(accept_with(&w, l, &send_close, got, sizeof got, "hello"), 1);
    assert_string_equal(got, "garbage");
    uint64_t begin = clock_ns();
    assert_int_equal(accept_with(&w, l, &delay, got, 5, "hell"), 0);
    assert_string_equal(got, "hell");
    assert_true(clock_ns() - begin >= 30000000);
    assert_string_equal(text_of(world_event(&w, "fault.done", 0), "verb"), "reset");
    assert_string_equal(text_of(world_event(&w, "fault.done", 0), "at"), "tcp.accept");
    assert_null(world_event(&w, "fault.unknown", 0));
    assert_int_equal(accept_with(&w, l, &unknown, got, sizeof got, ""), 1);
    assert_string_equal(text_of(world_event(&w, "fault.unknown", 0), "verb"), "dance");
    listener_free(l);
    world_done(&w);
    json_decref(empty);
    json_decref(text);
    json_decref(soon);
}

static void a_stalled_peer_is_seen_when_it_gives_up(void **state)
{
    struct world w;
    char got[8];
    (void)state;
    world_init(&w);
    struct listener *l = open_listener(&w, 0);
    json_t *empty = json_object();
    struct action stall = {"stall", empty, NULL};
    w.at = "tcp.accept";
    w.then = &stall;
    int fd = client_to(listener_port(l));
    assert_int_equal(send(fd, "hello", 5, 0), 5);
    WAIT_FOR(&w, world_event(&w, "fault.done", 0));
    for (int i = 0; i < 5; i++)
        world_turn(&w, clock_ns());
    assert_int_equal(recv(fd, got, sizeof got, 0), -1);
    assert_int_equal(errno, EAGAIN);
    assert_null(closed(&w));
    assert_null(last); /* nothing was built */
    close(fd);
    WAIT_FOR(&w, closed(&w));
    assert_string_equal(text_of(closed(&w), "by"), "peer");
    assert_int_equal(json_integer_value(json_object_get(closed(&w), "bytes_in")), 0);
    listener_free(l);
    world_done(&w);
    json_decref(empty);
}

static void bytes_are_a_moment(void **state)
{
    struct world w;
    char got[8];
    int end;
    (void)state;
    world_init(&w);
    struct listener *l = open_listener(&w, 0);
    json_t *empty = json_object(), *soon = json_string("20ms"), *text = json_string("!");
    struct action send_it = {"send", text, NULL}, delay = {"delay", soon, NULL}, reset = {"reset", empty, NULL};
    events_want(w.events, "tcp.bytes");
    w.at = "tcp.bytes";
    int fd = client_to(listener_port(l));
    assert_int_equal(send(fd, "abc", 3, 0), 3);
    assert_int_equal(client_read(&w, fd, got, 3, &end), 3);
    assert_string_equal(text_of(world_event(&w, "tcp.bytes", 0), "dir"), "in");
    assert_string_equal(text_of(world_event(&w, "tcp.bytes", 1), "dir"), "out");
    assert_int_equal(json_integer_value(json_object_get(world_event(&w, "tcp.bytes", 1), "total")), 3);
    w.then = &send_it; /* once for what comes, once for what goes */
    assert_int_equal(send(fd, "x", 1, 0), 1);
    assert_int_equal(client_read(&w, fd, got, 3, &end), 3);
    assert_memory_equal(got, "!!x", 3);
    w.then = &delay;
    uint64_t begin = clock_ns();
    assert_int_equal(send(fd, "y", 1, 0), 1);
    assert_int_equal(client_read(&w, fd, got, 1, &end), 1);
    assert_true(clock_ns() - begin >= 20000000);
    send_it.next = &reset; /* what was sent before a reset is on the wire before it */
    w.then = &send_it;
    assert_int_equal(send(fd, "z", 1, 0), 1);
    assert_int_equal(client_read(&w, fd, got, 2, &end), 1);
    assert_int_equal(got[0], '!');
    assert_int_equal(end, -ECONNRESET);
    close(fd);
    listener_free(l);
    world_done(&w);
    json_decref(empty);
    json_decref(soon);
    json_decref(text);
}

static void paused_means_refused(void **state)
{
    struct world w;
    char got[8];
    int end;
    (void)state;
    world_init(&w);
    struct listener *l = open_listener(&w, 0);
    uint16_t port = listener_port(l);
    int old = client_to(port);
    WAIT_FOR(&w, last);
    listener_pause(l);
    assert_int_equal(client_to(port), -ECONNREFUSED);
    assert_int_equal(send(old, "abc", 3, 0), 3); /* the rest lives */
    assert_int_equal(client_read(&w, old, got, 3, &end), 3);
    assert_int_equal(listener_resume(l), 0);
    assert_int_equal(listener_port(l), port);
    int fd = client_to(port);
    assert_true(fd >= 0);
    WAIT_FOR(&w, listener_count(l) == 2);
    close(fd);
    close(old);
    listener_free(l);
    world_done(&w);
}

static void one_too_many_is_reset(void **state)
{
    struct world w;
    char got[8];
    int end;
    (void)state;
    world_init(&w);
    struct listener *l = open_listener(&w, 1);
    int a = client_to(listener_port(l)), b = client_to(listener_port(l));
    assert_int_equal(client_read(&w, b, got, 1, &end), 0);
    assert_int_equal(end, -ECONNRESET);
    assert_non_null(world_event(&w, "tcp.refused", 0));
    assert_int_equal(listener_count(l), 1);
    close(a);
    close(b);
    listener_free(l);
    world_done(&w);
}

static void addresses_that_are_none(void **state)
{
    struct world w;
    struct listener *l = NULL, *second = NULL;
    (void)state;
    world_init(&w);
    struct listener_options o = {.host = "gitlab.host.tld", .loop = w.loop};
    assert_int_equal(listener_open(&o, &l), -EINVAL);
    o.host = "::1";
    if (listener_open(&o, &l) == 0) {
        assert_memory_equal(listener_address(l), "[::1]:", 6);
        o.port = listener_port(l);
        assert_int_equal(listener_open(&o, &second), -EADDRINUSE);
        listener_free(l);
    }
    assert_null(second);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_there_and_back),
        cmocka_unit_test(our_close_waits_for_the_peers),
        cmocka_unit_test(our_close_does_not_wait_for_ever),
        cmocka_unit_test(half_closed_we_still_read),
        cmocka_unit_test(peers_reset_is_named),
        cmocka_unit_test(a_slow_reader_gets_everything),
        cmocka_unit_test(faults_at_accept),
        cmocka_unit_test(a_stalled_peer_is_seen_when_it_gives_up),
        cmocka_unit_test(bytes_are_a_moment),
        cmocka_unit_test(paused_means_refused),
        cmocka_unit_test(one_too_many_is_reset),
        cmocka_unit_test(addresses_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
