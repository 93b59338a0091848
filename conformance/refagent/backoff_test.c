/* The two retry schedules, with chance taken out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "conformance/refagent/backoff.h"
#include "lib/base/mem.h"

#define SECOND 1000000000ull

static uint64_t least(void)
{
    return 0;
}

static uint64_t most(void)
{
    return UINT64_MAX;
}

static void streams_double_to_five_minutes(void **state)
{
    (void)state;
    static const uint64_t want[] = {10000, 20000, 40000, 80000, 160000, 300000, 300000};
    struct backoff b;
    backoff_init_stream(&b);
    b.random = least;
    for (size_t i = 0; i < ARRAY_SIZE(want); i++)
        assert_int_equal(backoff_next(&b, SECOND), want[i]);
    backoff_init_stream(&b);
    b.random = most;
    for (size_t i = 0; i < ARRAY_SIZE(want); i++)
        assert_in_range(backoff_next(&b, SECOND), want[i] * 2 - 1, want[i] * 2);
}

static void streams_forget_after_ten_minutes(void **state)
{
    (void)state;
    struct backoff b;
    backoff_init_stream(&b);
    b.random = least;
    backoff_next(&b, SECOND);
    backoff_next(&b, 2 * SECOND);
    assert_int_equal(backoff_next(&b, 602 * SECOND), 40000);
    assert_int_equal(backoff_next(&b, 1203 * SECOND), 10000);
}

static void channel_grows_to_two_minutes(void **state)
{
    (void)state;
    assert_int_equal(backoff_channel(0, most), 1000);
    assert_int_equal(backoff_channel(1, least), 1280);
    assert_in_range(backoff_channel(1, most), 1919, 1920);
    assert_int_equal(backoff_channel(2, least), 2048);
    assert_int_equal(backoff_channel(1000, least), 96000);
    assert_in_range(backoff_channel(1000, most), 143999, 144000);
}

static void chance_stays_in_range(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct backoff b;
        backoff_init_stream(&b);
        assert_in_range(backoff_next(&b, SECOND), 10000, 20000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_double_to_five_minutes),
        cmocka_unit_test(streams_forget_after_ten_minutes),
        cmocka_unit_test(channel_grows_to_two_minutes),
        cmocka_unit_test(chance_stays_in_range),
    };
    return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
