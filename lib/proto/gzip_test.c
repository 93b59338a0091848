/* gzip as gRPC carries it: bounded, and honest about what is broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/proto/gzip.h"

static void test_there_and_back(void **state)
{
    static const size_t sizes[] = {0, 1, 23, 511, 512, 8191, 8192, 100000, 1000000};

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct buf packed = BUF_NULL, plain = BUF_NULL;
        uint8_t *in = xcalloc(sizes[i] + 1, 1);
        for (size_t k = 0; k < sizes[i]; k++)
            in[k] = (uint8_t)(k * k >> 5);
        assert_int_equal(gzip_pack(in, sizes[i], &packed), 0);
        assert_int_equal(gzip_unpack(buf_data(&packed), buf_len(&packed), sizes[i], &plain), 0);
        assert_int_equal(buf_len(&plain), sizes[i]);
        if (sizes[i] > 0)
            assert_memory_equal(buf_data(&plain), in, sizes[i]);
        free(in);
        buf_done(&packed);
        buf_done(&plain);
    }
}

/* What an agent sends for a message without fields: Go's writer. */
static void test_empty_message_of_an_agent(void **state)
{
    static const uint8_t go[] = {0x1f, 0x8b, 8,    0, 0, 0, 0, 0, 0, 0xff, 1, 0,
                                 0,    0xff, 0xff, 0, 0, 0, 0, 0, 0, 0,    0};
    struct buf plain = BUF_NULL;

    assert_int_equal(gzip_unpack(go, sizeof(go), 100, &plain), 0);
    assert_int_equal(buf_len(&plain), 0);
    buf_done(&plain);
}

static void test_a_bomb_stops_at_the_limit(void **state)
{
    enum { HUGE = 50 * 1024 * 1024, LIMIT = 1024 * 1024 };
    struct buf packed = BUF_NULL, plain = BUF_NULL;
    uint8_t *zeros = xcalloc(HUGE, 1);

    gzip_pack(zeros, HUGE, &packed);
    free(zeros);
    assert_int_equal(gzip_unpack(buf_data(&packed), buf_len(&packed), LIMIT, &plain), -EMSGSIZE);
    assert_true(buf_len(&plain) <= LIMIT + 4096);
    buf_done(&packed);
    buf_done(&plain);
}

static void test_broken(void **state)
{
    struct buf packed = BUF_NULL, plain = BUF_NULL;

    gzip_pack("hello, hello, hello", 19, &packed);
    size_t n = buf_len(&packed);
    for (size_t cut = 0; cut < n; cut++)
        assert_int_equal(gzip_unpack(buf_data(&packed), cut, 100, &plain), -EINVAL);
    uint8_t *changed = xmemdup(buf_data(&packed), n);
    changed[n - 6] ^= 1; /* the checksum */
    assert_int_equal(gzip_unpack(changed, n, 100, &plain), -EINVAL);
    free(changed);
    buf_add(&packed, "more", 4);
    assert_int_equal(gzip_unpack(buf_data(&packed), n + 4, 100, &plain), -EINVAL);
    assert_int_equal(gzip_unpack((const uint8_t *)"no gzip at all", 14, 100, &plain), -EINVAL);
    buf_done(&packed);
    buf_done(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_empty_message_of_an_agent),
        cmocka_unit_test(test_a_bomb_stops_at_the_limit),
        cmocka_unit_test(test_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
