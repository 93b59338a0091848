/* Inside lib/net: making one certificate. */
#pragma once

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

struct mint {
    const char *cn;
    const char *const *hosts; /* SAN, NULL-terminated; NULL: none */
    int64_t not_before_s, not_after_s; /* from now */
    bool ca;
    int path_len;             /* of a CA; -1: unlimited */
    bool sha1;
    bool no_cn;               /* the subject is empty */
    bool client_only;         /* extended key usage: for clients */
    int more_hosts;           /* so many names more, h1.fakekas.example and on */
    EVP_PKEY *key;            /* whose certificate */
    X509 *issuer;             /* NULL: itself */
    EVP_PKEY *issuer_key;     /* NULL: key */
};

X509 *mint_cert(const struct mint *m);   /* NULL: OpenSSL refused; its error queue says why */
EVP_PKEY *mint_key(int bits);            /* 0: P-256; 384, 521: that curve; else RSA */
void mint_pem(X509 *cert, char **pem);   /* appends to *pem (NULL at first) */
void mint_key_pem(EVP_PKEY *key, char **pem);
