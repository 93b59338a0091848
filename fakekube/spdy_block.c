/* SPDY's header blocks: names and values with their lengths, deflated with a dictionary that both sides know. */
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "fakekube/spdy.h"
#include "lib/base/mem.h"

enum { TEXT_MAX = 64 * 1024, PIECE = 4096 };

/* Section 2.6.10.1: words with their lengths, as they stand in a block, and then what values are often made of. */
static const char dictionary[] =
    "\0\0\0\7" "options" "\0\0\0\4" "head" "\0\0\0\4" "post" "\0\0\0\3" "put" "\0\0\0\6" "delete" "\0\0\0\5" "trace"
    "\0\0\0\6" "accept" "\0\0\0\16" "accept-charset" "\0\0\0\17" "accept-encoding" "\0\0\0\17" "accept-language"
    "\0\0\0\15" "accept-ranges" "\0\0\0\3" "age" "\0\0\0\5" "allow" "\0\0\0\15" "authorization"
    "\0\0\0\15" "cache-control" "\0\0\0\12" "connection" "\0\0\0\14" "content-base" "\0\0\0\20" "content-encoding"
    "\0\0\0\20" "content-language" "\0\0\0\16" "content-length" "\0\0\0\20" "content-location"
    "\0\0\0\13" "content-md5" "\0\0\0\15" "content-range" "\0\0\0\14" "content-type" "\0\0\0\4" "date"
    "\0\0\0\4" "etag" "\0\0\0\6" "expect" "\0\0\0\7" "expires" "\0\0\0\4" "from" "\0\0\0\4" "host"
    "\0\0\0\10" "if-match" "\0\0\0\21" "if-modified-since" "\0\0\0\15" "if-none-match" "\0\0\0\10" "if-range"
    "\0\0\0\23" "if-unmodified-since" "\0\0\0\15" "last-modified" "\0\0\0\10" "location" "\0\0\0\14" "max-forwards"
    "\0\0\0\6" "pragma" "\0\0\0\22" "proxy-authenticate" "\0\0\0\23" "proxy-authorization" "\0\0\0\5" "range"
    "\0\0\0\7" "referer" "\0\0\0\13" "retry-after" "\0\0\0\6" "server" "\0\0\0\2" "te" "\0\0\0\7" "trailer"
    "\0\0\0\21" "transfer-encoding" "\0\0\0\7" "upgrade" "\0\0\0\12" "user-agent" "\0\0\0\4" "vary" "\0\0\0\3" "via"
    "\0\0\0\7" "warning" "\0\0\0\20" "www-authenticate" "\0\0\0\6" "method" "\0\0\0\3" "get" "\0\0\0\6" "status"
    "\0\0\0\6" "200 OK" "\0\0\0\7" "version" "\0\0\0\10" "HTTP/1.1" "\0\0\0\3" "url" "\0\0\0\6" "public"
    "\0\0\0\12" "set-cookie" "\0\0\0\12" "keep-alive" "\0\0\0\6" "origin"
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritativ"
    "e Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 I"
    "nternal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec"
    " 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xm"
    "l,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset="
    "iso-8859-1,utf-,*,enq=0.";

enum { DICTIONARY = sizeof(dictionary) - 1 };
_Static_assert(DICTIONARY == 1423, "the dictionary of SPDY/3");

struct spdy_block {
    z_stream in, out;
};

struct spdy_block *spdy_block_new(void)
{
    struct spdy_block *b = NEW(struct spdy_block);
    if (inflateInit(&b->in) != Z_OK || deflateInit(&b->out, Z_BEST_SPEED) != Z_OK ||
        deflateSetDictionary(&b->out, (const Bytef *)dictionary, DICTIONARY) != Z_OK)
        abort(); /* out of memory */
    return b;
}

struct spdy_block *spdy_block_free(struct spdy_block *b)
{
    if (b) {
        inflateEnd(&b->in);
        deflateEnd(&b->out);
        free(b);
    }
    return NULL;
}

/* ---- reading ---- */

static int unpack(z_stream *z, const uint8_t *p, size_t n, struct buf *out)
{
    uint8_t piece[PIECE];
    z->next_in = (Bytef *)p;
    z->avail_in = (uInt)n;
    for (;;) {
        z->next_out = piece;
        z->avail_out = sizeof(piece);
        int r = inflate(z, Z_SYNC_FLUSH);
        if (r == Z_NEED_DICT) {
            if (inflateSetDictionary(z, (const Bytef *)dictionary, DICTIONARY) != Z_OK)
                return -EINVAL;
            continue;
        }
        buf_add(out, piece, sizeof(piece) - z->avail_out);
        if (buf_len(out) > TEXT_MAX)
            return -EMSGSIZE;
        if (r == Z_BUF_ERROR || (r == Z_OK && z->avail_out))
            return z->avail_in ? -EINVAL : 0;
        if (r != Z_OK)
            return -EINVAL;
    }
}

struct text {
    const uint8_t *p;
    size_t n;
};

static bool take32(struct text *t, uint32_t *ret)
{
    if (t->n < 4)
        return false;
    *ret = (uint32_t)t->p[0] << 24 | (uint32_t)t->p[1] << 16 | (uint32_t)t->p[2] << 8 | t->p[3];
    t->p += 4;
    t->n -= 4;
    return true;
}

/* Of several values, which a NUL divides, the first. NULL: it is not there, or no UTF-8. */
static json_t *take_text(struct text *t)
{
    uint32_t n;
    if (!take32(t, &n) || n > t->n)
        return NULL;
    const char *at = (const char *)t->p;
    t->p += n;
    t->n -= n;
    return json_stringn(at, strnlen(at, n));
}

json_t *spdy_block_read(struct spdy_block *b, const uint8_t *p, size_t n)
{
    struct buf out = BUF_NULL;
    json_t *headers = json_object();
    uint32_t count = 0;
    bool good = unpack(&b->in, p, n, &out) == 0;
    struct text t = {buf_data(&out), buf_len(&out)};
    good = good && take32(&t, &count);
    for (uint32_t i = 0; good && i < count; i++) {
        json_t *name = take_text(&t), *value = name ? take_text(&t) : NULL;
        good = value && json_string_length(name) && json_object_set(headers, json_string_value(name), value) == 0;
        json_decref(name);
        json_decref(value);
    }
    buf_done(&out);
    if (good && !t.n)
        return headers;
    json_decref(headers);
    return NULL;
}

/* ---- writing ---- */

void spdy_put32(struct buf *out, uint32_t v)
{
    buf_add(out, (const uint8_t[]){(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v}, 4);
}

void spdy_frame_head(struct buf *out, enum spdy_frame type, uint8_t flags, size_t n)
{
    spdy_put32(out, 0x80030000u | type);
    spdy_put32(out, (uint32_t)flags << 24 | (uint32_t)n);
}

static void put_text(struct buf *out, const char *text)
{
    size_t n = strlen(text);
    spdy_put32(out, (uint32_t)n);
    buf_add(out, text, n);
}

void spdy_block_write(struct spdy_block *b, const json_t *headers, struct buf *out)
{
    struct buf plain = BUF_NULL;
    const char *name;
    json_t *value;
    spdy_put32(&plain, (uint32_t)json_object_size(headers));
    json_object_foreach ((json_t *)headers, name, value) {
        put_text(&plain, name);
        put_text(&plain, json_string_value(value));
    }
    b->out.next_in = (Bytef *)buf_data(&plain);
    b->out.avail_in = (uInt)buf_len(&plain);
    do {
        b->out.next_out = buf_reserve(out, PIECE);
        b->out.avail_out = PIECE;
        if (deflate(&b->out, Z_SYNC_FLUSH) == Z_STREAM_ERROR)
            abort();
        buf_added(out, PIECE - b->out.avail_out);
    } while (!b->out.avail_out);
    buf_done(&plain);
}
