/* Inside lib/net: an alert under the keys of TLS 1.3 (RFC 8446 section 5.2), made by hand, because OpenSSL sends alerts only
 * for what went wrong. It is the first record under these keys; ours come right behind the handshake, as there are no
 * tickets. */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

struct tls_secret {
    bool wanted; /* a scenario may ask for an alert: else nothing is noted */
    uint8_t bytes[EVP_MAX_MD_SIZE];
    size_t n; /* 0: not known */
};

enum { SEALED_ALERT_LEN = 5 + 2 + 1 + 16 };

/* A line of SSL_CTX_set_keylog_callback(): takes it if it is the secret of what the server writes. */
void tls_secret_note(struct tls_secret *s, const char *line);
/* false: no TLS 1.3, or the secret is not known. */
bool tls_seal_alert(const SSL *ssl, const struct tls_secret *s, uint8_t level, uint8_t code, uint8_t ret[SEALED_ALERT_LEN]);
