#include "conformance/refagent/http_reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/mem.h"

#define HEAD_MAX 65536
#define PIECE 32768 /* of a body, in one message */

static void take_line(struct http_reply *r, const char *line, size_t n)
{
    const char *colon = memchr(line, ':', n);
    if (!colon || r->n_headers == HTTP_REPLY_HEADERS)
        return;
    const char *v = colon + 1;
    while (v < line + n && (*v == ' ' || *v == '\t'))
        v++;
    char *name = xstrndup(line, (size_t)(colon - line)), *value = xstrndup(v, (size_t)(line + n - v));
    if (!strcasecmp(name, "Transfer-Encoding") && !strcasecmp(value, "chunked")) {
        r->chunked = true;
        r->until_eof = false;
        free(name);
        free(value);
        return;
    }
    if (!strcasecmp(name, "Content-Length") && !r->chunked) {
        r->left = strtoull(value, NULL, 10);
        r->until_eof = false;
    }
    r->headers[r->n_headers].name = name;
    r->headers[r->n_headers++].value = value;
}

/* False: it is none. */
static bool take_head(struct http_reply *r, const char *head, size_t n)
{
    const char *eol = memmem(head, n, "\r\n", 2);
    if (n < 12 || strncmp(head, "HTTP/1.", 7) || !eol || eol - head < 12)
        return false;
    r->status_text = xstrndup(head + 9, (size_t)(eol - head - 9));
    r->status = atoi(r->status_text);
    r->until_eof = true;
    for (const char *line = eol + 2; line < head + n && *line != '\r';) {
        const char *end = memmem(line, (size_t)(head + n - line), "\r\n", 2);
        if (!end)
            break;
        take_line(r, line, (size_t)(end - line));
        line = end + 2;
    }
    if (r->status < 200 || r->status == 204 || r->status == 304) {
        r->until_eof = r->chunked = false;
        r->left = 0;
    }
    r->has_head = true;
    return true;
}

/* The next chunk's length; false: its line is not complete. */
static bool next_chunk(struct http_reply *r)
{
    const uint8_t *p = buf_data(&r->in), *eol = memmem(p, buf_len(&r->in), "\r\n", 2);
    if (eol == p) { /* behind the chunk before */
        buf_consume(&r->in, 2);
        return next_chunk(r);
    }
    if (!eol)
        return false;
    r->left = strtoull((const char *)p, NULL, 16);
    r->last_chunk = !r->left;
    buf_consume(&r->in, (size_t)(eol - p) + 2);
    return true;
}

enum http_reply_state http_reply_feed(struct http_reply *r, const uint8_t *p, size_t n,
                                      void (*on_head)(void *arg),
                                      void (*on_data)(void *arg, const uint8_t *p, size_t n), void *arg)
{
    buf_add(&r->in, p, n);
    if (!r->has_head) {
        const uint8_t *end = memmem(buf_data(&r->in), buf_len(&r->in), "\r\n\r\n", 4);
        if (!end)
            return buf_len(&r->in) > HEAD_MAX ? HTTP_REPLY_BAD : HTTP_REPLY_MORE;
        size_t head = (size_t)(end - buf_data(&r->in)) + 4;
        if (!take_head(r, (const char *)buf_data(&r->in), head))
            return HTTP_REPLY_BAD;
        buf_consume(&r->in, head);
        on_head(arg);
    }
    for (;;) {
        if (r->chunked && !r->left && !r->last_chunk && !next_chunk(r))
            return HTTP_REPLY_MORE;
        if (!r->until_eof && !r->left)
            return HTTP_REPLY_DONE;
        size_t k = buf_len(&r->in) < PIECE ? buf_len(&r->in) : PIECE;
        if (!r->until_eof && k > r->left)
            k = (size_t)r->left;
        if (!k)
            return HTTP_REPLY_MORE;
        on_data(arg, buf_data(&r->in), k);
        buf_consume(&r->in, k);
        if (!r->until_eof)
            r->left -= k;
    }
}

bool http_reply_eof(const struct http_reply *r)
{
    return r->has_head && r->until_eof;
}

void http_reply_done(struct http_reply *r)
{
    for (size_t i = 0; i < r->n_headers; i++) {
        free(r->headers[i].name);
        free(r->headers[i].value);
    }
    free(r->status_text);
    buf_done(&r->in);
    *r = (struct http_reply){0};
}
