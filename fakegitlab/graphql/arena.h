/* Memory of one request, given back at once. Everything that a document becomes lives here. */
#pragma once

#include <stddef.h>

struct arena_chunk;
struct arena {
    struct arena_chunk *last;
    size_t used;
};

#define ARENA_NULL ((struct arena){0})

void *arena_alloc(struct arena *a, size_t n); /* zeroed, aligned for anything, never NULL */
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_done(struct arena *a);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
