/* A server's bytes, read for comparison. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "conformance/parity/raw.h"
#include "lib/base/mem.h"

static void assert_raw_of(const char *bytes, size_t n, const char *wanted)
{
    json_t *said = raw_json(bytes, n, "eof");
    _cleanup_(freep) char *text = json_dumps(said, JSON_COMPACT | JSON_SORT_KEYS);

    assert_string_equal(text, wanted);
    json_decref(said);
}
#define assert_raw(bytes, wanted) assert_raw_of(bytes, sizeof(bytes) - 1, wanted)

static void keeps_a_head_as_it_stands(void **state)
{
    (void)state;
    assert_raw("HTTP/1.1 426 Upgrade Required\r\nB: 2\r\na:1\r\nB:  3\r\n\r\nno\n",
               "{\"body\":\"no\\n\",\"end\":\"eof\",\"headers\":[[\"B\",\"2\"],[\"a\",\"1\"],[\"B\",\"3\"]],"
               "\"status\":\"HTTP/1.1 426 Upgrade Required\"}");
    assert_raw("HTTP/1.1 400 Bad\r\nodd\r\n\r\n", "{\"body\":\"\",\"end\":\"eof\",\"headers\":[[\"odd\",\"<"
                                                  "no colon>\"]],\"status\":\"HTTP/1.1 400 Bad\"}");
}

static void reads_frames_behind_101(void **state)
{
    (void)state;
    assert_raw(
        "HTTP/1.1 101 x\r\n\r\n\x82\x02\x01\x02\x82\x01\x03\x88\x04\x03\xea"
        "hi",
        "{\"close\":{\"code\":1002,\"reason\":\"hi\"},\"end\":\"eof\",\"h2\":\"010203\",\"headers\":[],"
        "\"status\":\"HTTP/1.1 101 x\"}");
    assert_raw("HTTP/1.1 101 x\r\n\r\n\x81\x01"
               "t\x82\x05\x01", /* the last is not whole */
               "{\"behind\":\"820501\",\"end\":\"eof\",\"frames\":[{\"opcode\":1,\"text\":\"t\"}],\"h2\":"
               "\"\",\"headers\":[],"
               "\"status\":\"HTTP/1.1 101 x\"}");
}

static void tells_other_bytes_as_they_are(void **state)
{
    (void)state;
    assert_raw("\x00\x00\x06\x04", "{\"bytes\":\"00000604\",\"end\":\"eof\"}");
    assert_raw("HTTP/1.1 200 OK\r\nhalf",
               "{\"bytes\":\"485454502f312e3120323030204f4b0d0a68616c66\",\"end\":\"eof\"}");
    assert_raw("", "{\"bytes\":\"\",\"end\":\"eof\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_a_head_as_it_stands),
        cmocka_unit_test(reads_frames_behind_101),
        cmocka_unit_test(tells_other_bytes_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
