/* Reading a ClientHello. The extensions are the peer's bytes: every length is checked, and what is not plain ASCII is
 * shown as "?". */
#include "lib/net/tls_hello.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"

struct bytes {
    const unsigned char *p;
    size_t n;
};

static struct bytes extension(SSL *ssl, unsigned type)
{
    struct bytes b = {0};
    if (SSL_client_hello_get0_ext(ssl, type, &b.p, &b.n) != 1)
        b = (struct bytes){0};
    return b;
}

/* Takes a length of `width` bytes and so many bytes behind it; an empty one if they are not there. */
static struct bytes take(struct bytes *b, size_t width)
{
    size_t n = 0;
    if (b->n < width)
        return *b = (struct bytes){0};
    for (size_t i = 0; i < width; i++)
        n = n << 8 | b->p[i];
    if (b->n - width < n)
        return *b = (struct bytes){0};
    struct bytes taken = {b->p + width, n};
    b->p += width + n;
    b->n -= width + n;
    return taken;
}

static void plain(struct bytes b, char *to, size_t size)
{
    size_t n = b.n < size - 1 ? b.n : size - 1;
    for (size_t i = 0; i < n; i++)
        to[i] = b.p[i] >= 0x20 && b.p[i] < 0x7f ? (char)b.p[i] : '?';
    to[n] = 0;
}

void tls_hello_sni(SSL *ssl, char *to, size_t size)
{
    struct bytes ext = extension(ssl, TLSEXT_TYPE_server_name);
    struct bytes list = take(&ext, 2);
    *to = 0;
    if (list.n < 1 || list.p[0] != TLSEXT_NAMETYPE_host_name)
        return;
    list.p++;
    list.n--;
    plain(take(&list, 2), to, size);
}

static json_t *alpn(SSL *ssl)
{
    json_t *names = json_array();
    struct bytes ext = extension(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation);
    struct bytes list = take(&ext, 2);
    while (list.n) {
        char name[256];
        plain(take(&list, 1), name, sizeof name);
        json_array_append_new(names, json_string(name));
    }
    return names;
}

const char *tls_version_text(int version)
{
    switch (version) {
    case SSL3_VERSION:
        return "ssl3";
    case TLS1_VERSION:
        return "1.0";
    case TLS1_1_VERSION:
        return "1.1";
    case TLS1_2_VERSION:
        return "1.2";
    case TLS1_3_VERSION:
        return "1.3";
    default:
        return NULL;
    }
}

static json_t *versions(SSL *ssl)
{
    json_t *names = json_array();
    struct bytes ext = extension(ssl, TLSEXT_TYPE_supported_versions);
    struct bytes list = take(&ext, 1);
    for (; list.n >= 2; list.p += 2, list.n -= 2) { /* others are GREASE: numbers that mean nothing */
        const char *text = tls_version_text(list.p[0] << 8 | list.p[1]);
        if (text)
            json_array_append_new(names, json_string(text));
    }
    const char *legacy = tls_version_text((int)SSL_client_hello_get0_legacy_version(ssl));
    if (!json_array_size(names) && legacy) /* before 1.3 the highest is all that is said */
        json_array_append_new(names, json_string(legacy));
    return names;
}

json_t *tls_hello_facts(SSL *ssl)
{
    char sni[256];
    tls_hello_sni(ssl, sni, sizeof sni);
    return json_pack("{s:s, s:o, s:o}", "sni", sni, "alpn", alpn(ssl), "versions", versions(ssl));
}

const char *tls_hello_refused(const uint8_t head[TLS_RECORD_HEADER], const char **ret_answer)
{
    static const char *const methods[] = {"GET /", "HEAD ", "POST ", "PUT /", "OPTIO"};
    if ((head[0] == SSL3_RT_ALERT || head[0] == SSL3_RT_HANDSHAKE) && head[1] < 0x10)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        if (memcmp(head, methods[i], TLS_RECORD_HEADER) == 0) {
            *ret_answer = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
            return "client sent an HTTP request to an HTTPS server";
        }
    return "first record does not look like a TLS handshake";
}

bool tls_hello_alpn(const char *const *ours, const unsigned char *in, unsigned in_len, const unsigned char **ret,
                    unsigned char *ret_len)
{
    for (; *ours; ours++) {
        size_t n = strlen(*ours);
        for (unsigned i = 0; i < in_len && i + 1u + in[i] <= in_len; i += 1u + in[i])
            if (in[i] == n && memcmp(in + i + 1, *ours, n) == 0) {
                *ret = in + i + 1;
                *ret_len = in[i];
                return true;
            }
    }
    return false;
}
