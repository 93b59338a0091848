/* TLS as a layer: OpenSSL over memory BIOs, so that it needs no socket and tests can feed it bytes.
 *
 * Moments: tls.hello {sni, alpn: […], versions} before we answer; tls.message {type, bytes} before each of our
 * messages of the handshake goes out (noisy); tls.handshake {version, cipher, alpn, sni} when done; tls.alert {sent|received, description}; tls.failed {reason}.
 *
 * Verbs of its own: alert at tls.hello and tls.message, while alerts still travel in clear; withhold and
 * cut {bytes: N} at tls.message: only its first N bytes (record header included) go out.
 */
#pragma once

#include <openssl/ssl.h>

#include "lib/net/layer.h"

/* Another certificate for another name. */
struct tls_sni {
    const char *host;          /* NULL ends */
    SSL_CTX *ctx;
};

struct tls_options {
    SSL_CTX *ctx;              /* borrowed for the call: a connection keeps what it needs */
    const char *const *alpn;   /* what we select from, best first, NULL-terminated; NULL: no ALPN */
    const char *alpn_force;    /* this one, whatever the client has offered; NULL: as it should be */
    const struct tls_sni *sni; /* borrowed, must outlive the connection; NULL: one certificate for all */
};

/* Server side: pushes the layer. LAYER_OPEN goes up after the handshake. */
struct layer *tls_layer_push(struct conn *c, const struct tls_options *o);
/* What was agreed, "" if nothing; borrowed, valid while the layer lives. */
const char *tls_alpn(const struct layer *l);
