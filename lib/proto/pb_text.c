#include "lib/proto/pb_text.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/mem.h"

static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *p, size_t n)
{
    const uint8_t *in = p;
    char *out = xcalloc((n + 2) / 3 * 4 + 1, 1), *o = out;

    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        uint32_t v = (uint32_t)in[i] << 16;
        v |= left > 1 ? (uint32_t)in[i + 1] << 8 : 0;
        v |= left > 2 ? (uint32_t)in[i + 2] : 0;
        *o++ = digits64[v >> 18];
        *o++ = digits64[v >> 12 & 63];
        *o++ = left > 1 ? digits64[v >> 6 & 63] : '=';
        *o++ = left > 2 ? digits64[v & 63] : '=';
    }
    return out;
}

bool base64_decode(const char *text, struct buf *out)
{
    uint32_t v = 0;
    int bits = 0;
    const char *p = text;

    for (; *p && *p != '='; p++) {
        const char *at = memchr(digits64, *p, 64);
        if (isspace((unsigned char)*p))
            continue;
        if (!at)
            return false;
        v = v << 6 | (uint32_t)(at - digits64);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            uint8_t byte = (uint8_t)(v >> bits);
            buf_add(out, &byte, 1);
            v &= (1u << bits) - 1;
        }
    }
    while (*p == '=' || isspace((unsigned char)*p))
        p++;
    return *p == '\0' && bits < 6;
}

char *hex_encode(const void *p, size_t n)
{
    const uint8_t *in = p;
    char *out = xcalloc(2 * n + 1, 1);

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = "0123456789abcdef"[in[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[in[i] & 15];
    }
    return out;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_decode(const char *text, struct buf *out)
{
    int high = -1;

    for (const char *p = text; *p; p++) {
        if (isspace((unsigned char)*p))
            continue;
        int v = nibble(*p);
        if (v < 0)
            return false;
        if (high < 0) {
            high = v;
            continue;
        }
        uint8_t byte = (uint8_t)(high << 4 | v);
        buf_add(out, &byte, 1);
        high = -1;
    }
    return high < 0;
}

/* How long the sequence at p is, 0 if there is none: shortest form, no surrogates, up to U+10FFFF. */
static size_t utf8_sequence(const uint8_t *p, size_t n)
{
    uint8_t c = p[0], low = 0x80, high = 0xbf;
    size_t len;

    if (c < 0x80)
        return 1;
    if (c >= 0xc2 && c <= 0xdf)
        len = 2;
    else if ((c & 0xf0) == 0xe0)
        len = 3, low = c == 0xe0 ? 0xa0 : 0x80, high = c == 0xed ? 0x9f : 0xbf;
    else if (c >= 0xf0 && c <= 0xf4)
        len = 4, low = c == 0xf0 ? 0x90 : 0x80, high = c == 0xf4 ? 0x8f : 0xbf;
    else
        return 0;
    if (n < len || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

bool utf8_valid(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t len = utf8_sequence(p + i, n - i);
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}
