/* TLS of the user's requests. */
#include "conformance/world/user_tls.h"

#include <openssl/pem.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/mem.h"

static void trust(SSL_CTX *ctx, const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *root = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

    if (root)
        X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), root);
    X509_free(root);
    BIO_free(bio);
}

SSL_CTX *user_tls_new(const char *how, const char *ca_pem, char **reterr)
{
    bool trusted = strcmp(how, "trusted") == 0, unverified = strcmp(how, "unverified") == 0;
    SSL_CTX *ctx;

    if (!trusted && !unverified && strcmp(how, "untrusted") != 0) {
        *reterr = xasprintf("user: tls: \"%s\" is none; expected trusted, untrusted or unverified", how);
        return NULL;
    }
    ctx = SSL_CTX_new(TLS_client_method());
    if (!ctx)
        abort(); /* only memory can lack */
    SSL_CTX_set_verify(ctx, unverified ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    if (trusted && ca_pem)
        trust(ctx, ca_pem);
    return ctx;
}
