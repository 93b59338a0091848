/* How the user of the CI/CD tunnel speaks TLS: what kubectl's `certificate-authority` and `insecure-skip-tls-verify` say. */
#pragma once

#include <openssl/ssl.h>

/* how: trusted (ca_pem is known), untrusted (nobody is) or unverified. The caller's; NULL and *reterr, a new string. */
SSL_CTX *user_tls_new(const char *how, const char *ca_pem, char **reterr);
