/* How a fake speaks TLS: `certificate:` and `tls_options:` of a scenario's kas or gitlab.
 *
 *   certificate: KIND, or {kind: KIND, hosts: […]}      good, expired, self-signed, … (certificate.c has them all)
 *   tls_options:
 *     min, max: "1.0" … "1.3"          ciphers: OpenSSL's list for TLS 1.2 and before; suites: for 1.3
 *     groups: P-521                    client_certificate: none|asked|demanded
 *     alpn: [h2]                       what is chosen from; []: ALPN is ignored
 *     alpn_force: spdy/3               is chosen, whatever the client offers
 *     by_name: {host: certificate}     another certificate where the client asks for that name
 */
#pragma once

#include <jansson.h>

#include "lib/net/cert.h"
#include "lib/net/tls.h"

/* What a setup is made from; all borrowed for the call, but `spec`, which must outlive the setup. */
struct tls_source {
    const char *part;          /* "kas", for messages */
    const json_t *spec;        /* the object that has `certificate` and `tls_options` */
    struct pki *pki;
    const char *const *hosts;  /* what its certificate is good for if the scenario does not say; NULL ends */
};

struct tls_setup {
    const json_t *options; /* borrowed from the spec */
    SSL_CTX *ctx;          /* owned; NULL: nothing was made */
    char *ca_pem;          /* owned; what must be trusted for it */
    struct tls_sni *sni;   /* owned */
    const char **alpn;     /* owned; NULL: by what the listener speaks */
};

/* The leaf that `certificate` asks for (NULL: a good one). 0, or -errno and *reterr. */
int certificate_make(const struct tls_source *from, const json_t *certificate, SSL_CTX **ret, char **ret_ca_pem,
                     char **reterr);
/* Which RSA keys of 2048 and 4096 bits (such that take a while to mint) a scenario's certificates may want, wherever their kinds
 * stand in `tree`: one flag each, in this order. */
enum { CERTIFICATE_RSA_2048 = 1, CERTIFICATE_RSA_4096 = 2 };
unsigned certificate_rsa_keys(const json_t *tree);
int tls_options_apply(SSL_CTX *ctx, const json_t *options, char **reterr);
/* -errno and *reterr; tls_setup_done() in any case. */
int tls_setup_make(struct tls_setup *s, const struct tls_source *from, char **reterr);
/* Another certificate for the connections to come: a kind, or {kind, hosts}. On failure the one before stays. */
int tls_setup_renew(struct tls_setup *s, const struct tls_source *from, const json_t *certificate, char **reterr);
void tls_setup_done(struct tls_setup *s);
void tls_setup_fill(const struct tls_setup *s, struct tls_options *o); /* o->alpn, where the scenario says one */
