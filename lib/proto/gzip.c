/* gzip of whole messages.
 *
 * Almost every message of an agent is compressed, and most are tiny; setting up zlib's state (some 300 KiB
 * for deflate) costs more than the work. So packing takes the cheapest level and a small window for what is
 * small.
 */
#include "lib/proto/gzip.h"

#include <errno.h>
#include <zlib.h>

enum { WITH_GZIP_HEADER = 16, STEP = 4096 };

int gzip_pack(const void *p, size_t n, struct buf *out)
{
    /* Inflaters accept any window up to theirs. zlib asks for 9 at least. */
    int window = n < 512 ? 9 : n < 8192 ? 13 : 15;
    int memory = n < 512 ? 1 : n < 8192 ? 5 : 8;
    z_stream z = {0};

    if (n > UINT32_MAX)
        return -EMSGSIZE;
    if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, window + WITH_GZIP_HEADER, memory, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        return -ENOMEM;

    uLong bound = deflateBound(&z, (uLong)n);
    z.next_in = (Bytef *)p;
    z.avail_in = (uInt)n;
    z.next_out = buf_reserve(out, bound);
    z.avail_out = (uInt)bound;
    int r = deflate(&z, Z_FINISH);
    if (r == Z_STREAM_END)
        buf_added(out, bound - z.avail_out);
    deflateEnd(&z);
    return r == Z_STREAM_END ? 0 : -EINVAL;
}

static int unpack_all(z_stream *z, size_t max, struct buf *out)
{
    size_t total = 0;

    for (;;) {
        /* One byte beyond the limit is asked for, so that exactly `max` is not mistaken for too much. */
        size_t room = max - total < STEP ? max - total + 1 : STEP;
        z->next_out = buf_reserve(out, room);
        z->avail_out = (uInt)room;
        int r = inflate(z, Z_NO_FLUSH);
        size_t got = room - z->avail_out;
        buf_added(out, got);
        total += got;
        if (total > max)
            return -EMSGSIZE;
        if (r == Z_STREAM_END)
            return z->avail_in == 0 ? 0 : -EINVAL; /* something stands behind the end */
        if (r != Z_OK || (z->avail_in == 0 && z->avail_out != 0))
            return -EINVAL;
    }
}

int gzip_unpack(const void *p, size_t n, size_t max, struct buf *out)
{
    z_stream z = {.next_in = (Bytef *)p, .avail_in = (uInt)n};

    if (n > UINT32_MAX || inflateInit2(&z, MAX_WBITS + WITH_GZIP_HEADER) != Z_OK)
        return -EINVAL;
    int r = unpack_all(&z, max, out);
    inflateEnd(&z);
    return r;
}
