/* A stream of pieces, each with a header that tells its length: TLS records, HTTP/2 frames. Go tells an end between two of
 * them (EOF) from one inside (unexpected EOF). */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct pieces {
    size_t header, at, bytes; /* length of the header (9 at most), and where in it the piece's length stands */
    size_t have, left;        /* of a header; of a piece */
    uint8_t head[9];
};

#define PIECES_TLS ((struct pieces){.header = 5, .at = 3, .bytes = 2})
#define PIECES_HTTP2 ((struct pieces){.header = 9, .at = 0, .bytes = 3})

void pieces_feed(struct pieces *c, const uint8_t *p, size_t n);
/* What Go says when the stream has ended with this; `error` itself where it makes no difference. */
const char *pieces_end(const struct pieces *c, const char *error);
