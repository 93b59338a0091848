#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "fakekas/accept.h"
#include "fakekas/glob.h"

static json_t *good(void)
{
    return json_pack("{ssssssssssss}", "host", "127.0.0.1:9150", "connection", "Upgrade", "upgrade", "websocket",
                     "sec-websocket-version", "13", "sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==",
                     "sec-websocket-protocol", "ws-tunnel");
}

/* A good handshake with one header changed (NULL: left out). */
static void judge(const char *name, const char *value, const char *method, int minor, int status, const char *text)
{
    json_t *headers = good();
    if (name && value)
        json_object_set_new(headers, name, json_string(value));
    else if (name)
        json_object_del(headers, name);
    struct http1_request r = {.method = method, .target = "/any?x", .path = "/any", .major = 1, .minor = minor,
                              .headers = headers};
    char *said = NULL;
    assert_int_equal(accept_judge(&r, &said), status);
    if (text)
        assert_string_equal(said, text);
    else
        assert_null(said);
    free(said);
    json_decref(headers);
}

#define VIOLATION "WebSocket protocol violation: "

static void answers(void **state)
{
    (void)state;
    judge(NULL, NULL, "GET", 1, 101, NULL);
    judge("origin", "http://127.0.0.1:9150", "GET", 1, 101, NULL);
    judge(NULL, NULL, "GET", 0, 426, VIOLATION "handshake request must be at least HTTP/1.1: \"HTTP/1.0\"");
    judge("connection", NULL, "GET", 1, 426, VIOLATION "Connection header \"\" does not contain Upgrade");
    judge("connection", "keep-alive", "GET", 1, 426,
          VIOLATION "Connection header \"keep-alive\" does not contain Upgrade");
    judge("upgrade", "h2c", "GET", 1, 426, VIOLATION "Upgrade header \"h2c\" does not contain websocket");
    judge(NULL, NULL, "POST", 1, 405, VIOLATION "handshake request method is not GET but \"POST\"");
    judge("sec-websocket-version", "12", "GET", 1, 400,
          "unsupported WebSocket protocol version (only 13 is supported): \"12\"");
    judge("sec-websocket-key", NULL, "GET", 1, 400, VIOLATION "missing Sec-WebSocket-Key");
    judge("origin", "http://other.example", "GET", 1, 403,
          "request Origin \"http://other.example\" is not authorized for Host \"127.0.0.1:9150\"");
    judge("sec-websocket-version", "1\"\\", "GET", 1, 400,
          "unsupported WebSocket protocol version (only 13 is supported): \"1\\\"\\\\\"");
}

static void globs(void **state)
{
    (void)state;
    assert_true(glob_fits("**/*.{yaml,yml,json}", "a.yaml"));
    assert_true(glob_fits("**/*.{yaml,yml,json}", "x/y/a.json"));
    assert_false(glob_fits("**/*.{yaml,yml,json}", "x/README.md"));
    assert_true(glob_fits("/dir/*.yaml", "dir/a.yaml"));
    assert_false(glob_fits("dir/*.yaml", "dir/sub/a.yaml"));
    assert_true(glob_fits("dir/**", "dir/sub/a.yaml"));
    assert_true(glob_fits("a[0-9]?.yaml", "a1x.yaml"));
    assert_false(glob_fits("a[^0-9].yaml", "a1.yaml"));
    assert_false(glob_fits("dir/[a.yaml", "dir/a.yaml"));
    assert_false(glob_fits("", "a"));
    assert_false(glob_fits("{{{{{{{{{{{{{{{{{{{{", "a"));
    assert_false(glob_fits("****************************************x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers), cmocka_unit_test(globs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
