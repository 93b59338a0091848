/* Connects without waiting, then hands the socket to the same layer that accepted ones have. */
#include "lib/net/dial.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/net/addr.h"
#include "lib/net/tcp.h"

enum { TIMEOUT_MS = 20000 };

struct dial {
    struct dial_options o;
    struct addr to;
    int fd; /* -1: closed, or given away */
    int error;
    struct watch *watch;
    struct timer *timer;
};

static void sever(struct conn *c, const char *why)
{
    if (c->bottom)
        tcp_layer_end(c->bottom, why);
}

struct dial *dial_cancel(struct dial *d)
{
    if (!d)
        return NULL;
    watch_free(d->watch);
    timer_free(d->timer);
    if (d->fd >= 0)
        close(d->fd);
    free(d);
    return NULL;
}

static void failed(struct dial *d, int error)
{
    struct dial_options o = d->o;
    char peer[64];
    addr_text(&d->to, peer, sizeof peer);
    events_emit(o.events, o.who, 0, 0, "tcp.dial_failed",
                json_pack("{s:s, s:s}", "peer", peer, "reason", strerror(error)));
    dial_cancel(d);
    o.failed(o.arg, error);
}

static void stand(struct dial *d)
{
    struct dial_options o = d->o;
    struct addr local = {.len = sizeof local.sa};
    struct conn *c = conn_new(o.loop, o.events, NULL);
    int fd = d->fd;
    c->id = ++*o.next_conn_id;
    c->who = o.who;
    c->sever = sever;
    addr_text(&d->to, c->peer, sizeof c->peer);
    if (getsockname(fd, &local.sa.any, &local.len) == 0)
        addr_text(&local, c->local, sizeof c->local);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    d->fd = -1;
    dial_cancel(d); /* the watch goes before the layer's comes: one descriptor, one watch */
    if (!tcp_layer_push(c, fd)) {
        conn_free(c);
        o.failed(o.arg, ENOMEM);
        return;
    }
    if (events_heard(o.events))
        conn_event(c, 0, "tcp.connect", json_pack("{s:s, s:s}", "peer", c->peer, "local", c->local));
    o.build(o.arg, c);
    if (!c->dead)
        tcp_layer_start(c->bottom);
}

static void on_writable(void *arg, int events, int error)
{
    struct dial *d = arg;
    socklen_t n = sizeof d->error;
    (void)events, (void)error; /* the socket itself knows better */
    if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &d->error, &n) < 0)
        d->error = errno;
    if (d->error)
        failed(d, d->error);
    else
        stand(d);
}

static void on_timer(void *arg)
{
    struct dial *d = arg;
    failed(d, d->error ? d->error : ETIMEDOUT);
}

int dial_start(const struct dial_options *o, struct dial **ret)
{
    struct dial *d = NEW(struct dial);
    uint64_t patience = o->timeout_ms ? o->timeout_ms : TIMEOUT_MS;
    d->o = *o;
    d->fd = -1;
    int r = addr_parse(o->host, o->port, &d->to);
    if (r == 0 &&
        (d->fd = socket(d->to.sa.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0)
        r = -errno;
    if (r < 0) {
        dial_cancel(d);
        return r;
    }
    if (connect(d->fd, &d->to.sa.any, d->to.len) < 0 && errno != EINPROGRESS) {
        d->error = errno; /* told later, like every other failure */
        patience = 0;
    } else {
        d->watch = watch_new(o->loop, d->fd, on_writable, d);
        watch_set(d->watch, WATCH_WRITE);
    }
    d->timer = timer_new(o->loop, patience, on_timer, d);
    *ret = d;
    return 0;
}
