/* TLS as a layer, the client's side: no moments, but the events tls.handshake {version, cipher, alpn, sni} and
 * tls.failed {reason, handshake}. */
#pragma once

#include <openssl/ssl.h>

#include <stdbool.h>

#include "lib/net/layer.h"

struct tls_client_options {
    SSL_CTX *ctx;      /* borrowed; says whether and by which roots the peer is verified */
    const char *host;  /* for SNI and for the name in the certificate; numeric: no SNI */
    const char *alpn;  /* the one protocol that is offered; NULL: none */
};

/* Pushes the layer. The handshake begins with LAYER_OPEN from beneath; ours goes up after it. */
struct layer *tls_client_push(struct conn *c, const struct tls_client_options *o);
/* A context that verifies by the system's roots, by those in `ca_file`, or (insecure) not at all. NULL and *reterr,
 * which is the caller's. */
SSL_CTX *tls_client_ctx(const char *ca_file, bool insecure, char **reterr);
