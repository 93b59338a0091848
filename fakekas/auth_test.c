#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "fakekas/auth.h"
#include "lib/proto/grpc.h"

static void headers(void **state)
{
    static const char *const with = "Request unauthenticated with bearer", *const bad = "Bad authorization string";
    static const struct {
        const char *header, *token;
        const char *const *message;
    } table[] = {
        {NULL, NULL, &with},           {"", NULL, &with},           {"Basic abc", NULL, &with},
        {"Bearer", NULL, &bad},        {"Basic", NULL, &bad},       {"Bearer abc", "abc", NULL},
        {"bearer abc", "abc", NULL},   {"Bearer ", "", NULL},       {"Bearer a b", "a b", NULL},
        {"Bearers abc", NULL, &with},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const char *token, *message;
        int code = auth_bearer(table[i].header, &token, &message);
        assert_int_equal(code, table[i].message ? GRPC_UNAUTHENTICATED : GRPC_OK);
        if (table[i].message)
            assert_string_equal(message, *table[i].message);
        else
            assert_string_equal(token, table[i].token);
    }
}

static void expect(const char *version, enum agent_status s, int code, const char *text)
{
    struct kas_traits t;
    const char *message;
    assert_int_equal(traits_of(version, &t), 0);
    assert_int_equal(auth_status_code(s, &t, &message), code);
    if (code > 0)
        assert_string_equal(message, text);
}

static void statuses(void **state)
{
    (void)state;
    expect("14.7", AGENT_OK, GRPC_OK, "");
    expect("14.7", AGENT_UNAUTHENTICATED, GRPC_UNAUTHENTICATED, "unauthenticated");
    expect("14.7", AGENT_FORBIDDEN, GRPC_PERMISSION_DENIED, "forbidden");
    expect("14.7", AGENT_NOT_FOUND, GRPC_NOT_FOUND, "agent not found");
    expect("14.7", AGENT_UNAVAILABLE, -1, "");
    expect("13.12", AGENT_NOT_FOUND, GRPC_UNAVAILABLE, "unavailable");
    expect("13.12", AGENT_UNAVAILABLE, GRPC_UNAVAILABLE, "unavailable");
    expect("13.6", AGENT_UNAVAILABLE, -1, "");
}

static void tokens(void **state)
{
    char *err = NULL;
    struct agents *a;
    json_t *list = json_pack("[{ssss}, {sssi}]", "token", "one", "status", "forbidden", "token", "two\n", "id", 7);
    (void)state;
    assert_int_equal(agents_new(list, NULL, &a, &err), 0);
    assert_int_equal(agents_by_token(a, "one")->status, AGENT_FORBIDDEN);
    assert_null(agents_by_token(a, "one\n"));
    assert_null(agents_by_token(a, "two")); /* compared byte by byte: the newline is part of it */
    assert_int_equal(agents_by_token(a, "two\n")->id, 7);
    agents_first(a)->revoked = true;
    assert_int_equal(agent_status_now(agents_first(a)), AGENT_UNAUTHENTICATED);
    assert_int_equal(agent_status_now(NULL), AGENT_UNAUTHENTICATED);
    agents_free(a);
    json_decref(list);
}

static void token_of_a_run(void **state)
{
    char *err = NULL;
    struct agents *a, *b;
    (void)state;
    assert_int_equal(agents_new(NULL, NULL, &a, &err), 0);
    assert_int_equal(agents_new(NULL, NULL, &b, &err), 0);
    assert_int_equal(strlen(agents_first(a)->token), strlen("glagent-") + 40);
    assert_string_not_equal(agents_first(a)->token, agents_first(b)->token);
    agents_free(a);
    agents_free(b);
}

static void bad_status(void **state)
{
    char *err = NULL;
    struct agents *a;
    json_t *list = json_pack("[{ss}]", "status", "forbiden");
    (void)state;
    assert_true(agents_new(list, NULL, &a, &err) < 0);
    assert_non_null(strstr(err, "did you mean forbidden?"));
    free(err);
    json_decref(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers),         cmocka_unit_test(statuses),
        cmocka_unit_test(tokens),  cmocka_unit_test(token_of_a_run), cmocka_unit_test(bad_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
