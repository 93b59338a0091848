/* What a server needs that passes its calls on to another one: heads and trailers as they are, and flow control from
 * end to end. Moments and verbs are those of every call. */
#pragma once

#include "lib/proto/grpc.h"

/* All that the request's HEADERS held, in their order. Borrowed, as long as the call lives. */
const struct h2_header *grpc_call_head(const struct grpc_call *c, size_t *ret_n);
uint32_t grpc_call_close_code(const struct grpc_call *c); /* in closed(): how the stream ended */
bool grpc_call_finished(const struct grpc_call *c);       /* its end has been sent or is under way */

/* The reply's HEADERS, now. */
void grpc_relay_head(struct grpc_call *c, const struct h2_header *h, size_t n);
/* The end, with what the trailers say: grpc-status and grpc-message through moment grpc.status, the rest beside it.
 * Without a grpc-status: exactly these. */
void grpc_relay_end(struct grpc_call *c, const struct h2_header *trailers, size_t n);
/* Bytes that are no message, and END_STREAM without trailers. */
void grpc_relay_raw(struct grpc_call *c, const void *p, size_t n);
void grpc_relay_eof(struct grpc_call *c);
void grpc_relay_compress(struct grpc_call *c, bool on); /* replies by grpc_send() */
size_t grpc_relay_queued(const struct grpc_call *c);    /* bytes of replies that have not left; many if some are delayed */
void grpc_relay_hold(struct grpc_call *c, bool hold);   /* see h2_hold() */
