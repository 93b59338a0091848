/* Inside lib/proto: the HTTP/2 client session, of which http2_client.c sends and http2_client_receive.c receives. */
#pragma once

#include <nghttp2/nghttp2.h>
#include <sys/queue.h>

#include "lib/base/buf.h"
#include "lib/net/conn.h"
#include "lib/proto/http2_client.h"
#include "lib/proto/turn.h"

struct h2c_stream {
    struct h2c *h;
    void *user;
    struct buf out;
    int32_t id;
    size_t owed; /* received and not yet given back to the peer's window */
    bool finished, deferred, closed, held, peer_ended, drain_pending;
    TAILQ_ENTRY(h2c_stream) link; /* of streams, then of graves */
};
TAILQ_HEAD(streams, h2c_stream);

struct h2c {
    struct layer l;
    struct turn turn; /* pumps */
    struct h2c_owner owner;
    nghttp2_session *session; /* owned */
    struct streams streams, graves;
    struct buf out;
    struct buf head_bytes;    /* of the head being read: name NUL value NUL … */
    struct h2_header *heads;
    size_t head_count, head_size;
    int depth;
    bool opened, over, any_drain;
    bool forgotten; /* there is no owner any more */
};

static inline bool h2c_over(const struct h2c *h)
{
    return h->over || h->l.conn->dead;
}

void h2c_stream_over(struct h2c_stream *s, uint32_t code);
void h2c_give_back(struct h2c_stream *s); /* what was received, to the peer's window, unless it is held */
void h2c_receive_callbacks(nghttp2_session_callbacks *cbs);
