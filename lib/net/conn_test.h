/* A connection without a socket, for tests and fuzzers of the layers above: what they send down is collected, what the
 * peer would send is fed in.
 *
 *     struct conn *c = conn_fake_new(NULL, NULL);
 *     … push layers …
 *     conn_fake_open(c);                    LAYER_OPEN goes up
 *     conn_fake_feed(c, bytes, n);          as if the peer had sent them
 *     struct buf *out = conn_fake_out(c);   read, and buf_consume() what was seen
 *     conn_fake_run(c);                     for delays: runs the loop until nothing is left to wait for
 *     conn_fake_free(c);
 *
 * The connection stays readable after conn_kill(), until conn_fake_free().
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/net/conn.h"

enum conn_fake_closed {
    FAKE_NOT_CLOSED,
    FAKE_CLOSED_HALF, /* LAYER_CLOSE_HALF reached the bottom */
    FAKE_CLOSED,      /* LAYER_CLOSE reached the bottom; the connection is not dead, but deaf and mute */
    FAKE_RESET,       /* LAYER_RESET reached the bottom */
    FAKE_KILLED       /* conn_kill() by somebody above */
};

struct conn *conn_fake_new(struct moments *moments, struct events *events); /* with a loop of its own */
/* On a loop of the caller's: cheaper where many are made, as in a fuzzer. */
struct conn *conn_fake(struct loop *loop, struct events *events, struct moments *moments);
void conn_fake_open(struct conn *c);
void conn_fake_feed(struct conn *c, const void *p, size_t n);
struct buf *conn_fake_out(struct conn *c);
void conn_fake_eof(struct conn *c);
void conn_fake_fail(struct conn *c, const char *reason); /* as if the socket broke */
void conn_fake_drained(struct conn *c);
void conn_fake_queue(struct conn *c, size_t n);          /* what layer_queued() is to say: back-pressure */
void conn_fake_run(struct conn *c);
enum conn_fake_closed conn_fake_closed(const struct conn *c);
const char *conn_fake_why(const struct conn *c);         /* what conn_kill() was told; "" if it was not called */
struct conn *conn_fake_free(struct conn *c);
