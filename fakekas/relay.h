/* One agent's connection and the one that belongs to it on the other side. Inside fakekas only.
 *
 *   upstream.c      where to, and how names and TLS are settled
 *   relay.c       the two connections: made, told of each other's end, pings and GOAWAY
 *   relay_call.c  one call on both: heads, messages, trailers, resets, and who waits for whom
 */
#pragma once

#include "fakekas/internal.h"
#include "fakekas/upstream.h"
#include "lib/net/dial.h"
#include "lib/proto/grpc_relay.h"
#include "lib/proto/http2_client.h"

struct upstream {
    struct loop *loop;
    struct events *events;
    uint64_t *next_conn_id;
    char *to, *host, *target; /* target NULL: the agent's own */
    char *authority;          /* as it stands in the URL */
    char address[64];         /* numeric */
    uint16_t port;
    bool tls, ws;
    SSL_CTX *ctx;
};

struct relay {
    struct link *link;
    struct upstream *upstream;
    struct dial *dial;
    struct conn *conn; /* to the other KAS; NULL: not yet, or gone */
    struct ws *ws;
    struct h2c *h2;
    json_t *headers;   /* of the agent's upgrade request, until it has gone on */
    char *target;
    struct http1 *http; /* the agent's request waits for the other's answer */
    bool over;          /* one side has ended, and the other is told */
    bool end_scheduled, end_failed, freed;
    struct conn *ending; /* the one that ends then */
};

/* relay.c */
void relay_open(struct link *l);                                                /* the agent speaks HTTP/2 */
void relay_request(struct link *l, struct http1 *h, const struct http1_request *r); /* … or asks for an upgrade */
void relay_free(struct relay *r);
void relay_ping(void *kas, struct grpc_session *s, const uint8_t data[8], bool ack);
void relay_goaway(void *kas, struct grpc_session *s, uint32_t code, const char *debug);

/* relay_call.c */
extern const struct grpc_method relay_any;
struct grpc_method *relay_methods(void); /* those of KAS, passed on; the caller's */
void relay_drained(void *kas, struct grpc_call *call);
void relay_start_call(void *relay, struct grpc_call *call); /* the other side is there */
int32_t relay_last(struct relay *r, int32_t last); /* the agent's stream that belongs to the last on the other side */
void relay_owner(struct relay *r, struct h2c_owner *o);
