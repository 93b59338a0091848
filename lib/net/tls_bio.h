/* Inside lib/net: the memory that stands where OpenSSL expects a socket. Input is not copied on the way: OpenSSL reads
 * from the bytes that the layer beneath has just handed up. */
#pragma once

#include <openssl/bio.h>
#include <stdbool.h>

#include "lib/base/buf.h"

struct tls_bytes {
    const uint8_t *in; /* borrowed while bytes are handed up */
    size_t in_len;
    bool eof;          /* after `in` comes nothing: reads give 0 instead of "later" */
    struct buf out;    /* what OpenSSL wants sent */
};

/* `bytes` is borrowed; it must outlive the BIO. NULL: out of memory. */
BIO *tls_bio_new(struct tls_bytes *bytes);
