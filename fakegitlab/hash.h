/* Digests and secrets. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SHA256_LEN 32
#define SHA1_HEX_LEN 41 /* and its NUL */

struct hasher; /* what OpenSSL would otherwise look for and allocate each time */
struct hasher *hasher_new(void);
struct hasher *hasher_free(struct hasher *h);
void hash_sha256(struct hasher *h, const void *p, size_t len, uint8_t out[SHA256_LEN]);
/* Of head and body together. */
void hash_sha1_hex(struct hasher *h, const void *head, size_t head_len, const void *body, size_t len,
                   char out[SHA1_HEX_LEN]);
void hex_write(const uint8_t *p, size_t n, char *out);    /* 2n digits and NUL */
int hex_read(const char *text, uint8_t *out, size_t n);   /* 0, or -EINVAL: not 2n digits */
char *secret_random(const char *prefix, size_t letters);  /* URL-safe, nobody can guess it; a new string */
