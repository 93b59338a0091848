#include "fakegitlab/graphql/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"

#define CHUNK 8192

struct arena_chunk {
    struct arena_chunk *before;
    size_t size;
    alignas(max_align_t) char mem[];
};

void *arena_alloc(struct arena *a, size_t n)
{
    n = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (!a->last || a->last->size - a->used < n) {
        size_t size = n > CHUNK ? n : CHUNK;
        struct arena_chunk *c = xcalloc(1, sizeof *c + size);
        c->before = a->last;
        c->size = size;
        a->last = c;
        a->used = 0;
    }
    void *p = a->last->mem + a->used;
    a->used += n;
    return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    char *copy = arena_alloc(a, n + 1);
    if (n)
        memcpy(copy, s, n);
    return copy;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    _cleanup_(freep) char *text = NULL;
    va_list ap;
    va_start(ap, format);
    int n = vasprintf(&text, format, ap);
    va_end(ap);
    if (n < 0)
        abort();
    return arena_strndup(a, text, (size_t)n);
}

void arena_done(struct arena *a)
{
    while (a->last) {
        struct arena_chunk *before = a->last->before;
        free(a->last);
        a->last = before;
    }
    a->used = 0;
}
