/* Inside lib/proto: what HTTP asks of a client's HTTP/2 (RFC 9113 §5.1, §8.2, §8.3). nghttp2's own checks are off: they
 * refuse the `:authority: ws://host:port/path` of agents. These refuse what Go's framer refuses, which is what a KAS
 * stands on, and nothing that an agent sends on purpose. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One header block, field by field. */
struct h2_check {
    const char *wrong;   /* the first fault; static; NULL: none */
    int64_t length;      /* content-length; -1: none */
    uint8_t pseudo;      /* which have been seen */
    bool trailers : 1;
    bool regular : 1;    /* a field that is no pseudo-header has been seen */
    bool connect : 1;
};

void h2_check_begin(struct h2_check *k, bool trailers);
void h2_check_field(struct h2_check *k, const uint8_t *name, size_t n, const uint8_t *value, size_t vn);
/* NULL: well-formed. `end`: the block ends the stream. */
const char *h2_check_end(const struct h2_check *k, bool end);

/* Cuts what the peer sends at the ends of frames, so that each is judged in the state that the one before it has left. */
struct h2_cut {
    uint32_t left;       /* of the preface or the payload */
    int32_t id;          /* of the frame whose head is complete */
    uint8_t type;
    uint8_t n;           /* bytes of head seen */
    uint8_t head[9];
};

/* How many of the n bytes to give on; *ret_begins: a frame's head ends with them. */
size_t h2_cut_next(struct h2_cut *c, const uint8_t *p, size_t n, bool *ret_begins);

enum { H2_CLOSED_MAX = 8 };

/* The last streams that have closed: nghttp2 is told to forget them, and would ignore what still comes on them. */
struct h2_closed {
    int32_t id[H2_CLOSED_MAX]; /* negative: by us, while the peer may not know it yet */
    uint32_t n;
};

enum h2_late { H2_LATE_IGNORED, H2_LATE_CLOSED, H2_LATE_UNKNOWN };

void h2_closed_add(struct h2_closed *c, int32_t id, bool by_peer);
/* What a frame on a stream is that does not live any more (or never did: UNKNOWN). */
enum h2_late h2_closed_find(const struct h2_closed *c, int32_t id);
