/* The choice of a protocol, and that not a byte is lost by looking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/net/conn_test.h"
#include "lib/proto/sniff.h"

struct top {
    struct layer l;
    struct buf got;
    int opened;
};

struct seen {
    enum sniffed what;
    int times;
    struct top *top;
};

static void top_bytes(struct layer *l, const uint8_t *p, size_t n)
{
    buf_add(&((struct top *)l)->got, p, n);
}

static void top_signal(struct layer *l, enum layer_signal s, const char *reason)
{
    ((struct top *)l)->opened += s == LAYER_OPEN;
}

static void top_free(struct layer *l)
{
    buf_done(&((struct top *)l)->got);
    free(l);
}

static const struct layer_ops top_ops = {
    .name = "top", .bytes_up = top_bytes, .signal = top_signal, .free = top_free};

static void chosen(void *arg, struct conn *c, enum sniffed what)
{
    struct seen *s = arg;
    s->what = what;
    s->times++;
    s->top = NEW(struct top);
    s->top->l.ops = &top_ops;
    conn_push(c, &s->top->l);
}

static void check(const char *bytes, size_t step, enum sniffed expected)
{
    struct seen seen = {SNIFF_UNKNOWN, 0, NULL};
    struct conn *c = conn_fake_new(NULL, NULL);
    size_t n = strlen(bytes);
    sniff_push(c, chosen, &seen);
    conn_fake_open(c);
    for (size_t at = 0; at < n; at += step)
        conn_fake_feed(c, bytes + at, at + step < n ? step : n - at);
    assert_int_equal(seen.times, expected == SNIFF_UNKNOWN ? 0 : 1);
    assert_int_equal(seen.what, expected);
    if (seen.top) {
        assert_int_equal(seen.top->opened, 1);
        assert_int_equal(buf_len(&seen.top->got), n);
        assert_memory_equal(buf_data(&seen.top->got), bytes, n);
        layer_down(&seen.top->l, "x", 1);
        assert_int_equal(buf_len(conn_fake_out(c)), 1);
    }
    conn_fake_free(c);
}

static void by_bytes(void **state)
{
    for (size_t step = 1; step < 30; step++) {
        check("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", step, SNIFF_H2);
        check("PROPFIND / HTTP/1.1\r\n", step, SNIFF_HTTP1);
        check("GET / HTTP/1.1\r\n", step, SNIFF_HTTP1);
        check("\x16\x03\x01", step, SNIFF_HTTP1);
        check("PRI", step, SNIFF_UNKNOWN);
    }
}

static void ends_before_it_speaks(void **state)
{
    struct seen seen = {SNIFF_UNKNOWN, 0, NULL};
    struct conn *c = conn_fake_new(NULL, NULL);
    sniff_push(c, chosen, &seen);
    conn_fake_open(c);
    conn_fake_feed(c, "PR", 2);
    conn_fake_eof(c);
    assert_int_equal(seen.times, 0);
    assert_int_not_equal(conn_fake_closed(c), FAKE_NOT_CLOSED);
    if (c->dead)
        conn_fake_run(c);
    conn_fake_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_bytes),
        cmocka_unit_test(ends_before_it_speaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
