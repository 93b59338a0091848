/* Inside lib/net: what a ClientHello says, as facts for the event log. */
#pragma once

#include <jansson.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

/* {sni, alpn: […], versions: ["1.3", "1.2"]}; to be called from OpenSSL's ClientHello callback. */
json_t *tls_hello_facts(SSL *ssl);
const char *tls_version_text(int version); /* "1.3" */
/* The name in a server_name extension, "" if there is none. */
void tls_hello_sni(SSL *ssl, char *to, size_t size);

enum { TLS_RECORD_HEADER = 5 };
/* A peer that does not speak TLS at all is treated as by Go's server: an answer in clear to HTTP/1, and to everything else the
 * connection's end without a word. NULL: it is TLS. Else the reason; *ret_answer is set only if there is one. */
const char *tls_hello_refused(const uint8_t head[TLS_RECORD_HEADER], const char **ret_answer);
/* The first of ours that is offered; false: none. */
bool tls_hello_alpn(const char *const *ours, const unsigned char *in, unsigned in_len, const unsigned char **ret,
                    unsigned char *ret_len);
