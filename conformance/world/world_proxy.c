/*   agent ─► tcp http pipe ══ pipe tcp ─► KAS
 *
 * Each side has a connection of its own, and on each stands a pipe: what comes up one goes down the other, ends
 * included.
 */
#include "conformance/world/world_proxy.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/net/addr.h"
#include "lib/net/dns_message.h"
#include "lib/net/listener.h"
#include "lib/net/tcp.h"
#include "lib/proto/http1.h"

#define WHO "proxy"
#define FIRST_CONN 2000000 /* ids beside those of KAS and resolver */

struct proxy {
    struct proxy_options o;
    struct listener *listener;
    uint64_t next_conn_id;
    TAILQ_HEAD(, tunnel) tunnels;
};

struct pipe {
    struct layer layer;
    struct pipe *other; /* NULL: it is gone */
};

/* One agent's connection. */
struct tunnel {
    struct proxy *proxy;
    struct conn *agent;   /* owns us through on_free */
    struct http1 *http;
    char *target;
    struct conn *kas;     /* NULL: not yet, or gone */
    int fd;               /* being connected; -1: none */
    struct watch *watch;
    TAILQ_ENTRY(tunnel) link;
};

/* ---- pipes ---- */

static void pipe_up(struct layer *l, const uint8_t *p, size_t n)
{
    struct pipe *other = CONTAINER_OF(l, struct pipe, layer)->other;
    if (other)
        layer_down(&other->layer, p, n);
}

static void pipe_signal(struct layer *l, enum layer_signal s, const char *reason)
{
    struct pipe *other = CONTAINER_OF(l, struct pipe, layer)->other;
    (void)reason;
    if (s == LAYER_EOF && other)
        layer_close_down(&other->layer, LAYER_CLOSE_HALF);
    else if (s == LAYER_FAILED && other)
        layer_close_down(&other->layer, LAYER_RESET);
}

static void pipe_free(struct layer *l)
{
    struct pipe *p = CONTAINER_OF(l, struct pipe, layer);
    if (p->other) {
        p->other->other = NULL;
        conn_close(p->other->layer.conn, LAYER_CLOSE);
    }
    free(p);
}

static const struct layer_ops pipe_ops = {
    .name = "pipe", .bytes_up = pipe_up, .signal = pipe_signal, .free = pipe_free};

static struct pipe *pipe_push(struct conn *c)
{
    struct pipe *p = NEW(struct pipe);
    p->layer.ops = &pipe_ops;
    conn_push(c, &p->layer);
    return p;
}

/* ---- the way to KAS ---- */

static void kas_sever(struct conn *c, const char *why)
{
    struct tunnel *t = c->user;
    if (c->bottom)
        tcp_layer_end(c->bottom, why);
    if (t)
        t->kas = NULL;
    c->user = NULL;
}

static void tunnel_failed(struct tunnel *t, int status, const char *reason)
{
    conn_event(t->agent, 0, "proxy.failed", json_pack("{s:s, s:s}", "target", t->target, "reason", reason));
    http1_respond(t->http, status, NULL, NULL, NULL, 0, true);
}

static void tunnel_open(struct tunnel *t, int fd)
{
    struct proxy *p = t->proxy;
    struct conn *c = conn_new(p->o.loop, p->o.events, NULL);
    c->id = ++p->next_conn_id;
    c->who = WHO;
    c->sever = kas_sever;
    c->user = t;
    snprintf(c->peer, sizeof c->peer, "%s", t->target);
    if (!tcp_layer_push(c, fd)) {
        conn_free(c);
        tunnel_failed(t, 502, "cannot be watched");
        return;
    }
    t->kas = c;
    conn_event(t->agent, 0, "proxy.tunnel", json_pack("{s:s}", "target", t->target));
    http1_become(t->http, 200, "Connection established", NULL);
    if (t->agent->dead) {
        conn_kill(c, "the agent is gone");
        return;
    }
    struct pipe *to_agent = pipe_push(t->agent), *to_kas = pipe_push(c);
    to_agent->other = to_kas;
    to_kas->other = to_agent;
    tcp_layer_start(c->bottom);
}

static void on_connected(void *arg, int events, int error)
{
    struct tunnel *t = arg;
    int fd = t->fd, e = 0;
    socklen_t len = sizeof e;
    (void)events, (void)error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len);
    t->watch = watch_free(t->watch);
    t->fd = -1;
    if (e == 0 && !t->agent->dead) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        tunnel_open(t, fd);
        return;
    }
    close(fd);
    tunnel_failed(t, 502, strerror(e));
}

/* "host:port"; the host is an address or a name of the table. */
static int target_find(const struct proxy *p, const char *target, struct addr *ret)
{
    const char *colon = strrchr(target, ':');
    long port = colon ? strtol(colon + 1, NULL, 10) : 0;
    if (!colon || port < 1 || port > 65535)
        return -EINVAL;
    bool bracketed = target[0] == '[' && colon[-1] == ']';
    _cleanup_(freep) char *host = xstrndup(target + bracketed, (size_t)(colon - target) - 2 * (size_t)bracketed);
    if (addr_parse(host, (uint16_t)port, ret) == 0)
        return 0;
    const json_t *addresses = p->o.names ? dns_lookup(p->o.names, host) : NULL;
    const char *first = json_string_value(json_is_array(addresses) ? json_array_get(addresses, 0) : addresses);
    return first ? addr_parse(first, (uint16_t)port, ret) : -ENOENT;
}

static void connect_to(struct tunnel *t)
{
    struct addr to;
    if (target_find(t->proxy, t->target, &to) < 0) {
        tunnel_failed(t, 502, "no such host");
        return;
    }
    t->fd = socket(to.sa.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (t->fd < 0 || (connect(t->fd, &to.sa.any, to.len) < 0 && errno != EINPROGRESS)) {
        const char *why = strerror(errno);
        if (t->fd >= 0)
            close(t->fd);
        t->fd = -1;
        tunnel_failed(t, 502, why);
        return;
    }
    t->watch = watch_new(t->proxy->o.loop, t->fd, on_connected, t);
    watch_set(t->watch, WATCH_WRITE);
}

/* ---- the agent's side ---- */

static bool is_allowed(const struct proxy *p, const struct http1_request *r)
{
    const char *said = http1_header(r, "proxy-authorization");
    return !p->o.authorization || (said && strcmp(said, p->o.authorization) == 0);
}

static void on_request(void *arg, struct http1 *h, const struct http1_request *r)
{
    struct tunnel *t = arg;
    if (!is_allowed(t->proxy, r)) {
        json_t *headers = json_pack("{s:s}", "Proxy-Authenticate", "Basic realm=\"proxy\"");
        http1_respond(h, 407, NULL, headers, NULL, 0, true);
        json_decref(headers);
    } else if (strcmp(r->method, "CONNECT") != 0) {
        http1_respond(h, 405, NULL, NULL, NULL, 0, true);
    } else if (t->fd < 0 && !t->kas) {
        free(t->target);
        t->target = xstrdup(r->target);
        connect_to(t);
    }
}

static void agent_gone(struct conn *c)
{
    struct tunnel *t = c->user;
    TAILQ_REMOVE(&t->proxy->tunnels, t, link);
    watch_free(t->watch);
    if (t->fd >= 0)
        close(t->fd);
    if (t->kas) {
        t->kas->user = NULL;
        conn_close(t->kas, LAYER_CLOSE);
    }
    free(t->target);
    free(t);
}

static void build(void *arg, struct conn *c)
{
    struct tunnel *t = NEW(struct tunnel);
    *t = (struct tunnel){.proxy = arg, .agent = c, .fd = -1};
    TAILQ_INSERT_TAIL(&t->proxy->tunnels, t, link);
    c->user = t;
    c->on_free = agent_gone;
    struct http1_owner owner = {.request = on_request, .arg = t, .moment = "proxy.request"};
    t->http = http1_server_push(c, &owner);
}

/* ---- the door ---- */

int proxy_open(const struct proxy_options *o, struct proxy **ret)
{
    struct proxy *p = NEW(struct proxy);
    p->o = *o;
    p->next_conn_id = FIRST_CONN;
    TAILQ_INIT(&p->tunnels);
    struct listener_options lo = {.host = o->host, .port = o->port, .who = WHO, .loop = o->loop,
                                  .events = o->events, .moments = o->moments, .next_conn_id = &p->next_conn_id,
                                  .build = build, .arg = p};
    int r = listener_open(&lo, &p->listener);
    if (r < 0) {
        free(p);
        return r;
    }
    *ret = p;
    return 0;
}

uint16_t proxy_port(const struct proxy *p)
{
    return listener_port(p->listener);
}

static void release(void *arg)
{
    free(arg);
}

struct proxy *proxy_free(struct proxy *p)
{
    struct tunnel *t;
    if (!p)
        return NULL;
    TAILQ_FOREACH(t, &p->tunnels, link)
        if (t->kas)
            conn_kill(t->kas, "proxy closed");
    p->listener = listener_free(p->listener);
    loop_defer(p->o.loop, release, p); /* behind its connections, whose end still looks at us */
    return NULL;
}
