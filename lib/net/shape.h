/* Inside lib/net: a layer just above the socket that makes the network between us and the peer a poor one. It stays
 * for the connection's life; `shape` again changes it.
 *
 *   shape: {latency: 50ms, jitter: 10ms,   what is sent arrives so much later, never out of order
 *           bandwidth: 2000,               bytes a second
 *           slice: 7,                      at most so many bytes leave at once
 *           trickle: {bytes: 1, every: 5ms},
 *           after_bytes: 100, after: 2s,   when so many bytes have passed, or so much time: `then`
 *           then: reset|close|half_close|stall,
 *           dir: out|in|both}              default out: what we send
 *
 * Numbers below 0 and unknown words leave the connection as it was: -EINVAL.
 */
#pragma once

#include "lib/net/conn.h"

int shape_apply(struct conn *c, const json_t *args);
