#include "fakegitlab/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/mem.h"

struct hasher {
    EVP_MD_CTX *ctx;
    EVP_MD *sha256, *sha1;
};

struct hasher *hasher_new(void)
{
    struct hasher *h = NEW(struct hasher);
    h->ctx = EVP_MD_CTX_new();
    h->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    h->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    if (!h->ctx || !h->sha256 || !h->sha1)
        abort(); /* an OpenSSL without them cannot do TLS either */
    return h;
}

struct hasher *hasher_free(struct hasher *h)
{
    if (!h)
        return NULL;
    EVP_MD_free(h->sha1);
    EVP_MD_free(h->sha256);
    EVP_MD_CTX_free(h->ctx);
    free(h);
    return NULL;
}

void hash_sha256(struct hasher *h, const void *p, size_t len, uint8_t out[SHA256_LEN])
{
    if (!EVP_DigestInit_ex2(h->ctx, h->sha256, NULL) || !EVP_DigestUpdate(h->ctx, p, len) ||
        !EVP_DigestFinal_ex(h->ctx, out, NULL))
        abort();
}

void hash_sha1_hex(struct hasher *h, const void *head, size_t head_len, const void *body, size_t len,
                   char out[SHA1_HEX_LEN])
{
    uint8_t sum[20];
    if (!EVP_DigestInit_ex2(h->ctx, h->sha1, NULL) || !EVP_DigestUpdate(h->ctx, head, head_len) ||
        !EVP_DigestUpdate(h->ctx, body, len) || !EVP_DigestFinal_ex(h->ctx, sum, NULL))
        abort();
    hex_write(sum, sizeof(sum), out);
}

void hex_write(const uint8_t *p, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *out++ = digits[p[i] >> 4];
        *out++ = digits[p[i] & 15];
    }
    *out = 0;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hex_read(const char *text, uint8_t *out, size_t n)
{
    if (!text || strlen(text) != 2 * n)
        return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return -EINVAL;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

char *secret_random(const char *prefix, size_t letters)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t len = strlen(prefix);
    char *text = xcalloc(1, len + letters + 1);
    memcpy(text, prefix, len);
    for (size_t got = 0; got < letters;) {
        ssize_t r = getrandom(text + len + got, letters - got, 0);
        if (r < 0 && errno != EINTR)
            abort();
        got += r > 0 ? (size_t)r : 0;
    }
    for (size_t i = 0; i < letters; i++)
        text[len + i] = alphabet[(unsigned char)text[len + i] & 63];
    return text;
}
