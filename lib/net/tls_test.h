/* For the TLS tests: a client of OpenSSL's own, over memory, and a layer above that remembers. */
#pragma once

#include "lib/net/net_test.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/net/cert.h"
#include "lib/net/conn_test.h"
#include "lib/net/tls.h"

struct top {
    struct layer layer;
    struct buf got;
    int opened, eof, failed;
};

struct pair {
    struct world w;
    struct pki *pki;
    SSL_CTX *server, *client_ctx;
    SSL *client;
    struct conn *c;
    struct layer *tls;
    struct top *top;
};

static inline struct top *top_of(struct layer *l)
{
    return CONTAINER_OF(l, struct top, layer);
}

static inline void top_up(struct layer *l, const uint8_t *p, size_t n)
{
    buf_add(&top_of(l)->got, p, n);
}

static inline void top_signal(struct layer *l, enum layer_signal s, const char *reason)
{
    (void)reason;
    top_of(l)->opened += s == LAYER_OPEN;
    top_of(l)->eof += s == LAYER_EOF;
    top_of(l)->failed += s == LAYER_FAILED;
}

static inline void top_free(struct layer *l)
{
    buf_done(&top_of(l)->got);
    free(top_of(l));
}

static const struct layer_ops top_ops = {.name = "top", .bytes_up = top_up, .signal = top_signal, .free = top_free};

static inline void trust(SSL_CTX *ctx, const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    assert_non_null(x);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), x);
    X509_free(x);
    BIO_free(bio);
}

/* A server for `spec` and a client that trusts the root and verifies `host`. */
static inline void pair_init(struct pair *p, const struct leaf_spec *spec, const char *host,
                             const char *const *server_alpn)
{
    *p = (struct pair){0};
    world_init(&p->w);
    p->pki = pki_new();
    assert_int_equal(pki_server_ctx(p->pki, spec, &p->server), 0);
    p->client_ctx = SSL_CTX_new(TLS_client_method());
    trust(p->client_ctx, pki_root_pem(p->pki));
    SSL_CTX_set_verify(p->client_ctx, SSL_VERIFY_PEER, NULL);
    p->client = SSL_new(p->client_ctx);
    SSL_set_bio(p->client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_tlsext_host_name(p->client, host);
    SSL_set1_host(p->client, host);
    SSL_set_connect_state(p->client);
    p->c = conn_fake(p->w.loop, p->w.events, &p->w.moments);
    struct tls_options o = {p->server, server_alpn};
    p->tls = tls_layer_push(p->c, &o);
    p->top = NEW(struct top);
    p->top->layer.ops = &top_ops;
    conn_push(p->c, &p->top->layer);
    conn_fake_open(p->c);
}

static inline void pair_done(struct pair *p)
{
    conn_fake_free(p->c);
    SSL_free(p->client);
    SSL_CTX_free(p->client_ctx);
    SSL_CTX_free(p->server);
    pki_free(p->pki);
    world_done(&p->w);
    ERR_clear_error();
}

/* Carries bytes both ways, `step` at a time, until nothing moves. */
static inline void carry(struct pair *p, size_t step)
{
    for (bool moved = true; moved;) {
        char bytes[16384];
        moved = false;
        int n = BIO_read(SSL_get_wbio(p->client), bytes, (int)(step < sizeof bytes ? step : sizeof bytes));
        if (n > 0) {
            conn_fake_feed(p->c, bytes, (size_t)n);
            moved = true;
        }
        struct buf *out = conn_fake_out(p->c);
        if (buf_len(out)) {
            BIO_write(SSL_get_rbio(p->client), buf_data(out), (int)buf_len(out));
            buf_consume(out, buf_len(out));
            moved = true;
        }
    }
}

/* 1: the client is content. */
static inline int shake(struct pair *p, size_t step)
{
    int r = 0;
    for (int i = 0; i < 10 && r != 1; i++) {
        r = SSL_do_handshake(p->client);
        if (r != 1 && SSL_get_error(p->client, r) != SSL_ERROR_WANT_READ) {
            carry(p, step); /* its alert */
            return r;
        }
        carry(p, step);
    }
    return r;
}
