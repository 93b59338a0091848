#include "conformance/refagent/ws_frames.h"

#include <string.h>

#include "lib/base/mem.h"

enum { CONTINUATION, TEXT_MESSAGE, BINARY_MESSAGE, CLOSE = 8, PING, PONG };

static size_t head_size(const struct ws_frames *f)
{
    if (f->n_head < 2)
        return 2;
    unsigned len = f->head[1] & 0x7f;
    return 2 + (len == 126 ? 2u : len == 127 ? 8u : 0u) + (f->head[1] & 0x80 ? 4u : 0u);
}

static char *begin(struct ws_frames *f)
{
    bool fin = f->head[0] & 0x80, rsv1 = f->head[0] & 0x40, rsv2 = f->head[0] & 0x20,
         rsv3 = f->head[0] & 0x10;
    unsigned opcode = f->head[0] & 0x0f, len = f->head[1] & 0x7f;
    f->left = len;
    if (len >= 126) {
        f->left = 0;
        for (size_t i = 0; i < (len == 126 ? 2u : 8u); i++)
            f->left = f->left << 8 | f->head[2 + i];
    }
    if (rsv1 || rsv2 || rsv3)
        return xasprintf("failed to get reader: received header with unexpected rsv bits set: %s:%s:%s",
                         rsv1 ? "true" : "false", rsv2 ? "true" : "false", rsv3 ? "true" : "false");
    if (opcode >= CLOSE && opcode <= PONG)
        return NULL;
    if (opcode > BINARY_MESSAGE)
        return xasprintf("failed to get reader: received unknown opcode opcode(%u)", opcode);
    if (opcode == CONTINUATION && !f->in_message)
        return xstrdup("failed to get reader: received continuation frame without text or binary frame");
    if (opcode != CONTINUATION && f->in_message)
        return xstrdup("failed to read: received new data message without finishing the previous message");
    f->in_message = !fin;
    return NULL;
}

char *ws_frames_feed(struct ws_frames *f, const uint8_t *p, size_t n)
{
    while (n) {
        size_t want = head_size(f);
        if (f->n_head < want) {
            size_t k = want - f->n_head < n ? want - f->n_head : n;
            memcpy(f->head + f->n_head, p, k);
            f->n_head += k;
            p += k;
            n -= k;
            if (f->n_head < head_size(f))
                continue;
            char *error = begin(f);
            if (error)
                return error;
        }
        size_t k = f->left < n ? (size_t)f->left : n;
        f->left -= k;
        p += k;
        n -= k;
        if (!f->left)
            f->n_head = 0;
    }
    return NULL;
}

char *ws_frames_cut(const struct ws_frames *f, const char *error)
{
    if (!f->left)
        return xasprintf("failed to get reader: failed to read frame header: %s", error);
    return xasprintf("failed to read: failed to read frame payload: %s",
                     strcmp(error, "EOF") ? error : "unexpected EOF");
}
