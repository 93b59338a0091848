/* What a server's bytes say: an HTTP head as it stands, in its order, and the WebSocket frames behind a 101.
 */
#include <string.h>

#include "conformance/parity/raw.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

enum { TEXT = 1, BINARY = 2, CLOSE = 8 };

static json_t *hex(const uint8_t *p, size_t n)
{
    struct buf b = BUF_NULL;
    json_t *text;

    for (size_t i = 0; i < n; i++)
        buf_addf(&b, "%02x", p[i]);
    text = json_stringn((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return text;
}

static json_t *text_of(const void *p, size_t n)
{
    json_t *text = json_stringn(p, n);

    return text ? text : json_pack("{s:o}", "hex", hex(p, n));
}

/* The payload of the frame at p, NULL: it is not there as a whole. */
static const uint8_t *frame(const uint8_t *p, size_t n, size_t *ret_payload)
{
    size_t head = 2, len;

    if (n < 2)
        return NULL;
    len = p[1] & 0x7f;
    if (len >= 126) {
        size_t more = len == 126 ? 2 : 8;
        if (n < 2 + more)
            return NULL;
        len = 0;
        for (size_t i = 0; i < more; i++)
            len = len << 8 | p[2 + i];
        head += more;
    }
    if (p[1] & 0x80)
        head += 4;
    *ret_payload = len;
    return len <= n && head <= n - len ? p + head : NULL;
}

static void frames_add(json_t *said, const uint8_t *p, size_t n)
{
    struct buf binary = BUF_NULL;
    json_t *others = json_array();
    const uint8_t *payload;
    size_t len;

    while ((payload = frame(p, n, &len))) {
        unsigned opcode = p[0] & 0x0f;
        if (opcode == BINARY || opcode == 0)
            buf_add(&binary, payload, len);
        else if (opcode == CLOSE)
            json_object_set_new(said, "close",
                                len < 2 ? json_object()
                                        : json_pack("{s:i, s:o}", "code", payload[0] << 8 | payload[1],
                                                    "reason", text_of(payload + 2, len - 2)));
        else
            json_array_append_new(
                others, json_pack("{s:i, s:o}", "opcode", (int)opcode, "text", text_of(payload, len)));
        n -= (size_t)(payload + len - p);
        p = payload + len;
    }
    json_object_set_new(said, "h2", hex(buf_data(&binary), buf_len(&binary)));
    if (json_array_size(others))
        json_object_set(said, "frames", others);
    if (n)
        json_object_set_new(said, "behind", hex(p, n));
    json_decref(others);
    buf_done(&binary);
}

/* "Name: value" lines up to the empty one. Where the head ends; NULL: it does not. */
static const char *headers(const char *p, const char *end, json_t *list)
{
    while (p < end) {
        const char *line_end = memmem(p, (size_t)(end - p), "\r\n", 2), *colon;
        if (!line_end)
            return NULL;
        if (line_end == p)
            return p + 2;
        colon = memchr(p, ':', (size_t)(line_end - p));
        if (colon) {
            const char *value = colon + 1;
            while (value < line_end && *value == ' ')
                value++;
            json_array_append_new(list, json_pack("[o, o]", text_of(p, (size_t)(colon - p)),
                                                  text_of(value, (size_t)(line_end - value))));
        } else {
            json_array_append_new(list,
                                  json_pack("[o, s]", text_of(p, (size_t)(line_end - p)), "<no colon>"));
        }
        p = line_end + 2;
    }
    return NULL;
}

json_t *raw_json(const void *bytes, size_t n, const char *how)
{
    const char *p = bytes ? bytes : "", *end = p + n, *line = memmem(p, n, "\r\n", 2), *body = NULL;
    json_t *said = json_pack("{s:s}", "end", how), *list = json_array();

    if (line && n > 7 && memcmp(p, "HTTP/1.", 7) == 0)
        body = headers(line + 2, end, list);
    if (body) {
        json_object_set_new(said, "status", text_of(p, (size_t)(line - p)));
        json_object_set(said, "headers", list);
        if (n > 12 && memcmp(p + 8, " 101", 4) == 0)
            frames_add(said, (const uint8_t *)body, (size_t)(end - body));
        else
            json_object_set_new(said, "body", text_of(body, (size_t)(end - body)));
    } else {
        json_object_set_new(said, "bytes", hex((const uint8_t *)p, n));
    }
    json_decref(list);
    return said;
}
