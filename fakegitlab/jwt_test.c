/* JWTs of KAS: a real one, and everything that must not pass for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fakegitlab/jwt.h"
#include "lib/base/mem.h"

/* What a real KAS 14.7 sent with the secret "kkk…" (32 times). */
#define IAT 1795403166
static const char vector[] =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJpc3MiOiJnaXRsYWIta2FzIiwiYXVkIjpbImdpdGxhYiJdLCJleHAiOjE3OTU0MDMxNzEsIm5iZiI6MTc5NTQwMzE2MSwiaWF0Ijox"
    "Nzk1NDAzMTY2fQ.EktsMavsCDIiBieCm4pf0nNfAalXiZ3FegTui5ytvTQ";
static const struct jwt_rules rules = {.issuer = "gitlab-kas", .audience = "gitlab"};

static struct jwt_key *key_of(char c)
{
    char secret[32];
    memset(secret, c, sizeof(secret));
    return jwt_key_new(secret, sizeof(secret));
}

static void assert_verdict_at(struct jwt_key *k, const char *token, int64_t now, enum jwt_verdict expected)
{
    enum jwt_verdict v = jwt_check(k, &rules, token, now);
    if (v != expected)
        fail_msg("%s: %s, not %s", token ? token : "NULL", jwt_verdict_to_string(v), jwt_verdict_to_string(expected));
}

static void real_one(void **state)
{
    struct jwt_key *k = key_of('k'), *other = key_of('l');
    for (int i = 0; i < 2; i++) /* a key is used again and again */
        assert_verdict_at(k, vector, IAT, JWT_OK);
    assert_verdict_at(other, vector, IAT, JWT_SIGNATURE);
    assert_verdict_at(k, vector, IAT, JWT_OK);
    _cleanup_(freep) char *near = xstrdup(vector); /* of one that is known, all but the last of its signature */
    near[strlen(near) - 1] = 'A';
    assert_verdict_at(k, near, IAT, JWT_SIGNATURE);
    near[strlen(near) - 1] = '\0';
    assert_verdict_at(k, near, IAT, JWT_SIGNATURE);
    jwt_key_free(k);
    jwt_key_free(other);
    assert_null(jwt_key_free(NULL));
}

static void its_time(void **state)
{
    static const struct jwt_rules lenient = {.issuer = "gitlab-kas", .audience = "gitlab", .leeway_s = 2};
    struct jwt_key *k = key_of('k');
    assert_verdict_at(k, vector, IAT + 4, JWT_OK);
    assert_verdict_at(k, vector, IAT + 5, JWT_EXPIRED);
    assert_verdict_at(k, vector, IAT - 5, JWT_OK);
    assert_verdict_at(k, vector, IAT - 6, JWT_EARLY);
    assert_int_equal(jwt_check(k, &lenient, vector, IAT + 6), JWT_OK);
    assert_int_equal(jwt_check(k, &lenient, vector, IAT + 7), JWT_EXPIRED);
    assert_int_equal(jwt_check(k, &lenient, vector, IAT - 7), JWT_OK);
    assert_int_equal(jwt_check(k, &lenient, vector, IAT - 8), JWT_EARLY);
    jwt_key_free(k);
}

static void signs_as_kas_does(void **state)
{
    struct jwt_key *k = key_of('k');
    json_t *claims = json_pack("{ss, s[s], si, si, si}", "iss", "gitlab-kas", "aud", "gitlab", "exp", IAT + 5, "nbf",
                               IAT - 5, "iat", IAT);
    _cleanup_(freep) char *token = jwt_sign(k, claims);
    assert_string_equal(token, vector);
    json_decref(claims);
    jwt_key_free(k);
}

/* Every change of one character is noticed. */
static void any_change(void **state)
{
    struct jwt_key *k = key_of('k');
    for (size_t i = 0; i < sizeof(vector) - 1; i++) {
        _cleanup_(freep) char *token = xstrdup(vector);
        token[i] = token[i] == 'A' ? 'B' : 'A';
        assert_int_not_equal(jwt_check(k, &rules, token, IAT), JWT_OK);
        token[i] = '\0';
        assert_int_not_equal(jwt_check(k, &rules, token, IAT), JWT_OK);
    }
    jwt_key_free(k);
}

static void claims(void **state)
{
    static const struct {
        const char *claims;
        enum jwt_verdict verdict;
    } cases[] = {
        {"{\"iss\":\"gitlab-kas\",\"aud\":\"gitlab\"}", JWT_OK},
        {"{\"iss\":\"gitlab-kas\",\"aud\":[\"x\",\"gitlab\"]}", JWT_OK},
        {"{\"iss\":\"gitlab-kas\"}", JWT_AUDIENCE},
        {"{\"iss\":\"gitlab-kas\",\"aud\":[]}", JWT_AUDIENCE},
        {"{\"iss\":\"gitlab-kas\",\"aud\":{\"gitlab\":1}}", JWT_AUDIENCE},
        {"{\"iss\":\"gitlab-kas\",\"aud\":\"gitlab-kas\"}", JWT_AUDIENCE},
        {"{\"aud\":\"gitlab\"}", JWT_ISSUER},
        {"{\"iss\":[\"gitlab-kas\"],\"aud\":\"gitlab\"}", JWT_ISSUER},
        {"{\"iss\":\"gitlab\",\"aud\":\"gitlab\"}", JWT_ISSUER},
        {"{\"iss\":\"gitlab-kas\",\"aud\":\"gitlab\",\"exp\":\"9999999999\"}", JWT_MALFORMED},
        {"{\"iss\":\"gitlab-kas\",\"aud\":\"gitlab\",\"exp\":1795403166.5}", JWT_OK},
        {"{\"iss\":\"gitlab-kas\",\"aud\":\"gitlab\",\"exp\":-1}", JWT_EXPIRED},
        {"{\"iss\":\"gitlab-kas\",\"aud\":\"gitlab\",\"nbf\":1e300}", JWT_EARLY},
        {"[]", JWT_MALFORMED},
        {"\"\"", JWT_MALFORMED},
    };
    struct jwt_key *k = key_of('k');
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_t *c = json_loads(cases[i].claims, JSON_DECODE_ANY, NULL);
        if (!json_is_string(c)) {
            _cleanup_(freep) char *token = jwt_sign(k, c);
            assert_verdict_at(k, token, IAT, cases[i].verdict);
        }
        json_decref(c);
    }
    jwt_key_free(k);
}

static void no_tokens(void **state)
{
    static const struct {
        const char *token;
        enum jwt_verdict verdict;
    } cases[] = {
        {NULL, JWT_MISSING},
        {"", JWT_MISSING},
        {".", JWT_MALFORMED},
        {"..", JWT_MALFORMED},
        {"...", JWT_MALFORMED},
        {"a.b.c", JWT_MALFORMED},
        {"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9..", JWT_SIGNATURE},
        {"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", JWT_MALFORMED},
        /* {"alg":"none"}, {"alg":"None"}, {"alg":"HS512"}, {}, {"alg":1} */
        {"eyJhbGciOiJub25lIn0.eyJpc3MiOiJnaXRsYWIta2FzIiwiYXVkIjoiZ2l0bGFiIn0.", JWT_ALGORITHM},
        {"eyJhbGciOiJOb25lIn0.eyJpc3MiOiJnaXRsYWIta2FzIiwiYXVkIjoiZ2l0bGFiIn0.", JWT_ALGORITHM},
        {"eyJhbGciOiJIUzUxMiJ9.eyJpc3MiOiJnaXRsYWIta2FzIiwiYXVkIjoiZ2l0bGFiIn0.", JWT_ALGORITHM},
        {"e30.e30.", JWT_ALGORITHM},
        {"eyJhbGciOjF9.e30.", JWT_ALGORITHM},
        {"W10.e30.", JWT_MALFORMED},
        /* The alphabet of base64 that is not for URLs, and padding */
        {"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.EktsMavsCDIiBieCm4pf0nNfAalXiZ3FegTui5ytvT+", JWT_SIGNATURE},
        {"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30=.EktsMavsCDIiBieCm4pf0nNfAalXiZ3FegTui5ytvTQ=", JWT_SIGNATURE},
    };
    struct jwt_key *k = key_of('k');
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_verdict_at(k, cases[i].token, IAT, cases[i].verdict);
    _cleanup_(freep) char *huge = xcalloc(1, 1 << 20);
    memset(huge, 'A', (1 << 20) - 1);
    huge[10] = huge[20] = '.';
    assert_verdict_at(k, huge, IAT, JWT_MALFORMED);
    jwt_key_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_one),   cmocka_unit_test(its_time), cmocka_unit_test(signs_as_kas_does),
        cmocka_unit_test(any_change), cmocka_unit_test(claims),   cmocka_unit_test(no_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
