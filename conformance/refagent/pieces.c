#include "conformance/refagent/pieces.h"

#include <string.h>

static size_t length(const struct pieces *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->bytes; i++)
        n = n << 8 | c->head[c->at + i];
    return n;
}

void pieces_feed(struct pieces *c, const uint8_t *p, size_t n)
{
    while (n) {
        size_t k = c->left < n ? c->left : n;
        if (!k) {
            c->head[c->have++] = *p;
            k = 1;
            if (c->have == c->header) {
                c->left = length(c);
                c->have = 0;
            }
        } else {
            c->left -= k;
        }
        p += k;
        n -= k;
    }
}

const char *pieces_end(const struct pieces *c, const char *error)
{
    return (c->have || c->left) && !strcmp(error, "EOF") ? "unexpected EOF" : error;
}
