/* A client of SPDY for tests: frames made, and what came back read. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "fakekube/spdy.h"
#include "lib/base/mem.h"

static inline void client_open(struct spdy_block *b, struct buf *out, uint32_t id, uint8_t flags, const char *json)
{
    struct buf block = BUF_NULL;
    json_t *headers = json_loads(json, 0, NULL);
    spdy_block_write(b, headers, &block);
    spdy_frame_head(out, SPDY_SYN_STREAM, flags, 10 + buf_len(&block));
    spdy_put32(out, id);
    buf_add(out, "\0\0\0\0\0\0", 6);
    buf_add(out, buf_data(&block), buf_len(&block));
    buf_done(&block);
    json_decref(headers);
}

static inline void client_data(struct buf *out, uint32_t id, uint8_t flags, const char *text)
{
    spdy_put32(out, id);
    spdy_put32(out, (uint32_t)flags << 24 | (uint32_t)strlen(text));
    buf_add(out, text, strlen(text));
}

static inline uint32_t client_32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The frames in `in`, as text: "reply 1, data 1 fin 'x', rst 3 1, ping 5, goaway 0 1, …". A new string; `in` is empty then. */
static inline char *client_read(struct spdy_block *b, struct buf *in)
{
    struct buf text = BUF_NULL;
    while (buf_len(in) >= 8) {
        const uint8_t *p = buf_data(in), *rest = p + 8;
        uint32_t n = client_32(p + 4) & 0xffffff, type = client_32(p) & 0xffff;
        const char *fin = p[4] & SPDY_FIN ? " fin" : "";
        if (8 + n > buf_len(in))
            break;
        if (!(p[0] & 0x80)) {
            buf_addf(&text, "data %u%s '%.*s', ", client_32(p), fin, (int)n, (const char *)rest);
        } else if (type == SPDY_SYN_REPLY) {
            json_t *headers = spdy_block_read(b, rest + 4, n - 4);
            buf_addf(&text, "reply %u%s%s, ", client_32(rest), fin, headers ? "" : " broken");
            json_decref(headers);
        } else if (type == SPDY_RST_STREAM || type == SPDY_GOAWAY) {
            buf_addf(&text, "%s %u %u, ", type == SPDY_GOAWAY ? "goaway" : "rst", client_32(rest), client_32(rest + 4));
        } else {
            buf_addf(&text, "%s %u, ", type == SPDY_PING ? "ping" : "unknown", client_32(rest));
        }
        buf_consume(in, 8 + n);
    }
    char *all = xstrndup((const char *)buf_data(&text), buf_len(&text) ? buf_len(&text) - 2 : 0);
    buf_done(&text);
    return all;
}
