/* Buffers keep their bytes in order however they are filled and emptied; durations are read or refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"

static void buf_is_a_queue(void **state)
{
    struct buf b = BUF_NULL;
    uint32_t random = 1;
    size_t put = 0, got = 0;
    (void)state;
    for (int round = 0; round < 2000; round++) {
        random = random * 1103515245u + 12345u;
        uint8_t bytes[700];
        size_t n = random >> 16 & 511;
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)(put++ * 7);
        buf_add(&b, bytes, n);
        size_t take = (random >> 8 & 1023) % (buf_len(&b) + 1);
        for (size_t i = 0; i < take; i++)
            assert_int_equal(buf_data(&b)[i], (uint8_t)(got++ * 7));
        buf_consume(&b, take);
        assert_int_equal(buf_len(&b), put - got);
    }
    buf_done(&b);
}

static void buf_gives_memory_back_only_when_empty(void **state)
{
    struct buf b = BUF_NULL;
    (void)state;
    assert_non_null(buf_data(&b)); /* may be handed to memcpy() with 0 bytes */
    buf_addf(&b, "%s-%d", "a", 12);
    buf_trim(&b);
    assert_int_equal(buf_len(&b), 4);
    assert_memory_equal(buf_data(&b), "a-12", 4);
    buf_consume(&b, 4);
    buf_trim(&b);
    assert_null(b.mem);
    memset(buf_reserve(&b, 100000), 'x', 100000);
    buf_added(&b, 100000);
    assert_int_equal(buf_len(&b), 100000);
    buf_done(&b);
}

static void buf_does_not_grow_with_what_has_gone(void **state)
{
    struct buf b = BUF_NULL;
    uint8_t kilo[1024] = {0};
    (void)state;
    buf_add(&b, kilo, 100);
    for (int i = 0; i < 10000; i++) {
        buf_add(&b, kilo, sizeof kilo);
        buf_consume(&b, sizeof kilo);
    }
    assert_true(b.cap <= 8192);
    buf_done(&b);
}

static void durations(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"250ms", 250}, {"15s", 15000}, {"1.5s", 1500}, {"2m", 120000}, {"1h", 3600000},
                {"1h30m", 5400000}, {"0s", 0}, {".5s", 500}, {"1.0005s", 1001}, {"1500us", 2}};
    static const char *const bad[] = {"", "s", "1", "1 s", "-1s", "1x", "1s ", "1.2.3s", ".s", "99999999999999h", "1e3s"};
    int64_t ms = -7;
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_int_equal(duration_parse(good[i].text, &ms), 0);
        assert_int_equal(ms, good[i].ms);
    }
    ms = -7;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(duration_parse(bad[i], &ms), -EINVAL);
    assert_int_equal(duration_parse(NULL, &ms), -EINVAL);
    assert_int_equal(ms, -7);
    assert_int_equal(duration_parse_signed("-1.5s", &ms), 0);
    assert_int_equal(ms, -1500);
    assert_int_equal(duration_parse_signed("+2m", &ms), 0);
    assert_int_equal(ms, 120000);
    assert_int_equal(duration_parse_signed("--2m", &ms), -EINVAL);
    assert_int_equal(duration_parse_signed(NULL, &ms), -EINVAL);
}

static void wall_clock_looks_like_one(void **state)
{
    char wall[WALL_LEN];
    (void)state;
    clock_wall(wall);
    assert_int_equal(strlen(wall), WALL_LEN - 1);
    assert_memory_equal(wall, "20", 2);
    assert_int_equal(wall[10], 'T');
    assert_int_equal(wall[23], 'Z');
}

static void copies(void **state)
{
    (void)state;
    assert_null(xstrdup(NULL));
    char *s = xstrndup("abcdef", 3);
    assert_string_equal(s, "abc");
    free(s);
    s = xmemdup("a\0b", 3);
    assert_memory_equal(s, "a\0b\0", 4);
    free(s);
    s = xasprintf("%05d", 42);
    assert_string_equal(s, "00042");
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buf_is_a_queue),
        cmocka_unit_test(buf_gives_memory_back_only_when_empty),
        cmocka_unit_test(buf_does_not_grow_with_what_has_gone),
        cmocka_unit_test(durations),
        cmocka_unit_test(wall_clock_looks_like_one),
        cmocka_unit_test(copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
