/* Listeners: accept, ask the scenario, let somebody build the stack. */
#include "lib/net/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/net/addr.h"
#include "lib/net/tcp.h"

#define ACCEPTS_A_TURN 64   /* then the others have their turn */
#define FILLERS 4           /* connections of our own that nobody accepts: more than a backlog of 0 takes */
#define BREATH_MS 100       /* after accept() failed for want of descriptors */

TAILQ_HEAD(conns, conn);

struct listener {
    struct listener_options o;
    struct addr bound;      /* with the port that was given */
    char address[64];
    int fd;                 /* -1: paused */
    struct watch *watch;
    int fillers[FILLERS];   /* -1: none */
    struct timer *breath;
    struct conns conns;
    size_t n_conns;
    uint64_t own_ids;       /* if nobody shares a counter */
};

/* Connections */

static void sever(struct conn *c, const char *why)
{
    struct listener *l = c->owner;
    if (c->bottom)
        tcp_layer_end(c->bottom, why);
    if (l) {
        TAILQ_REMOVE(&l->conns, c, link);
        l->n_conns--;
        c->owner = NULL;
    }
}

static void accepted(void *arg, bool carry_on)
{
    (void)carry_on; /* `send` and `delay` leave a connection to build on; what else there is shows on it */
    struct conn *c = arg;
    struct listener *l = c->owner;
    if (c->dead || !l || tcp_layer_closing(c->bottom))
        return;
    if (c->stalled) {
        tcp_layer_stalled(c->bottom);
        return;
    }
    if (l->o.build)
        l->o.build(l->o.arg, c);
    if (!c->dead)
        tcp_layer_start(c->bottom);
}

static void refuse(struct listener *l, int fd, const struct addr *peer, const char *reason)
{
    char text[64];
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1, .l_linger = 0}, sizeof(struct linger));
    close(fd);
    addr_text(peer, text, sizeof text);
    if (l->o.events)
        events_emit(l->o.events, l->o.who, 0, 0, "tcp.refused",
                    json_pack("{s:s, s:s, s:s}", "peer", text, "local", l->address, "reason", reason));
}

static void take(struct listener *l, int fd, const struct addr *peer)
{
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    struct conn *c = conn_new(l->o.loop, l->o.events, l->o.moments);
    c->id = ++*(l->o.next_conn_id ? l->o.next_conn_id : &l->own_ids);
    c->who = l->o.who;
    c->server = true;
    c->sever = sever;
    addr_text(peer, c->peer, sizeof c->peer);
    addr_text_of_local(fd, &l->bound, c->local, sizeof c->local);
    if (!tcp_layer_push(c, fd)) {
        conn_free(c);
        return;
    }
    c->owner = l;
    TAILQ_INSERT_TAIL(&l->conns, c, link);
    l->n_conns++;
    json_t *facts = NULL;
    if (conn_heard(c, "tcp.accept"))
        facts = json_pack("{s:s, s:s, s:i}", "peer", c->peer, "local", c->local, "port", (int)addr_port(&l->bound));
    const struct action *a = conn_moment(c, 0, "tcp.accept", facts);
    if (!c->dead)
        conn_act_all(c, c->bottom, a, NULL, accepted, c);
}

static void on_breath(void *arg)
{
    struct listener *l = arg;
    l->breath = timer_free(l->breath);
    watch_set(l->watch, WATCH_READ);
}

/* Out of descriptors the queue of the kernel stays full, and readiness would come at once again. */
static void accept_failed(struct listener *l, int error)
{
    if (l->o.events)
        events_emit(l->o.events, l->o.who, 0, 0, "tcp.refused",
                    json_pack("{s:s, s:s}", "local", l->address, "reason", strerror(error)));
    watch_set(l->watch, 0);
    if (!l->breath)
        l->breath = timer_new(l->o.loop, BREATH_MS, on_breath, l);
}

static void on_acceptable(void *arg, int events, int error)
{
    (void)events, (void)error;
    struct listener *l = arg;
    for (int i = 0; i < ACCEPTS_A_TURN && l->fd >= 0; i++) {
        struct addr peer = {.len = sizeof peer.sa};
        int fd = accept4(l->fd, &peer.sa.any, &peer.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0 && l->n_conns >= l->o.max_conns)
            refuse(l, fd, &peer, "too many connections");
        else if (fd >= 0)
            take(l, fd, &peer);
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            break;
        else if (errno != EINTR && errno != ECONNABORTED) {
            accept_failed(l, errno);
            return;
        }
    }
    watch_set(l->watch, WATCH_READ);
}

/* Listening */

static int start(struct listener *l, int backlog)
{
    int fd = socket(l->bound.sa.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(fd, &l->bound.sa.any, l->bound.len) < 0 || listen(fd, backlog) < 0) {
        int r = -errno;
        close(fd);
        return r;
    }
    l->bound.len = sizeof l->bound.sa;
    getsockname(fd, &l->bound.sa.any, &l->bound.len);
    addr_text(&l->bound, l->address, sizeof l->address);
    l->fd = fd;
    l->watch = watch_new(l->o.loop, fd, on_acceptable, l);
    watch_set(l->watch, WATCH_READ);
    return 0;
}

int listener_open(const struct listener_options *o, struct listener **ret)
{
    struct listener *l = NEW(struct listener);
    l->o = *o;
    l->o.backlog = o->backlog ? o->backlog : 1024;
    l->o.max_conns = o->max_conns ? o->max_conns : 20000;
    l->fd = -1;
    memset(l->fillers, 0xff, sizeof l->fillers);
    TAILQ_INIT(&l->conns);
    int r = addr_parse(o->host ? o->host : "127.0.0.1", o->port, &l->bound);
    if (r == 0)
        r = start(l, l->o.backlog);
    if (r < 0) {
        free(l);
        return r;
    }
    *ret = l;
    return 0;
}

char *listener_explain(const char *what, const struct listener_options *o, int error)
{
    const char *host = o->host ? o->host : "127.0.0.1";
    if (error == -EADDRINUSE)
        return xasprintf("%s: %s:%u is taken by another process; end that one, or choose another port "
                         "(0: any free one)", what, host, o->port);
    if (error == -EACCES || error == -EPERM)
        return xasprintf("%s: port %u needs a privilege; choose one from 1024 up", what, o->port);
    if (error == -EADDRNOTAVAIL)
        return xasprintf("%s: %s is no address of this machine; use 127.0.0.1", what, host);
    if (error == -EINVAL)
        return xasprintf("%s: %s is no numeric address; use 127.0.0.1", what, host);
    return xasprintf("%s: cannot listen on %s:%u: %s", what, host, o->port, strerror(-error));
}

uint16_t listener_port(const struct listener *l)
{
    return addr_port(&l->bound);
}

const char *listener_address(const struct listener *l)
{
    return l->address;
}

void listener_pause(struct listener *l)
{
    if (l->fd < 0)
        return;
    for (size_t i = 0; i < FILLERS; i++) {
        if (l->fillers[i] >= 0)
            close(l->fillers[i]);
        l->fillers[i] = -1;
    }
    l->breath = timer_free(l->breath);
    l->watch = watch_free(l->watch);
    close(l->fd);
    l->fd = -1;
}

int listener_resume(struct listener *l)
{
    if (l->fd >= 0 && l->fillers[0] < 0)
        return 0;
    listener_pause(l);
    return start(l, l->o.backlog);
}

int listener_fill(struct listener *l)
{
    listener_pause(l);
    int r = start(l, /* backlog= */ 0);
    if (r < 0)
        return r;
    watch_set(l->watch, 0);
    for (size_t i = 0; i < FILLERS; i++) {
        l->fillers[i] = socket(l->bound.sa.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (l->fillers[i] < 0 || (connect(l->fillers[i], &l->bound.sa.any, l->bound.len) < 0 && errno != EINPROGRESS))
            return -errno;
    }
    return 0;
}

void listener_each(struct listener *l, void (*fn)(void *arg, struct conn *c), void *arg)
{
    struct conn *c = TAILQ_FIRST(&l->conns), *next;
    for (; c; c = next) {
        next = TAILQ_NEXT(c, link);
        fn(arg, c);
    }
}

size_t listener_count(const struct listener *l)
{
    return l->n_conns;
}

struct listener *listener_free(struct listener *l)
{
    if (!l)
        return NULL;
    listener_pause(l);
    struct conn *c;
    while ((c = TAILQ_FIRST(&l->conns)))
        conn_kill(c, "listener closed");
    free(l);
    return NULL;
}
