/* What the two sides of the tunnels share: the agent's calls (svc_tunnel.c), and who has requests for them. Inside
 * fakekas only. */
#pragma once

#include "fakekas/internal.h"
#include "fakekas/tunnel_http.h"

struct tunnel {
    struct tunnels *set;
    struct grpc_call *call;
    unsigned n;            /* which one, from 1 */
    int64_t agent_id;
    char *service;         /* what the agent serves; NULL: nothing, or no descriptor yet. Owned */
    bool described, silent;
    struct tunnel_request *request; /* in flight; owned */
    TAILQ_ENTRY(tunnel) entry;
};
TAILQ_HEAD(tunnel_list, tunnel);

struct tunnels {
    struct kas *kas;
    unsigned count;
    struct tunnel_list list;
    struct tunnel_requests waiting;
};

/* svc_tunnel.c */
void tunnels_pair(struct tunnels *s); /* gives waiting requests to idle tunnels, the oldest first */
void tunnel_send_inner(void *call, const uint8_t *p, size_t n);
void tunnel_send_close(struct grpc_call *call);

/* tunnel_stream.c: requests whose bodies go and come bit by bit.
 * args: as those of the verb tunnel_request, without a body. NULL and *reterr. The request is the tunnel's: until ended()
 * or tunnel_cancel() it may be spoken of. */
struct tunnel_request *tunnels_begin(struct tunnels *s, int64_t agent_id, const json_t *args, const struct tunnel_taker *taker, void *arg,
                                     char **reterr);
void tunnel_data(struct tunnel_request *r, const void *p, size_t n, bool upgraded);
void tunnel_trailer(struct tunnel_request *r);
void tunnel_close_send(struct tunnel_request *r);
size_t tunnel_queued(const struct tunnel_request *r); /* what has not left us */
void tunnel_hold(struct tunnel_request *r, bool hold); /* the agent's answer is to wait */
void tunnel_cancel(struct tunnel_request *r, const char *why); /* nobody waits for it any more; ended() does not come */
void tunnel_over(struct tunnel_request *r, int code, const char *message); /* its taker is told, once */
void tunnel_drained(void *kas, struct grpc_call *call);
