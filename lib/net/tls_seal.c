/* Alerts under TLS 1.3's keys. */
#include "lib/net/tls_seal.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "lib/base/mem.h"

enum { HEADER = 5, NONCE = 12, TAG = 16, KEY_MAX = 32 };

void tls_secret_note(struct tls_secret *s, const char *line)
{
    static const char name[] = "SERVER_TRAFFIC_SECRET_0 ";
    const char *hex = strrchr(line, ' ');
    if (s->wanted && strncmp(line, name, sizeof name - 1) == 0 && hex &&
        !OPENSSL_hexstr2buf_ex(s->bytes, sizeof s->bytes, &s->n, hex + 1, '\0'))
        s->n = 0;
}

/* HKDF-Expand-Label(secret, label, "", n) */
static bool expand(const struct tls_secret *s, const char *digest, const char *label, uint8_t *ret, size_t n)
{
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)s->bytes, s->n),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, (void *)"tls13 ", 6),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, (void *)label, strlen(label)),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_3_KDF, NULL);
    EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    bool done = ctx && EVP_KDF_derive(ctx, ret, n, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return done;
}

/* The nonce is the IV itself: this is record 0. */
static bool encrypt(const EVP_CIPHER *cipher, const uint8_t *key, const uint8_t *iv, const uint8_t plain[3], uint8_t *record)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n;
    bool done = ctx && EVP_EncryptInit_ex2(ctx, cipher, key, iv, NULL) == 1 &&
                EVP_EncryptUpdate(ctx, NULL, &n, record, HEADER) == 1 &&
                EVP_EncryptUpdate(ctx, record + HEADER, &n, plain, 3) == 1 &&
                EVP_EncryptFinal_ex(ctx, record + HEADER + 3, &n) == 1 &&
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, record + HEADER + 3) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return done;
}

bool tls_seal_alert(const SSL *ssl, const struct tls_secret *s, uint8_t level, uint8_t code, uint8_t ret[SEALED_ALERT_LEN])
{
    const SSL_CIPHER *suite = SSL_get_current_cipher(ssl);
    const EVP_CIPHER *cipher = suite ? EVP_get_cipherbynid(SSL_CIPHER_get_cipher_nid(suite)) : NULL;
    const EVP_MD *md = suite ? SSL_CIPHER_get_handshake_digest(suite) : NULL;
    uint8_t key[KEY_MAX], iv[NONCE];
    size_t key_len = cipher ? (size_t)EVP_CIPHER_get_key_length(cipher) : 0;
    if (SSL_version(ssl) != TLS1_3_VERSION || !s->n || !md || !key_len || key_len > sizeof key)
        return false;
    memcpy(ret, (uint8_t[]){SSL3_RT_APPLICATION_DATA, 3, 3, 0, SEALED_ALERT_LEN - HEADER}, HEADER);
    bool done = expand(s, EVP_MD_get0_name(md), "key", key, key_len) && expand(s, EVP_MD_get0_name(md), "iv", iv, sizeof iv) &&
                encrypt(cipher, key, iv, (uint8_t[]){level, code, SSL3_RT_ALERT}, ret);
    OPENSSL_cleanse(key, sizeof key);
    return done;
}
