/* What stands on a connection, by what its listener speaks:
 *
 *   raw gRPC    tcp [tls] h2              at once, so that our SETTINGS are the first bytes, as grpc-go's are
 *   WebSocket   tcp [tls] sniff http ws h2
 *   both        tcp [tls] sniff (http ws h2 | h2)
 */
#include <string.h>

#include "fakekas/internal.h"
#include "fakekas/relay.h"
#include "lib/net/tls.h"
#include "lib/proto/sniff.h"

static const char *const alpn_websocket[] = {"http/1.1", NULL};
static const char *const alpn_grpc[] = {"h2", NULL};
static const char *const alpn_both[] = {"h2", "http/1.1", NULL};

static const char *const *alpn_of(enum speaks s)
{
    return s == SPEAKS_GRPC ? alpn_grpc : s == SPEAKS_WEBSOCKET ? alpn_websocket : alpn_both;
}

enum speaks speaks_default(const struct kas_traits *t, const char *transport)
{
    if (t->both)
        return SPEAKS_BOTH;
    return !strncmp(transport, "ws", 2) ? SPEAKS_WEBSOCKET : SPEAKS_GRPC;
}

static void link_free(struct conn *c)
{
    struct link *l = c->user;
    c->user = NULL;
    if (!l)
        return;
    TAILQ_REMOVE(&l->kas->links, l, entry);
    age_stop(l);
    relay_free(l->relay);
    free(l->agent_token);
    free(l);
}

static struct link *link_new(struct kas_listener *listener, struct conn *c)
{
    struct link *l = NEW(struct link);
    l->kas = listener->kas;
    l->listener = listener;
    l->conn = c;
    c->user = l;
    c->on_free = link_free;
    TAILQ_INSERT_TAIL(&l->kas->links, l, entry);
    return l;
}

static void speak_grpc(struct link *l)
{
    if (l->kas->upstream)
        relay_open(l);
    else
        l->session = grpc_serve(l->kas->grpc, l->conn);
}

static void protocol_known(void *arg, struct conn *c, enum sniffed what)
{
    struct link *l = arg;
    if (what == SNIFF_H2 && l->listener->speaks & SPEAKS_GRPC) {
        speak_grpc(l);
        return;
    }
    if (what == SNIFF_H2) {
        accept_refuse_preface(c);
        return;
    }
    /* Neither: an HTTP server would say 400, and that is what the http layer says. */
    struct http1_owner owner = {.request = accept_request, .arg = l, .max_head = (size_t)l->kas->limits.header};
    l->http = http1_server_push(c, &owner);
}

void stack_build(void *arg, struct conn *c)
{
    struct kas_listener *listener = arg;
    struct link *l = link_new(listener, c);
    if (listener->tls) {
        struct tls_options tls = {.ctx = l->kas->tls.ctx, .alpn = alpn_of(listener->speaks)};
        tls_setup_fill(&l->kas->tls, &tls);
        tls_layer_push(c, &tls);
    }
    if (listener->speaks == SPEAKS_GRPC)
        speak_grpc(l);
    else
        sniff_push(c, protocol_known, l);
}
