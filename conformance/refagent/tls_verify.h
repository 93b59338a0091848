/* Is this certificate good for this host? As Go's crypto/x509 asks it, and as it answers. */
#pragma once

#include <openssl/x509.h>

/* What Go would trust: the system's files and folders (or those of SSL_CERT_FILE and SSL_CERT_DIR) and ca_file.
 * NULL, and what to say in *reterr, if ca_file is of no use. */
X509_STORE *tls_roots_load(const char *ca_file, char **reterr);

/* NULL if it is, else "x509: …" (freed by the caller). */
char *tls_verify(X509_STORE *roots, X509 *leaf, STACK_OF(X509) *sent, const char *host);
