/* Inside lib/net: our part of a handshake, message by message. OpenSSL hands over a flight of records at once; what
 * its message callback tells is noted here, so that the flight can be taken apart again. */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>

#include "lib/base/buf.h"

enum { FLIGHT_MESSAGES = 64 };

struct tls_flight {
    struct {
        const char *type; /* "server_hello", … */
        int records;
    } messages[FLIGHT_MESSAGES];
    int n;       /* messages noted and not yet taken */
    int records; /* of the one that is being written */
};

/* For SSL_set_msg_callback(). */
void tls_flight_note(struct tls_flight *f, int write, int content_type, const void *p, size_t n);
/* Takes the first message: its type, and how many bytes of `bytes` are its records. false: none is noted, or the bytes
 * are not all there. */
bool tls_flight_take(struct tls_flight *f, const struct buf *bytes, const char **ret_type, size_t *ret_len);
