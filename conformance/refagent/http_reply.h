/* An HTTP/1.1 response, piece by piece: just what a proxy needs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

#define HTTP_REPLY_HEADERS 64

enum http_reply_state { HTTP_REPLY_MORE, HTTP_REPLY_DONE, HTTP_REPLY_BAD };

struct http_reply {
    struct buf in;
    bool has_head, chunked, until_eof, last_chunk;
    uint64_t left; /* of the body, or of this chunk */
    int status;
    char *status_text; /* "200 OK" */
    struct {
        char *name, *value;
    } headers[HTTP_REPLY_HEADERS];
    size_t n_headers;
};

/* on_head once, before any data. */
enum http_reply_state http_reply_feed(struct http_reply *r, const uint8_t *p, size_t n, void (*on_head)(void *arg),
                                      void (*on_data)(void *arg, const uint8_t *p, size_t n), void *arg);
/* Whether an end of the connection is the end of the response. */
bool http_reply_eof(const struct http_reply *r);
void http_reply_done(struct http_reply *r);
