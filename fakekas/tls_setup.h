/* How the fake KAS speaks TLS, beyond its certificate: `tls_options:` of a scenario.
 *
 *   min, max: "1.0" … "1.3"          ciphers: OpenSSL's list for TLS 1.2 and before; suites: for 1.3
 *   groups: P-521                    client_certificate: none|asked|demanded
 *   alpn: [h2]                       what is chosen from; []: ALPN is ignored
 *   alpn_force: spdy/3               is chosen, whatever the client offers
 *   by_name: {host: certificate}     another certificate where the client asks for that name
 */
#pragma once

#include <jansson.h>

#include "lib/net/tls.h"

struct kas;
struct kas_listener_spec;

struct tls_setup {
    const json_t *options; /* borrowed from the spec */
    struct tls_sni *sni;   /* owned */
    const char **alpn;     /* owned; NULL: by what the listener speaks */
};

int tls_options_apply(SSL_CTX *ctx, const json_t *options, char **reterr);
/* -errno and *reterr; tls_setup_done() in any case. */
int tls_setup_make(struct tls_setup *s, struct kas *k, const struct kas_listener_spec *l, SSL_CTX *ctx, char **reterr);
void tls_setup_done(struct tls_setup *s);
void tls_setup_fill(const struct tls_setup *s, struct tls_options *o);
