/* HTTP/2 as grpc-go's client speaks it, by nghttp2. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance/refagent/link.h"

struct h2;
struct h2_stream;
struct h2_header {
    const char *name, *value;
    size_t value_len;
};

struct h2_events {
    void (*ready)(void *arg); /* the server's SETTINGS are here */
    void (*goaway)(void *arg, uint32_t code, const uint8_t *debug, size_t n, int32_t last);
    /* Nothing comes any more, for any stream; why as grpc-go says it. */
    void (*closed)(void *arg, const char *why);
};
struct h2_stream_events {
    void (*headers)(void *arg, const struct h2_header *h, size_t n, bool end);
    void (*data)(void *arg, const uint8_t *p, size_t n);
    void (*end)(void *arg);                  /* of what the server sends, on a DATA frame */
    void (*reset)(void *arg, uint32_t code); /* by the server; the stream is gone */
};

/* Owns the link. Says the preface and SETTINGS at once. */
struct h2 *h2_new(struct agent *a, struct link *link, const struct h2_events *ev, void *arg);
struct h2 *h2_free(struct h2 *h); /* sends what is still to be sent; allowed inside callbacks */
/* NULL: the connection cannot take it. */
struct h2_stream *h2_open(struct h2 *h, const struct h2_header *head, size_t n, const struct h2_stream_events *ev,
                          void *arg);
int32_t h2_stream_id(const struct h2_stream *s);
void h2_stream_send(struct h2_stream *s, const void *p, size_t n, bool end);
/* The caller is through with it: RST_STREAM unless both sides have ended, and no more events. */
void h2_stream_leave(struct h2_stream *s, uint32_t code);
/* No more events and no RST_STREAM either: a mutant's way to leave. */
void h2_stream_abandon(struct h2_stream *s);
