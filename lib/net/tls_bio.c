/* A BIO over struct tls_bytes. */
#include "lib/net/tls_bio.h"

#include <openssl/crypto.h>
#include <string.h>

static int bio_read(BIO *bio, char *to, size_t n, size_t *done)
{
    struct tls_bytes *b = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    *done = n < b->in_len ? n : b->in_len;
    if (*done == 0) {
        if (!b->eof)
            BIO_set_retry_read(bio);
        return 0;
    }
    memcpy(to, b->in, *done);
    b->in += *done;
    b->in_len -= *done;
    return 1;
}

static int bio_write(BIO *bio, const char *from, size_t n, size_t *done)
{
    struct tls_bytes *b = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    buf_add(&b->out, from, n);
    *done = n;
    return 1;
}

static long bio_ctrl(BIO *bio, int cmd, long number, void *p)
{
    const struct tls_bytes *b = BIO_get_data(bio);
    (void)number, (void)p;
    if (cmd == BIO_CTRL_EOF)
        return b->eof && b->in_len == 0;
    return cmd == BIO_CTRL_FLUSH;
}

/* Made once and never changed: OpenSSL wants methods to outlive every BIO. */
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static BIO_METHOD *method;

static void make_method(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "fakekas bytes");
    if (!method)
        return;
    BIO_meth_set_read_ex(method, bio_read);
    BIO_meth_set_write_ex(method, bio_write);
    BIO_meth_set_ctrl(method, bio_ctrl);
}

BIO *tls_bio_new(struct tls_bytes *bytes)
{
    BIO *bio = CRYPTO_THREAD_run_once(&once, make_method) && method ? BIO_new(method) : NULL;
    if (!bio)
        return NULL;
    BIO_set_data(bio, bytes);
    BIO_set_init(bio, 1);
    return bio;
}
