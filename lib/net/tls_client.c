/* TLS, the client's side: OpenSSL over memory, as in tls.c, without a scenario in the way. */
#include "lib/net/tls_client.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/net/addr.h"
#include "lib/net/conn.h"
#include "lib/net/tls_pump.h"

struct tlsc {
    struct layer layer;
    struct tls_pump pump;
    bool open, over, busy;
    struct buf more; /* came while we were busy */
};

static struct tlsc *of(const struct layer *l)
{
    return CONTAINER_OF(l, struct tlsc, layer);
}

static void fail(struct tlsc *t, const char *why)
{
    char reason[192];
    long verdict = SSL_get_verify_result(t->pump.ssl);
    unsigned long error = ERR_peek_error();
    if (t->over)
        return;
    t->over = true;
    if (verdict != X509_V_OK && !t->open)
        snprintf(reason, sizeof reason, "certificate: %s", X509_verify_cert_error_string(verdict));
    else
        snprintf(reason, sizeof reason, "%s", why ? why : error ? ERR_reason_error_string(error) : "EOF");
    ERR_clear_error();
    tls_pump_flush(&t->pump);
    conn_event(t->layer.conn, 0, "tls.failed",
               json_pack("{s:s, s:b}", "reason", reason, "handshake", !t->open));
    layer_signal_up(&t->layer, LAYER_FAILED, reason);
    if (!t->layer.conn->dead)
        layer_close_down(&t->layer, LAYER_CLOSE);
}

static void opened(struct tlsc *t)
{
    t->open = true;
    tls_pump_flush(&t->pump);
    if (events_heard(t->layer.conn->events))
        conn_event(t->layer.conn, 0, "tls.handshake", tls_pump_facts(&t->pump));
    layer_signal_up(&t->layer, LAYER_OPEN, NULL);
}

/* true: go on. */
static bool handshake(struct tlsc *t)
{
    int error = tls_pump_handshake(&t->pump);
    if (error == SSL_ERROR_NONE) {
        opened(t);
        return true;
    }
    if (error != SSL_ERROR_WANT_READ)
        fail(t, NULL);
    else
        tls_pump_flush(&t->pump);
    return false;
}

static bool read_some(struct tlsc *t)
{
    uint8_t plain[SSL3_RT_MAX_PLAIN_LENGTH];
    size_t n = 0;
    int error = tls_pump_read(&t->pump, plain, sizeof plain, &n);
    tls_pump_flush(&t->pump);
    if (t->layer.conn->dead || t->over)
        return false;
    if (error == SSL_ERROR_NONE) {
        layer_up(&t->layer, plain, n);
        return true;
    }
    if (error == SSL_ERROR_ZERO_RETURN || (error != SSL_ERROR_WANT_READ && t->pump.bytes.eof)) {
        t->over = true;
        layer_signal_up(&t->layer, LAYER_EOF, NULL);
    } else if (error != SSL_ERROR_WANT_READ) {
        fail(t, NULL);
    }
    return false;
}

static void work(struct tlsc *t, const uint8_t *p, size_t n)
{
    if (t->busy) {
        buf_add(&t->more, p, n);
        return;
    }
    t->busy = true;
    t->pump.bytes.in = p;
    t->pump.bytes.in_len = n;
    for (;;) {
        while (!t->layer.conn->dead && !t->over && (t->open ? read_some(t) : handshake(t)))
            ;
        if (!buf_len(&t->more) || t->over || t->layer.conn->dead)
            break;
        struct buf more = t->more;
        t->more = BUF_NULL;
        t->pump.bytes.in = buf_data(&more);
        t->pump.bytes.in_len = buf_len(&more);
        while (!t->layer.conn->dead && !t->over && (t->open ? read_some(t) : handshake(t)))
            ;
        buf_done(&more);
    }
    t->pump.bytes.in = NULL;
    t->pump.bytes.in_len = 0;
    t->busy = false;
}

static void bytes_up(struct layer *l, const uint8_t *p, size_t n)
{
    if (!of(l)->over)
        work(of(l), p, n);
}

static void signal_from_below(struct layer *l, enum layer_signal s, const char *reason)
{
    struct tlsc *t = of(l);
    if (s == LAYER_OPEN) {
        work(t, NULL, 0);
    } else if (s == LAYER_EOF && !t->over) {
        t->pump.bytes.eof = true;
        work(t, NULL, 0);
        if (!t->open)
            fail(t, "EOF");
    } else if (s == LAYER_FAILED && !t->open) {
        fail(t, reason);
    } else if (t->open) {
        layer_signal_up(l, s, reason);
    }
}

static void bytes_down(struct layer *l, const uint8_t *p, size_t n)
{
    struct tlsc *t = of(l);
    if (!t->open || t->pump.shut)
        return;
    tls_pump_write(&t->pump, p, n);
    tls_pump_flush(&t->pump);
}

static void close_layer(struct layer *l, enum layer_close how)
{
    struct tlsc *t = of(l);
    if (how != LAYER_RESET && t->open && !t->pump.shut) {
        tls_pump_goodbye(&t->pump);
        tls_pump_flush(&t->pump);
    }
    if (how == LAYER_CLOSE)
        t->over = true;
    layer_close_down(l, how);
}

static void free_layer(struct layer *l)
{
    struct tlsc *t = of(l);
    tls_pump_done(&t->pump);
    buf_done(&t->more);
    free(t);
}

static const struct layer_ops ops = {
    .name = "tls",
    .bytes_up = bytes_up,
    .signal = signal_from_below,
    .bytes_down = bytes_down,
    .close = close_layer,
    .free = free_layer,
};

static void expect_host(SSL *ssl, const char *host)
{
    struct addr numeric;
    if (addr_parse(host, 0, &numeric) == 0) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
        return;
    }
    SSL_set_tlsext_host_name(ssl, host);
    SSL_set1_host(ssl, host);
}

struct layer *tls_client_push(struct conn *c, const struct tls_client_options *o)
{
    struct tlsc *t = NEW(struct tlsc);
    uint8_t alpn[64] = "";
    size_t n = o->alpn ? strlen(o->alpn) : 0;
    t->layer.ops = &ops;
    tls_pump_init(&t->pump, &t->layer, o->ctx);
    if (n && n < sizeof alpn) {
        alpn[0] = (uint8_t)n;
        memcpy(alpn + 1, o->alpn, n);
        SSL_set_alpn_protos(t->pump.ssl, alpn, (unsigned)n + 1);
    }
    expect_host(t->pump.ssl, o->host);
    SSL_set_connect_state(t->pump.ssl);
    conn_push(c, &t->layer);
    return &t->layer;
}

SSL_CTX *tls_client_ctx(const char *ca_file, bool insecure, char **reterr)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    ERR_clear_error();
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_verify(ctx, insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    int ok = ca_file ? SSL_CTX_load_verify_file(ctx, ca_file) : insecure || SSL_CTX_set_default_verify_paths(ctx);
    if (ok)
        return ctx;
    *reterr = xasprintf("%s: %s; expected certificates in PEM", ca_file ? ca_file : "the system's roots",
                        ERR_reason_error_string(ERR_peek_error()));
    ERR_clear_error();
    SSL_CTX_free(ctx);
    return NULL;
}
