/* Heads and late frames of a client, judged. */
#include "lib/proto/http2_check.h"

#include <string.h>

#include "lib/base/mem.h"

enum { METHOD = 1, SCHEME = 2, PATH = 4, AUTHORITY = 8 };

void h2_check_begin(struct h2_check *k, bool trailers)
{
    *k = (struct h2_check){.length = -1, .trailers = trailers};
}

static bool is(const uint8_t *p, size_t n, const char *word)
{
    return n == strlen(word) && !memcmp(p, word, n);
}

/* A token of RFC 9110 §5.6.2, in lower case. */
static bool name_valid(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9') ||
              (p[i] && strchr("!#$%&'*+-.^_`|~", p[i]))))
            return false;
    return n > 0;
}

/* Go's ValidHeaderFieldValue: no control characters but a tab. A token file that ends in a newline stops here. */
static bool value_valid(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((p[i] < 0x20 && p[i] != '\t') || p[i] == 0x7f)
            return false;
    return true;
}

static const char *pseudo_wrong(struct h2_check *k, const uint8_t *name, size_t n, const uint8_t *value, size_t vn)
{
    static const char *const names[] = {":method", ":scheme", ":path", ":authority"};
    if (k->trailers)
        return "pseudo-header field in trailers";
    if (k->regular)
        return "pseudo-header field after regular";
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        if (!is(name, n, names[i]))
            continue;
        if (k->pseudo & 1u << i)
            return "duplicate pseudo-header field";
        k->pseudo |= (uint8_t)(1u << i);
        if (i == 0)
            k->connect = is(value, vn, "CONNECT");
        return vn || i == 3 ? NULL : "empty pseudo-header field";
    }
    return "unknown pseudo-header field";
}

static int64_t number(const uint8_t *p, size_t n)
{
    int64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9' || v > INT64_MAX / 10 - 1)
            return -1;
        v = v * 10 + (p[i] - '0');
    }
    return n ? v : -1;
}

static const char *regular_wrong(struct h2_check *k, const uint8_t *name, size_t n, const uint8_t *value, size_t vn)
{
    static const char *const of_connections[] = {"connection", "keep-alive", "proxy-connection", "transfer-encoding",
                                                 "upgrade"};
    k->regular = true;
    if (!name_valid(name, n))
        return "invalid header field name";
    for (size_t i = 0; i < ARRAY_SIZE(of_connections); i++)
        if (is(name, n, of_connections[i]))
            return "connection-specific header field";
    if (is(name, n, "te") && !is(value, vn, "trailers"))
        return "te is not trailers";
    if (is(name, n, "content-length") && !k->trailers) {
        int64_t length = number(value, vn);
        if (length < 0 || (k->length >= 0 && k->length != length))
            return "invalid content-length";
        k->length = length;
    }
    return NULL;
}

void h2_check_field(struct h2_check *k, const uint8_t *name, size_t n, const uint8_t *value, size_t vn)
{
    if (k->wrong)
        return;
    k->wrong = n && name[0] == ':' ? pseudo_wrong(k, name, n, value, vn) : regular_wrong(k, name, n, value, vn);
    if (!k->wrong && !value_valid(value, vn))
        k->wrong = is(name, n, "authorization")
                       ? "control character in authorization (does the token end in a newline?)"
                       : "control character in a header field's value";
}

const char *h2_check_end(const struct h2_check *k, bool end)
{
    if (k->wrong)
        return k->wrong;
    if (k->trailers)
        return end ? NULL : "trailers that do not end the stream";
    if (!(k->pseudo & METHOD))
        return "no :method";
    if (k->connect)
        return k->pseudo & (SCHEME | PATH) ? ":scheme or :path in CONNECT" : NULL;
    if (!(k->pseudo & SCHEME))
        return "no :scheme";
    if (!(k->pseudo & PATH))
        return "no :path";
    return end && k->length > 0 ? "content-length of a request without a body" : NULL;
}

/* frames */

size_t h2_cut_next(struct h2_cut *c, const uint8_t *p, size_t n, bool *ret_begins)
{
    *ret_begins = false;
    if (c->left) {
        n = n < c->left ? n : c->left;
        c->left -= (uint32_t)n;
        return n;
    }
    size_t missing = sizeof(c->head) - c->n;
    n = n < missing ? n : missing;
    memcpy(c->head + c->n, p, n);
    c->n = (uint8_t)(c->n + n);
    if (c->n < sizeof(c->head))
        return n;
    const uint8_t *h = c->head;
    c->n = 0;
    c->left = (uint32_t)h[0] << 16 | (uint32_t)h[1] << 8 | h[2];
    c->type = h[3];
    c->id = (int32_t)((uint32_t)(h[5] & 0x7f) << 24 | (uint32_t)h[6] << 16 | (uint32_t)h[7] << 8 | h[8]);
    *ret_begins = true;
    return n;
}

/* late frames */

void h2_closed_add(struct h2_closed *c, int32_t id, bool by_peer)
{
    c->id[c->n++ % H2_CLOSED_MAX] = by_peer ? id : -id;
}

enum h2_late h2_closed_find(const struct h2_closed *c, int32_t id)
{
    for (unsigned i = 0; i < H2_CLOSED_MAX; i++) {
        if (c->id[i] == id)
            return H2_LATE_CLOSED;
        if (c->id[i] == -id)
            return H2_LATE_IGNORED;
    }
    return H2_LATE_UNKNOWN;
}
