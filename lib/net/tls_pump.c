/* OpenSSL over memory, for tls.c and tls_client.c. */
#include "lib/net/tls_pump.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/net/tls_hello.h"

void tls_pump_init(struct tls_pump *p, struct layer *layer, SSL_CTX *ctx)
{
    p->layer = layer;
    p->ssl = SSL_new(ctx);
    BIO *bio = tls_bio_new(&p->bytes);
    if (!p->ssl || !bio) {
        fprintf(stderr, "fakekas: no TLS session: %s\n", ERR_reason_error_string(ERR_peek_error()));
        abort();
    }
    SSL_set_bio(p->ssl, bio, bio);
}

void tls_pump_done(struct tls_pump *p)
{
    SSL_free(p->ssl);
    buf_done(&p->bytes.out);
}

void tls_pump_flush(struct tls_pump *p)
{
    if (buf_len(&p->bytes.out) == 0)
        return;
    struct buf out = p->bytes.out; /* sending may come back here */
    p->bytes.out = BUF_NULL;
    layer_down(p->layer, buf_data(&out), buf_len(&out));
    buf_done(&out);
}

static int outcome(const struct tls_pump *p, int r)
{
    return r == 1 ? SSL_ERROR_NONE : SSL_get_error(p->ssl, r);
}

int tls_pump_handshake(struct tls_pump *p)
{
    ERR_clear_error();
    return outcome(p, SSL_do_handshake(p->ssl));
}

int tls_pump_read(struct tls_pump *p, uint8_t *plain, size_t size, size_t *ret_n)
{
    ERR_clear_error();
    return outcome(p, SSL_read_ex(p->ssl, plain, size, ret_n));
}

void tls_pump_write(struct tls_pump *p, const uint8_t *plain, size_t n)
{
    size_t done;
    ERR_clear_error();
    SSL_write_ex(p->ssl, plain, n, &done);
}

void tls_pump_goodbye(struct tls_pump *p)
{
    if (p->shut)
        return;
    p->shut = true;
    ERR_clear_error();
    SSL_shutdown(p->ssl);
}

json_t *tls_pump_facts(const struct tls_pump *p)
{
    const unsigned char *alpn;
    unsigned n;
    const char *sni = SSL_get_servername(p->ssl, TLSEXT_NAMETYPE_host_name);
    SSL_get0_alpn_selected(p->ssl, &alpn, &n);
    json_t *facts = json_pack("{s:s, s:s, s:s%}", "version", tls_version_text(SSL_version(p->ssl)), "cipher",
                              SSL_get_cipher_name(p->ssl), "alpn", alpn ? (const char *)alpn : "", (size_t)n);
    json_object_set_new(facts, "sni", json_string(sni ? sni : "")); /* refuses what is no UTF-8 */
    return facts;
}
