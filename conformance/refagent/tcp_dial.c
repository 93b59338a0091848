#include "conformance/refagent/tcp_dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/refagent/gotext.h"
#include "conformance/refagent/resolver.h"
#include "lib/base/mem.h"
#include "lib/loop/loop.h"

struct tcp_dial {
    struct loop *loop;
    char *host;
    unsigned port;
    struct resolve *resolve;
    struct addresses to;
    size_t at;
    int fd; /* being connected */
    struct watch *watch;
    char *first_error; /* of several addresses, the first one's failure is told */
    tcp_dial_fn fn;
    void *arg;
};

static void connect_next(struct tcp_dial *d);

static void connect_failed(struct tcp_dial *d, int e)
{
    d->watch = watch_free(d->watch);
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
    if (!d->first_error) {
        _cleanup_(freep) char *to = go_addr(&d->to.at[d->at]);
        _cleanup_(freep) char *why = go_errno(e);
        d->first_error = xasprintf("dial tcp %s: connect: %s", to, why);
    }
    d->at++;
    connect_next(d);
}

static void on_writable(void *arg, int events, int error)
{
    (void)events, (void)error;
    struct tcp_dial *d = arg;
    int e = 0, one = 1, fd = d->fd;
    socklen_t len = sizeof e;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len);
    if (e) {
        connect_failed(d, e);
        return;
    }
    d->watch = watch_free(d->watch);
    d->fd = -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    d->fn(d->arg, fd, NULL);
}

static void connect_next(struct tcp_dial *d)
{
    if (d->at == d->to.n) {
        d->fn(d->arg, -1, d->first_error);
        return;
    }
    struct sockaddr_storage *to = &d->to.at[d->at];
    socklen_t len = to->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    ((struct sockaddr_in *)to)->sin_port = htons((uint16_t)d->port); /* at the same place in both families */
    d->fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (d->fd < 0 || (connect(d->fd, (struct sockaddr *)to, len) && errno != EINPROGRESS)) {
        connect_failed(d, errno);
        return;
    }
    d->watch = watch_new(d->loop, d->fd, on_writable, d);
    watch_set(d->watch, WATCH_WRITE);
}

static void on_resolved(void *arg, const struct addresses *found, const char *error)
{
    struct tcp_dial *d = arg;
    _cleanup_(freep) char *why = error ? xasprintf("dial tcp: %s", error) : NULL;
    d->to = *found;
    d->resolve = resolve_free(d->resolve);
    if (why)
        d->fn(d->arg, -1, why);
    else
        connect_next(d);
}

struct tcp_dial *tcp_dial_start(struct loop *loop, const char *host, unsigned port, tcp_dial_fn fn,
                                void *arg)
{
    struct tcp_dial *d = NEW(struct tcp_dial);
    *d =
        (struct tcp_dial){.loop = loop, .host = xstrdup(host), .port = port, .fd = -1, .fn = fn, .arg = arg};
    d->resolve = resolve_start(loop, host, on_resolved, d);
    return d;
}

struct tcp_dial *tcp_dial_free(struct tcp_dial *d)
{
    if (!d)
        return NULL;
    resolve_free(d->resolve);
    watch_free(d->watch);
    if (d->fd >= 0)
        close(d->fd);
    free(d->first_error);
    free(d->host);
    free(d);
    return NULL;
}

char *tcp_dial_timeout(const struct tcp_dial *d)
{
    if (d->fd < 0)
        return xasprintf("dial tcp: lookup %s: i/o timeout", d->host);
    _cleanup_(freep) char *to = go_addr(&d->to.at[d->at]);
    return xasprintf("dial tcp %s: i/o timeout", to);
}
