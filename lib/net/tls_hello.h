/* Inside lib/net: what a ClientHello says, as facts for the event log. */
#pragma once

#include <jansson.h>
#include <openssl/ssl.h>

/* {sni, alpn: […], versions: ["1.3", "1.2"]}; to be called from OpenSSL's ClientHello callback. */
json_t *tls_hello_facts(SSL *ssl);
const char *tls_version_text(int version); /* "1.3" */
/* The name in a server_name extension, "" if there is none. */
void tls_hello_sni(SSL *ssl, char *to, size_t size);
