/* Requests that go through a tunnel bit by bit: bodies as they come, and each side waits for the other. */
#include <errno.h>

#include "fakekas/tunnels.h"
#include "lib/proto/grpc_relay.h"

enum { CANCEL = 8 /* RST_STREAM */ };

struct tunnel_request *tunnels_begin(struct tunnels *s, int64_t agent_id, const json_t *args, const struct tunnel_taker *taker, void *arg,
                                     char **reterr)
{
    struct tunnel_request *r = tunnel_request_new(args, reterr);
    if (!r)
        return NULL;
    r->taker = taker;
    r->arg = arg;
    r->agent_id = agent_id;
    r->keep_open = true;
    r->set = s;
    TAILQ_INSERT_TAIL(&s->waiting, r, entry);
    return r;
}

void tunnel_data(struct tunnel_request *r, const void *p, size_t n, bool upgraded)
{
    tunnel_send_data(p, n, upgraded, tunnel_send_inner, r->tunnel->call);
}

void tunnel_trailer(struct tunnel_request *r)
{
    tunnel_send_trailer(tunnel_send_inner, r->tunnel->call);
}

void tunnel_close_send(struct tunnel_request *r)
{
    tunnel_send_close(r->tunnel->call);
}

size_t tunnel_queued(const struct tunnel_request *r)
{
    return grpc_relay_queued(r->tunnel->call);
}

void tunnel_hold(struct tunnel_request *r, bool hold)
{
    grpc_relay_hold(r->tunnel->call, hold);
}

void tunnel_drained(void *kas, struct grpc_call *call)
{
    (void)kas;
    if (grpc_call_method(call)->closed != tunnel_closed)
        return;
    const struct tunnel *t = grpc_call_user(call);
    struct tunnel_request *r = t ? t->request : NULL;
    if (r && r->taker)
        r->taker->drained(r->arg);
}

void tunnel_over(struct tunnel_request *r, int code, const char *message)
{
    const struct tunnel_taker *taker = r->taker;
    r->taker = NULL;
    if (taker)
        taker->ended(r->arg, code, message);
}

/* As KAS does it: the call ends with Canceled. Behind bytes that an agent does not take that would not be seen. */
void tunnel_cancel(struct tunnel_request *r, const char *why)
{
    struct tunnel *t = r->tunnel;
    r->taker = NULL;
    if (!t) {
        TAILQ_REMOVE(&r->set->waiting, r, entry);
        tunnel_request_free(r);
    } else if (tunnel_queued(r)) {
        grpc_call_rst(t->call, CANCEL);
    } else {
        tunnel_hold(r, false);
        grpc_finish(t->call, GRPC_CANCELLED, why);
    }
}
