/* A growable queue of bytes: added at the end, consumed at the front. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    uint8_t *mem; /* owned */
    size_t start, end, cap;
};

#define BUF_NULL ((struct buf){0})

/* Never NULL, so that it may be handed to memcpy() and friends together with a length of 0. */
static inline const uint8_t *buf_data(const struct buf *b)
{
    return b->mem ? b->mem + b->start : (const uint8_t *)"";
}
static inline size_t buf_len(const struct buf *b)
{
    return b->end - b->start;
}

void buf_add(struct buf *b, const void *p, size_t n);
void buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Room for n bytes at the end; say afterwards with buf_added() how many were written. */
uint8_t *buf_reserve(struct buf *b, size_t n);
void buf_added(struct buf *b, size_t n);
void buf_consume(struct buf *b, size_t n);
/* Gives memory back once empty, so that an idle connection costs nothing. */
void buf_trim(struct buf *b);
void buf_done(struct buf *b);
