/* A queue of bytes in one piece of memory. What has been consumed leaves room at the front, which is used again before
 * the memory grows. */
#include "lib/base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"

#define BUF_FIRST 256

uint8_t *buf_reserve(struct buf *b, size_t n)
{
    size_t len = buf_len(b);
    if (b->cap - b->end >= n && b->mem)
        return b->mem + b->end;
    /* Move to the front only if that frees at least half: else a full queue would be moved for every byte. */
    if (b->start >= b->cap / 2 && b->cap - len >= n && b->mem) {
        memmove(b->mem, b->mem + b->start, len);
    } else {
        size_t cap = b->cap ? b->cap : BUF_FIRST;
        assert(n < SIZE_MAX / 4 && len < SIZE_MAX / 4);
        while (cap - len < n || cap < len)
            cap *= 2;
        uint8_t *mem = xrealloc(NULL, cap);
        if (len)
            memcpy(mem, b->mem + b->start, len);
        free(b->mem);
        b->mem = mem;
        b->cap = cap;
    }
    b->start = 0;
    b->end = len;
    return b->mem + b->end;
}

void buf_added(struct buf *b, size_t n)
{
    assert(n <= b->cap - b->end);
    b->end += n;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
    if (!n)
        return;
    memcpy(buf_reserve(b, n), p, n);
    b->end += n;
}

void buf_addf(struct buf *b, const char *format, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, format);
    int n = vasprintf(&text, format, ap);
    va_end(ap);
    assert(n >= 0);
    buf_add(b, text, (size_t)n);
    free(text);
}

void buf_consume(struct buf *b, size_t n)
{
    assert(n <= buf_len(b));
    b->start += n;
    if (b->start == b->end)
        b->start = b->end = 0;
}

void buf_trim(struct buf *b)
{
    if (buf_len(b) == 0)
        buf_done(b);
}

void buf_done(struct buf *b)
{
    free(b->mem);
    *b = BUF_NULL;
}
