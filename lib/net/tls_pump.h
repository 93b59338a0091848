/* Inside lib/net: what both sides of TLS have in common: OpenSSL over memory, within a layer. Nothing here goes down by itself
 * but by tls_pump_flush(): the sides decide when. */
#pragma once

#include <jansson.h>
#include <openssl/ssl.h>

#include "lib/net/layer.h"
#include "lib/net/tls_bio.h"

struct tls_pump {
    struct layer *layer; /* whose it is */
    SSL *ssl;            /* owned */
    struct tls_bytes bytes;
    bool shut; /* close_notify is out: nothing is written any more */
};

void tls_pump_init(struct tls_pump *p, struct layer *layer, SSL_CTX *ctx); /* aborts for want of memory */
void tls_pump_done(struct tls_pump *p);

void tls_pump_flush(struct tls_pump *p); /* hands down what OpenSSL wants sent */
/* SSL_ERROR_NONE: it is done, or *ret_n bytes were read; else what SSL_get_error() says. The error queue is the call's own. */
int tls_pump_handshake(struct tls_pump *p);
int tls_pump_read(struct tls_pump *p, uint8_t *plain, size_t size, size_t *ret_n);
/* Into memory: all of it, or the session is broken and reading says so. */
void tls_pump_write(struct tls_pump *p, const uint8_t *plain, size_t n);
void tls_pump_goodbye(struct tls_pump *p); /* close_notify, once */

/* {version, cipher, alpn, sni} of a handshake that is done; new reference. */
json_t *tls_pump_facts(const struct tls_pump *p);
