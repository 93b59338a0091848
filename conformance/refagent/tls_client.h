/* TLS by OpenSSL; what fails is worded by Go's crypto/tls. */
#pragma once

#include <stdbool.h>

#include "conformance/refagent/link.h"

struct x509_store_st;

/* error NULL: the handshake is done and the link is ready. plain_http: the answer began like an HTTP response. */
typedef void (*tls_fn)(void *arg, const char *error, bool plain_http);

/* Owns `below`. Nothing is called from within; fn exactly once, unless freed before. */
/* `roots` are trusted in place of the agent's own; borrowed for as long as the link lives. Before anything has come. */
void tls_trust(struct link *tls, struct x509_store_st *roots);
struct link *tls_start(struct agent *a, struct link *below, const char *host, bool alpn_h2, tls_fn fn, void *arg);
