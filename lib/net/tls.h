/* TLS as a layer: OpenSSL over memory BIOs, so that it needs no socket and tests can feed it bytes.
 *
 * Moments: tls.hello {sni, alpn: […], versions} before we answer; tls.handshake {version, cipher, alpn, sni} when
 * done; tls.alert {sent|received, description}; tls.failed {reason}.
 */
#pragma once

#include <openssl/ssl.h>

#include "lib/net/layer.h"

struct tls_options {
    SSL_CTX *ctx;              /* borrowed; must outlive the connection */
    const char *const *alpn;   /* what we select from, best first, NULL-terminated; NULL: no ALPN */
};

/* Server side: pushes the layer. LAYER_OPEN goes up after the handshake. */
struct layer *tls_layer_push(struct conn *c, const struct tls_options *o);
/* What was agreed, "" if nothing; borrowed, valid while the layer lives. */
const char *tls_alpn(const struct layer *l);
