#include "conformance/refagent/tls_client.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "conformance/refagent/agent.h"
#include "conformance/refagent/gotext.h"
#include "conformance/refagent/pieces.h"
#include "conformance/refagent/tls_verify.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

struct tls {
    struct link link;
    struct agent *agent;
    X509_STORE *roots; /* borrowed */
    struct link *below;
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in, *out;
    char *host;
    tls_fn fn;
    void *arg;
    uint8_t first[5]; /* of what came: Go tells a user who answered something else */
    size_t n_first;
    struct pieces records; /* … and by that in which place it ended */
    bool ready, gone;
    char *refused; /* what is wrong with the certificate */
};

static void flush(struct tls *t)
{
    uint8_t p[8192];
    for (int n; (n = BIO_read(t->out, p, sizeof p)) > 0;)
        link_send(t->below, p, (size_t)n);
}

/* In place of OpenSSL's own: the same question in Go's order and words. The alert is Go's too, whatever is
 * wrong. */
static int verify(X509_STORE_CTX *x, void *arg)
{
    struct tls *t = arg;
    if (mutant_is(t->agent, M_NO_VERIFY))
        return 1;
    t->refused =
        tls_verify(t->roots, X509_STORE_CTX_get0_cert(x), X509_STORE_CTX_get0_untrusted(x), t->host);
    if (!t->refused)
        return 1;
    X509_STORE_CTX_set_error(x, X509_V_ERR_CERT_REJECTED);
    return 0;
}

static char *handshake_error(struct tls *t)
{
    if (t->refused)
        return xstrdup(t->refused);
    if (t->n_first == sizeof t->first && (t->first[0] < 20 || t->first[0] > 23 || t->first[1] != 3))
        return xstrdup("tls: first record does not look like a TLS handshake");
    unsigned long e = ERR_peek_error();
    int reason = ERR_GET_REASON(e);
    if (reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256) {
        _cleanup_(freep) char *alert = go_tls_alert(reason - SSL_AD_REASON_OFFSET);
        return xasprintf("remote error: %s", alert);
    }
    if (reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_WRONG_SSL_VERSION)
        return xstrdup("tls: server selected unsupported protocol version 301");
    return xasprintf("tls: %s",
                     ERR_reason_error_string(e) ? ERR_reason_error_string(e) : "handshake failed");
}

static void handshake(struct tls *t)
{
    ERR_clear_error();
    int r = SSL_do_handshake(t->ssl);
    int why = SSL_get_error(t->ssl, r);
    _cleanup_(freep) char *error = r == 1 || why == SSL_ERROR_WANT_READ ? NULL : handshake_error(t);
    flush(t); /* an alert, perhaps */
    if (r != 1 && !error)
        return;
    t->ready = !error;
    tls_fn fn = t->fn;
    t->fn = NULL;
    fn(t->arg, error, t->n_first == 5 && !memcmp(t->first, "HTTP/", 5));
}

static void receive(struct tls *t)
{
    uint8_t p[16384];
    while (!t->gone && t->link.up.data) {
        ERR_clear_error();
        int n = SSL_read(t->ssl, p, sizeof p);
        if (n > 0) {
            t->link.up.data(t->link.arg, p, (size_t)n);
            continue;
        }
        int why = SSL_get_error(t->ssl, n);
        flush(t);
        if (why == SSL_ERROR_WANT_READ)
            return;
        _cleanup_(freep) char *error = why == SSL_ERROR_ZERO_RETURN ? xstrdup("EOF") : handshake_error(t);
        t->ready = false;
        t->link.up.closed(t->link.arg, error);
        return;
    }
}

static void on_data(void *arg, const uint8_t *p, size_t n)
{
    struct tls *t = arg;
    for (size_t i = 0; i < n && t->n_first < sizeof t->first; i++)
        t->first[t->n_first++] = p[i];
    pieces_feed(&t->records, p, n);
    BIO_write(t->in, p, (int)n);
    if (t->fn)
        handshake(t);
    if (t->ready && !t->gone)
        receive(t);
}

static void on_closed(void *arg, const char *error)
{
    struct tls *t = arg;
    error = pieces_end(&t->records, error);
    if (t->fn) {
        tls_fn fn = t->fn;
        t->fn = NULL;
        fn(t->arg, error, false);
    } else if (t->ready) {
        t->ready = false;
        t->link.up.closed(t->link.arg, error);
    }
}

static void tls_send(struct link *l, const uint8_t *p, size_t n)
{
    struct tls *t = (struct tls *)l;
    if (!t->ready || !n)
        return;
    SSL_write(t->ssl, p, (int)n); /* a memory BIO takes everything */
    flush(t);
}

static void bury(void *arg)
{
    struct tls *t = arg;
    SSL_free(t->ssl);
    SSL_CTX_free(t->ctx);
    free(t->refused);
    free(t->host);
    free(t);
}

static void tls_free(struct link *l)
{
    struct tls *t = (struct tls *)l;
    t->gone = true;
    if (t->ready) {
        ERR_clear_error();
        SSL_shutdown(t->ssl);
        flush(t);
    }
    t->below = link_free(t->below);
    loop_defer(t->agent->loop, bury, t);
}

static const char *tls_name(struct link *l)
{
    struct tls *t = (struct tls *)l;
    return t->below->name(t->below);
}

static bool is_ip(const char *host)
{
    uint8_t ip[16];
    return inet_pton(AF_INET, host, ip) == 1 || inet_pton(AF_INET6, host, ip) == 1;
}

static void set_up(struct tls *t, bool alpn_h2)
{
    t->ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION);
    SSL_CTX_set_security_level(t->ctx, 0); /* Go judges keys and signatures by itself */
    SSL_CTX_set_cipher_list(t->ctx, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305");
    SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(t->ctx, verify, t);
    SSL_CTX_set_options(t->ctx, SSL_OP_IGNORE_UNEXPECTED_EOF); /* net.Conn's EOF is an EOF to Go */
    t->ssl = SSL_new(t->ctx);
    t->in = BIO_new(BIO_s_mem());
    t->out = BIO_new(BIO_s_mem());
    SSL_set_bio(t->ssl, t->in, t->out);
    if (!is_ip(t->host))
        SSL_set_tlsext_host_name(t->ssl, t->host);
    if (alpn_h2)
        SSL_set_alpn_protos(t->ssl, (const uint8_t *)"\x02h2", 3);
    SSL_set_connect_state(t->ssl);
}

void tls_trust(struct link *tls, X509_STORE *roots)
{
    CONTAINER_OF(tls, struct tls, link)->roots = roots;
}

struct link *tls_start(struct agent *a, struct link *below, const char *host, bool alpn_h2, tls_fn fn,
                       void *arg)
{
    struct tls *t = NEW(struct tls);
    *t = (struct tls){.link = {.send = tls_send, .free = tls_free, .name = tls_name},
                      .agent = a,
                      .roots = a->roots,
                      .below = below,
                      .host = xstrdup(host),
                      .records = PIECES_TLS,
                      .fn = fn,
                      .arg = arg};
    set_up(t, alpn_h2);
    link_set_up(below, (struct link_up){on_data, on_closed}, t);
    SSL_do_handshake(t->ssl);
    flush(t);
    return &t->link;
}
