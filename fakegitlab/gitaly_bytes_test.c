/* The token and the advertisement: bytes only, no store and no socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "fakegitlab/gitaly_pktline.h"
#include "fakegitlab/gitaly_token.h"
#include "lib/base/mem.h"

#define SECONDS 1795403187
#define MAC "ea9043af7b69e45545a89c03ea5c9a447506c8804751f98e003c337ec6d3ee34"

/* What a real KAS sent. */
static void vector(void **state)
{
    (void)state;
    _cleanup_(freep) char *made = gitaly_token_make("gtok", SECONDS);
    assert_string_equal(made, "Bearer v2." MAC ".1795403187");
    assert_int_equal(gitaly_token_check("gtok", made, SECONDS), GITALY_TOKEN_GOOD);
}

static void clocks(void **state)
{
    (void)state;
    _cleanup_(freep) char *made = gitaly_token_make("gtok", SECONDS);
    assert_int_equal(gitaly_token_check("gtok", made, SECONDS + 30), GITALY_TOKEN_GOOD);
    assert_int_equal(gitaly_token_check("gtok", made, SECONDS - 30), GITALY_TOKEN_GOOD);
    assert_int_equal(gitaly_token_check("gtok", made, SECONDS + 31), GITALY_TOKEN_TIME);
    assert_int_equal(gitaly_token_check("gtok", made, SECONDS - 31), GITALY_TOKEN_TIME);
    _cleanup_(freep) char *ancient = gitaly_token_make("gtok", INT64_MIN);
    assert_int_equal(gitaly_token_check("gtok", ancient, SECONDS), GITALY_TOKEN_TIME);
}

static void refused(void **state)
{
    static const struct {
        const char *header;
        enum gitaly_token_verdict verdict;
    } cases[] = {
        {NULL, GITALY_TOKEN_MISSING},
        {"", GITALY_TOKEN_MISSING},
        {"Bearer", GITALY_TOKEN_MISSING},
        {"Bearer ", GITALY_TOKEN_MISSING},
        {"Basic v2." MAC ".1795403187", GITALY_TOKEN_MISSING},
        {"Bearer gtok", GITALY_TOKEN_MISSING},
        {"Bearer v2." MAC, GITALY_TOKEN_MISSING},
        {"Bearer v2.xyz.1795403187", GITALY_TOKEN_MISSING},
        {"Bearer v2.abc.1795403187", GITALY_TOKEN_MISSING}, /* half a byte */
        {"Bearer v3." MAC ".1795403187", GITALY_TOKEN_VERSION},
        {"Bearer ." MAC ".1795403187", GITALY_TOKEN_VERSION},
        {"Bearer v2..1795403187", GITALY_TOKEN_MAC},
        {"Bearer v2.ea.1795403187", GITALY_TOKEN_MAC},
        {"Bearer v2." MAC "00.1795403187", GITALY_TOKEN_MAC},
        {"Bearer v2." MAC ".1795403188", GITALY_TOKEN_MAC},
        {"Bearer v2.fa9043af7b69e45545a89c03ea5c9a447506c8804751f98e003c337ec6d3ee34.1795403187", GITALY_TOKEN_MAC},
        {"bearer v2." MAC ".1795403187", GITALY_TOKEN_GOOD},
        {"Bearer v2.EA9043AF7B69E45545A89C03EA5C9A447506C8804751F98E003C337EC6D3EE34.1795403187", GITALY_TOKEN_GOOD},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        enum gitaly_token_verdict v = gitaly_token_check("gtok", cases[i].header, SECONDS);
        if (v != cases[i].verdict)
            fail_msg("%s: %d", cases[i].header, v);
    }
    assert_int_equal(gitaly_token_check("other", "Bearer v2." MAC ".1795403187", SECONDS), GITALY_TOKEN_MAC);
}

#define A "1111111111111111111111111111111111111111"
#define B "2222222222222222222222222222222222222222"

/* Reads it as a client does: the lengths must lead from line to line and to the end. "4:text;0;…", NUL as '|'. */
static char *lines_of(struct buf *b)
{
    struct buf out = BUF_NULL;
    while (buf_len(b) >= 4) {
        char digits[5] = {0};
        memcpy(digits, buf_data(b), 4);
        size_t n = strtoul(digits, NULL, 16);
        assert_true(n == 0 || (n > 4 && n <= buf_len(b)));
        for (size_t i = 4; i < n; i++)
            buf_add(&out, buf_data(b)[i] ? (const char *)buf_data(b) + i : "|", 1);
        buf_add(&out, n ? "" : "flush\n", n ? 0 : 6);
        buf_consume(b, n ? n : 4);
    }
    assert_int_equal(buf_len(b), 0);
    buf_add(&out, "", 1);
    char *text = xstrdup((const char *)buf_data(&out));
    buf_done(&out);
    buf_done(b);
    return text;
}

static void advertisement(void **state)
{
    struct buf b = BUF_NULL;
    (void)state;
    gitaly_pktline_begin(&b);
    gitaly_pktline_add(&b, A, "HEAD", "refs/heads/main");
    gitaly_pktline_add(&b, A, "refs/heads/main", NULL);
    gitaly_pktline_add(&b, B, "refs/heads/other", NULL);
    gitaly_pktline_end(&b);
    assert_memory_equal(buf_data(&b), "001e# service=git-upload-pack\n0000", 34);
    _cleanup_(freep) char *text = lines_of(&b);
    assert_ptr_equal(strstr(text, "# service=git-upload-pack\nflush\n" A " HEAD|multi_ack "), text);
    assert_non_null(strstr(text, " symref=HEAD:refs/heads/main object-format=sha1 agent="));
    assert_non_null(strstr(text, "\n" A " refs/heads/main\n" B " refs/heads/other\nflush\n"));
}

static void nothing_to_advertise(void **state)
{
    struct buf b = BUF_NULL;
    (void)state;
    gitaly_pktline_begin(&b);
    gitaly_pktline_end(&b);
    _cleanup_(freep) char *modern = lines_of(&b);
    assert_string_equal(modern, "# service=git-upload-pack\nflush\nflush\n");
    b = BUF_NULL;
    gitaly_pktline_begin(&b);
    gitaly_pktline_add(&b, GITALY_NO_REFS_ID, GITALY_NO_REFS_NAME, NULL);
    gitaly_pktline_end(&b);
    _cleanup_(freep) char *git = lines_of(&b);
    assert_non_null(strstr(git, "flush\n0000000000000000000000000000000000000000 capabilities^{}|multi_ack "));
    assert_null(strstr(git, "symref"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vector),        cmocka_unit_test(clocks),
        cmocka_unit_test(refused),       cmocka_unit_test(advertisement),
        cmocka_unit_test(nothing_to_advertise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
