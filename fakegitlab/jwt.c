#include "fakegitlab/jwt.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"

enum { MAC_LEN = 32, TOKEN_MAX = 16 * 1024 };

/* What KAS sends, each time the same: its header need not be read again. */
static const char usual_header[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

struct jwt_key {
    EVP_MAC *mac;
    EVP_MAC_CTX *ctx; /* has the key; init without one begins the next */
    /* The last one whose signature was right. KAS signs one for each call, but its claims are seconds and nothing
     * else that differs: what it sends within a second is the same text, and need not be verified again. */
    char *known;
    json_t *claims;
};

struct jwt_key *jwt_key_new(const void *secret, size_t len)
{
    struct jwt_key *k = NEW(struct jwt_key);
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    k->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    k->ctx = k->mac ? EVP_MAC_CTX_new(k->mac) : NULL;
    if (!k->ctx || EVP_MAC_init(k->ctx, secret, len, params) != 1)
        abort(); /* OpenSSL without HMAC is none that we were built with */
    return k;
}

struct jwt_key *jwt_key_free(struct jwt_key *k)
{
    if (!k)
        return NULL;
    EVP_MAC_CTX_free(k->ctx);
    EVP_MAC_free(k->mac);
    free(k->known);
    json_decref(k->claims);
    free(k);
    return NULL;
}

const char *jwt_verdict_to_string(enum jwt_verdict v)
{
    static const char *const names[] = {
        [JWT_OK] = "ok",               [JWT_MISSING] = "missing", [JWT_MALFORMED] = "malformed",
        [JWT_ALGORITHM] = "algorithm", [JWT_SIGNATURE] = "signature", [JWT_ISSUER] = "issuer",
        [JWT_AUDIENCE] = "audience",   [JWT_EXPIRED] = "expired", [JWT_EARLY] = "not yet valid"};
    return v < _JWT_MAX ? names[v] : "";
}

static void mac_of(struct jwt_key *k, const char *p, size_t n, uint8_t out[MAC_LEN])
{
    size_t len = 0;
    if (EVP_MAC_init(k->ctx, NULL, 0, NULL) != 1 || EVP_MAC_update(k->ctx, (const uint8_t *)p, n) != 1 ||
        EVP_MAC_final(k->ctx, out, &len, MAC_LEN) != 1 || len != MAC_LEN)
        abort();
}

/* ---- base64url, RFC 7515 section 2: without padding ---- */

static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* out: room for n * 3 / 4. -1: it is none. */
static ssize_t decode(const char *p, size_t n, uint8_t *out)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t len = 0;
    if (n % 4 == 1)
        return -1;
    for (size_t i = 0; i < n; i++) {
        int d = digit_of(p[i]);
        if (d < 0)
            return -1;
        bits = bits << 6 | (uint32_t)d;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[len++] = (uint8_t)(bits >> have);
        }
    }
    return (bits & ((1u << have) - 1)) ? -1 : (ssize_t)len; /* one text for each value */
}

static void encode(struct buf *b, const uint8_t *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0);
        for (unsigned c = 0; c < 4 && i + c <= n; c++)
            buf_add(b, &digits[v >> (18 - 6 * c) & 63], 1);
    }
}

/* ---- checking ---- */

static json_t *part_json(const char *p, size_t n)
{
    _cleanup_(freep) uint8_t *bytes = xcalloc(1, n * 3 / 4 + 1);
    ssize_t len = decode(p, n, bytes);
    return len < 0 ? NULL : json_loadb((const char *)bytes, (size_t)len, JSON_REJECT_DUPLICATES, NULL);
}

static enum jwt_verdict check_header(const char *p, size_t n)
{
    if (n == sizeof(usual_header) - 1 && !memcmp(p, usual_header, n))
        return JWT_OK;
    json_t *header = part_json(p, n);
    const char *alg = json_string_value(json_object_get(header, "alg"));
    enum jwt_verdict v = !json_is_object(header)           ? JWT_MALFORMED
                         : alg && !strcmp(alg, "HS256") ? JWT_OK
                                                           : JWT_ALGORITHM;
    json_decref(header);
    return v;
}

static bool is_or_holds(const json_t *v, const char *wanted)
{
    size_t i;
    json_t *one;
    if (json_is_string(v))
        return !strcmp(json_string_value(v), wanted);
    json_array_foreach (v, i, one)
        if (json_is_string(one) && !strcmp(json_string_value(one), wanted))
            return true;
    return false;
}

static enum jwt_verdict check_claims(const json_t *claims, const struct jwt_rules *rules, int64_t now)
{
    const json_t *iss = json_object_get(claims, "iss"), *exp = json_object_get(claims, "exp"),
                 *nbf = json_object_get(claims, "nbf");
    if (!json_is_object(claims) || (exp && !json_is_number(exp)) || (nbf && !json_is_number(nbf)))
        return JWT_MALFORMED;
    if (exp && json_number_value(exp) + (double)rules->leeway_s <= (double)now)
        return JWT_EXPIRED;
    if (nbf && json_number_value(nbf) - (double)rules->leeway_s > (double)now)
        return JWT_EARLY;
    if (!json_is_string(iss) || strcmp(json_string_value(iss), rules->issuer) != 0)
        return JWT_ISSUER;
    return is_or_holds(json_object_get(claims, "aud"), rules->audience) ? JWT_OK : JWT_AUDIENCE;
}

enum jwt_verdict jwt_check(struct jwt_key *k, const struct jwt_rules *rules, const char *token, int64_t now)
{
    uint8_t mac[MAC_LEN], said[MAC_LEN + 3];
    if (!token || !*token)
        return JWT_MISSING;
    if (k->known && !strcmp(token, k->known))
        return check_claims(k->claims, rules, now); /* its times may have passed meanwhile */
    const char *payload = strchr(token, '.'), *signature = payload ? strchr(payload + 1, '.') : NULL;
    if (!signature || strlen(token) > TOKEN_MAX || strchr(signature + 1, '.'))
        return JWT_MALFORMED;
    enum jwt_verdict v = check_header(token, (size_t)(payload - token));
    if (v != JWT_OK)
        return v;
    size_t n = strlen(signature + 1);
    if (n != (MAC_LEN * 4 + 2) / 3 || decode(signature + 1, n, said) != MAC_LEN)
        return JWT_SIGNATURE;
    mac_of(k, token, (size_t)(signature - token), mac);
    if (CRYPTO_memcmp(mac, said, MAC_LEN) != 0)
        return JWT_SIGNATURE;
    json_t *claims = part_json(payload + 1, (size_t)(signature - payload - 1));
    if (!claims)
        return JWT_MALFORMED;
    free(k->known);
    json_decref(k->claims);
    k->known = xstrdup(token);
    k->claims = claims;
    return check_claims(claims, rules, now);
}

char *jwt_sign(struct jwt_key *k, const json_t *claims)
{
    struct buf b = BUF_NULL;
    uint8_t mac[MAC_LEN];
    _cleanup_(freep) char *text = json_dumps(claims, JSON_COMPACT);
    buf_addf(&b, "%s.", usual_header);
    encode(&b, (const uint8_t *)text, strlen(text));
    mac_of(k, (const char *)buf_data(&b), buf_len(&b), mac);
    buf_add(&b, ".", 1);
    encode(&b, mac, MAC_LEN);
    char *token = xstrndup((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return token;
}
