/* Any bytes where a ClientHello should be: what we read of it ourselves (tls_hello.c) before OpenSSL judges it. First
 * byte: the size of pieces. The certificate is made once. */
#include <stdint.h>

#include "lib/base/mem.h"
#include "lib/net/cert.h"
#include "lib/net/conn_test.h"
#include "lib/net/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void stop(void *arg)
{
    loop_stop(arg);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static SSL_CTX *ctx;
    static struct pki *pki;
    static const char *const alpn[] = {"h2", "http/1.1", NULL};
    if (!pki) {
        pki = pki_new();
        if (pki_server_ctx(pki, &(struct leaf_spec){0}, &ctx) < 0)
            abort();
    }
    if (n < 1)
        return 0;
    struct loop *loop = loop_new();
    struct conn *c = conn_fake(loop, NULL, NULL);
    tls_layer_push(c, &(struct tls_options){.ctx = ctx, .alpn = alpn});
    conn_fake_open(c);
    size_t step = p[0] ? p[0] : n;
    for (size_t i = 1; i < n; i += step)
        conn_fake_feed(c, p + i, i + step < n ? step : n - i);
    conn_fake_eof(c);
    conn_fake_free(c);
    loop_defer(loop, stop, loop);
    loop_run(loop);
    loop_free(loop);
    return 0;
}
