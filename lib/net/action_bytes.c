/* The bytes of a `send`. */
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/net/conn.h"

static int nibble(char ch)
{
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    if (ch >= 'a' && ch <= 'f')
        return ch - 'a' + 10;
    return ch >= 'A' && ch <= 'F' ? ch - 'A' + 10 : -1;
}

/* Spaces, colons and line ends between bytes are for people. */
static int add_hex(struct buf *b, const char *text)
{
    int high = -1;
    for (; *text; text++) {
        if (high < 0 && strchr(" :\t\r\n", *text))
            continue;
        int digit = nibble(*text);
        if (digit < 0)
            return -EINVAL;
        if (high < 0) {
            high = digit;
        } else {
            buf_add(b, &(uint8_t){(uint8_t)(high << 4 | digit)}, 1);
            high = -1;
        }
    }
    return high < 0 ? 0 : -EINVAL;
}

static int add_base64(struct buf *b, const char *text)
{
    size_t n = strlen(text);
    size_t room = n / 4 * 3 + 8;
    EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
    uint8_t *out = buf_reserve(b, room);
    int added = 0, last = 0, r = -1;
    EVP_DecodeInit(ctx);
    if (n < (1u << 30))
        r = EVP_DecodeUpdate(ctx, out, &added, (const uint8_t *)text, (int)n);
    if (r >= 0)
        r = EVP_DecodeFinal(ctx, out + added, &last);
    EVP_ENCODE_CTX_free(ctx);
    if (r < 0)
        return -EINVAL;
    buf_added(b, (size_t)(added + last));
    return 0;
}

enum { BYTES_MAX = 64 * 1024 * 1024, DEPTH_MAX = 8 };

static int add_piece(struct buf *b, const json_t *v, int depth);

/* {text|hex|base64|of, times}: `of` is any piece or list of them. */
static int add_object(struct buf *b, const json_t *v, int depth)
{
    const json_t *text = json_object_get(v, "text"), *hex = json_object_get(v, "hex"),
                 *base64 = json_object_get(v, "base64"), *of = json_object_get(v, "of");
    if (json_is_string(text)) {
        buf_add(b, json_string_value(text), json_string_length(text));
        return 0;
    }
    if (json_is_string(hex))
        return add_hex(b, json_string_value(hex));
    if (of)
        return add_piece(b, of, depth + 1);
    return json_is_string(base64) ? add_base64(b, json_string_value(base64)) : -EINVAL;
}

static int add_times(struct buf *b, const json_t *v, json_int_t times, int depth)
{
    struct buf once = BUF_NULL;
    int r = add_object(&once, v, depth);
    size_t n = buf_len(&once);
    if (times < 0 || (n && (size_t)times > (BYTES_MAX - buf_len(b)) / n))
        r = -EINVAL;
    for (json_int_t i = 0; r == 0 && i < times; i++)
        buf_add(b, buf_data(&once), n);
    buf_done(&once);
    return r;
}

static int add_piece(struct buf *b, const json_t *v, int depth)
{
    if (depth >= DEPTH_MAX || buf_len(b) > BYTES_MAX)
        return -EINVAL;
    if (json_is_string(v)) {
        buf_add(b, json_string_value(v), json_string_length(v));
        return 0;
    }
    if (json_is_array(v) && json_array_size(v)) {
        size_t i;
        json_t *piece;
        json_array_foreach(v, i, piece)
            if (add_piece(b, piece, depth + 1) < 0)
                return -EINVAL;
        return 0;
    }
    const json_t *times = json_object_get(v, "times");
    if (json_is_integer(times))
        return add_times(b, v, json_integer_value(times), depth);
    return json_is_object(v) ? add_object(b, v, depth) : -EINVAL;
}

int action_bytes(const json_t *args, uint8_t **ret, size_t *ret_len)
{
    struct buf b = BUF_NULL;
    int r = add_piece(&b, args, 0);
    if (r == 0) {
        *ret = xmemdup(buf_data(&b), buf_len(&b));
        *ret_len = buf_len(&b);
    }
    buf_done(&b);
    return r;
}
