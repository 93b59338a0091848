/* A shaped connection as the peer's kernel sees it: not one byte more, not one sooner. */
#include "lib/net/net_test.h"

#include "lib/net/conn_test.h"
#include "lib/net/listener.h"
#include "lib/net/shape.h"

static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz";
enum { TEXT = sizeof text - 1 };

struct speaker {
    struct layer layer;
    struct buf got;
    bool eof;
};

static struct speaker *last;

static void speaker_up(struct layer *l, const uint8_t *p, size_t n)
{
    buf_add(&CONTAINER_OF(l, struct speaker, layer)->got, p, n);
}

static void speaker_signal(struct layer *l, enum layer_signal s, const char *reason)
{
    (void)reason;
    if (s == LAYER_OPEN)
        layer_down(l, text, TEXT);
    if (s == LAYER_EOF)
        CONTAINER_OF(l, struct speaker, layer)->eof = true;
}

static void speaker_free(struct layer *l)
{
    struct speaker *s = CONTAINER_OF(l, struct speaker, layer);
    buf_done(&s->got);
    free(s);
    last = NULL;
}

static const struct layer_ops speaker_ops = {
    .name = "speaker", .bytes_up = speaker_up, .signal = speaker_signal, .free = speaker_free};

static void build(void *arg, struct conn *c)
{
    (void)arg;
    last = NEW(struct speaker);
    last->layer.ops = &speaker_ops;
    conn_push(c, &last->layer);
}

struct shaped {
    struct world w;
    struct listener *l;
    json_t *args;
    struct action action;
    int fd;
};

static void shaped_init(struct shaped *s, const char *args)
{
    world_init(&s->w);
    s->args = json_loads(args, 0, NULL);
    assert_non_null(s->args);
    s->action = (struct action){"shape", s->args, NULL};
    s->w.at = "tcp.accept";
    s->w.then = &s->action;
    struct listener_options o = {.who = "kas", .loop = s->w.loop, .events = s->w.events, .moments = &s->w.moments,
                                 .build = build};
    assert_int_equal(listener_open(&o, &s->l), 0);
    s->fd = client_to(listener_port(s->l));
    assert_true(s->fd >= 0);
}

static void shaped_done(struct shaped *s)
{
    close(s->fd);
    listener_free(s->l);
    world_done(&s->w);
    json_decref(s->args);
}

static void so_many_bytes_and_then_the_end(void **state)
{
    static const struct {
        const char *args;
        size_t n;
        int end;
    } cases[] = {
        {"{\"after_bytes\": 0, \"then\": \"close\"}", 0, 1},
        {"{\"after_bytes\": 7, \"then\": \"close\"}", 7, 1},
        {"{\"after_bytes\": 7, \"then\": \"half_close\"}", 7, 1},
        {"{\"after_bytes\": 7}", 7, -ECONNRESET},
        {"{\"after_bytes\": 7, \"slice\": 3, \"then\": \"reset\"}", 7, -ECONNRESET},
        {"{\"after\": \"20ms\", \"then\": \"close\"}", TEXT, 1},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct shaped s;
        char got[TEXT + 8];
        int end;
        shaped_init(&s, cases[i].args);
        size_t n = client_read(&s.w, s.fd, got, sizeof got, &end);
        assert_int_equal(end, cases[i].end);
        if (end == 1) { /* a reset may throw away what was not read */
            assert_int_equal(n, cases[i].n);
            assert_memory_equal(got, text, n);
        } else {
            assert_true(n <= cases[i].n);
        }
        shaped_done(&s);
    }
}

static void all_arrives_but_later(void **state)
{
    static const struct {
        const char *args;
        uint64_t least_ms;
    } cases[] = {
        {"{\"latency\": \"60ms\"}", 60},
        {"{\"latency\": \"40ms\", \"jitter\": \"20ms\"}", 40},
        {"{\"bandwidth\": 400}", 70}, /* 36 bytes are 90 ms; the last slice does not wait */
        {"{\"trickle\": {\"bytes\": 4, \"every\": \"8ms\"}}", 60},
        {"{\"slice\": 1}", 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct shaped s;
        char got[TEXT];
        int end;
        shaped_init(&s, cases[i].args);
        uint64_t since = clock_ns();
        assert_int_equal(client_read(&s.w, s.fd, got, TEXT, &end), TEXT);
        assert_memory_equal(got, text, TEXT);
        assert_true(clock_ns() - since >= cases[i].least_ms * 1000000u);
        shaped_done(&s);
    }
}

static void what_comes_in_is_shaped_too(void **state)
{
    struct shaped s;
    (void)state;
    shaped_init(&s, "{\"latency\": \"40ms\", \"slice\": 2, \"dir\": \"in\"}");
    uint64_t since = clock_ns();
    assert_int_equal(send(s.fd, "hello", 5, 0), 5);
    shutdown(s.fd, SHUT_WR);
    WAIT_FOR(&s.w, last && last->eof);
    assert_int_equal(buf_len(&last->got), 5); /* the end has not overtaken */
    assert_memory_equal(buf_data(&last->got), "hello", 5);
    assert_true(clock_ns() - since >= 40 * 1000000u);
    shaped_done(&s);
}

/* As a step does it: the layers stand, and it comes beneath them. */
static void an_open_connection(void **state)
{
    struct world w;
    (void)state;
    world_init(&w);
    struct conn *c = conn_fake(w.loop, w.events, NULL);
    build(NULL, c);
    conn_fake_open(c);
    assert_int_equal(buf_len(conn_fake_out(c)), TEXT);
    buf_consume(conn_fake_out(c), TEXT);
    json_t *args = json_pack("{s:i}", "slice", 5), *wrong = json_pack("{s:i}", "slice", 0);
    assert_int_equal(shape_apply(c, wrong), -EINVAL);
    assert_int_equal(shape_apply(c, args), 0);
    layer_down(&last->layer, text, TEXT);
    assert_int_equal(buf_len(conn_fake_out(c)), 0); /* leaves from the loop only */
    WAIT_FOR(&w, buf_len(conn_fake_out(c)));
    assert_true(buf_len(conn_fake_out(c)) % 5 == 0 || buf_len(conn_fake_out(c)) == TEXT);
    WAIT_FOR(&w, buf_len(conn_fake_out(c)) == TEXT);
    assert_memory_equal(buf_data(conn_fake_out(c)), text, TEXT);
    conn_close(c, LAYER_CLOSE);
    WAIT_FOR(&w, conn_fake_closed(c) == FAKE_CLOSED);
    conn_fake_free(c);
    json_decref(args);
    json_decref(wrong);
    world_done(&w);
}

static void nobody_accepts(void **state)
{
    struct world w;
    struct listener *l;
    (void)state;
    world_init(&w);
    struct listener_options o = {.who = "kas", .loop = w.loop, .events = w.events, .build = build};
    assert_int_equal(listener_open(&o, &l), 0);
    assert_int_equal(listener_fill(l), 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(listener_port(l)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), -1);
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    assert_int_equal(poll(&p, 1, 150), 0); /* neither accepted nor refused */
    close(fd);
    assert_int_equal(listener_resume(l), 0);
    fd = client_to(listener_port(l));
    assert_true(fd >= 0);
    WAIT_FOR(&w, world_event(&w, "tcp.accept", 0));
    close(fd);
    listener_free(l);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_bytes_and_then_the_end), cmocka_unit_test(all_arrives_but_later),
        cmocka_unit_test(what_comes_in_is_shaped_too),    cmocka_unit_test(an_open_connection),
        cmocka_unit_test(nobody_accepts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
