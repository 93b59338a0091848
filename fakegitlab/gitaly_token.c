#include "fakegitlab/gitaly_token.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/mem.h"

enum { MAC_LEN = 32, SECONDS_MAX = 20 };

static void mac_of(const char *token, const char *seconds, size_t n, uint8_t out[MAC_LEN])
{
    unsigned len = MAC_LEN;
    (void)HMAC(EVP_sha256(), token, (int)strlen(token), (const unsigned char *)seconds, n, out, &len);
}

static bool hex_digit(char c, uint8_t *ret)
{
    if (c >= '0' && c <= '9')
        *ret = (uint8_t)(c - '0');
    else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        *ret = (uint8_t)((c | 0x20) - 'a' + 10);
    else
        return false;
    return true;
}

/* Is it hex at all (Gitaly's first question), and is it this MAC? The comparison tells nothing by how long it takes. */
static bool hex_is(const char *text, size_t n, const uint8_t mac[MAC_LEN], bool *ret_same)
{
    uint8_t theirs[MAC_LEN] = {0};
    if (n % 2)
        return false;
    for (size_t i = 0; i < n / 2; i++) {
        uint8_t high, low;
        if (!hex_digit(text[2 * i], &high) || !hex_digit(text[2 * i + 1], &low))
            return false;
        if (i < MAC_LEN)
            theirs[i] = (uint8_t)(high << 4 | low);
    }
    *ret_same = CRYPTO_memcmp(mac, theirs, MAC_LEN) == 0 && n == 2 * MAC_LEN;
    return true;
}

static bool seconds_read(const char *text, int64_t *ret)
{
    char *end;
    bool sign = *text == '-' || *text == '+';
    if (strlen(text) > SECONDS_MAX || text[sign] < '0' || text[sign] > '9')
        return false;
    errno = 0;
    *ret = strtoll(text, &end, 10);
    return !errno && !*end;
}

enum gitaly_token_verdict gitaly_token_check(const char *token, const char *authorization, int64_t now_s)
{
    uint8_t mac[MAC_LEN];
    int64_t then, apart;
    bool same;
    if (!authorization || strncasecmp(authorization, "bearer ", 7))
        return GITALY_TOKEN_MISSING;
    const char *version = authorization + 7;
    const char *hex = strchr(version, '.');
    const char *seconds = hex ? strchr(++hex, '.') : NULL;
    if (!seconds)
        return GITALY_TOKEN_MISSING;
    size_t hex_len = (size_t)(seconds++ - hex);
    mac_of(token, seconds, strlen(seconds), mac);
    if (!hex_is(hex, hex_len, mac, &same))
        return GITALY_TOKEN_MISSING;
    if (strncmp(version, "v2.", 3))
        return GITALY_TOKEN_VERSION;
    if (!same)
        return GITALY_TOKEN_MAC;
    if (!seconds_read(seconds, &then) || __builtin_sub_overflow(now_s, then, &apart) ||
        apart > GITALY_TOKEN_SKEW_S || apart < -GITALY_TOKEN_SKEW_S)
        return GITALY_TOKEN_TIME;
    return GITALY_TOKEN_GOOD;
}

const char *gitaly_token_why(enum gitaly_token_verdict v)
{
    static const char *const why[] = {"", "no token of version 2", "another version than v2", "another token",
                                      "the clocks are more than 30 s apart"};
    return why[v];
}

char *gitaly_token_make(const char *token, int64_t now_s)
{
    uint8_t mac[MAC_LEN];
    char seconds[SECONDS_MAX + 2], hex[2 * MAC_LEN + 1];
    snprintf(seconds, sizeof seconds, "%lld", (long long)now_s);
    mac_of(token, seconds, strlen(seconds), mac);
    for (size_t i = 0; i < MAC_LEN; i++)
        snprintf(hex + 2 * i, 3, "%02x", mac[i]);
    return xasprintf("Bearer v2.%s.%s", hex, seconds);
}
