#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/refagent/agent.h"
#include "conformance/refagent/gotext.h"
#include "conformance/refagent/link.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

struct tcp {
    struct link link;
    struct agent *agent;
    int fd;
    struct watch *watch;
    struct buf out;
    char *name;
    bool reading, gone; /* gone: freed by its owner, memory stays until the turn ends */
};

static void set_watch(struct tcp *t)
{
    watch_set(t->watch, (t->reading ? WATCH_READ : 0) | (buf_len(&t->out) ? WATCH_WRITE : 0));
}

static void report(struct tcp *t, const char *error)
{
    t->reading = false;
    buf_consume(&t->out, buf_len(&t->out));
    set_watch(t);
    t->link.up.closed(t->link.arg, error);
}

static void flush(struct tcp *t)
{
    while (buf_len(&t->out)) {
        ssize_t n = send(t->fd, buf_data(&t->out), buf_len(&t->out), MSG_NOSIGNAL);
        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR)
                buf_consume(&t->out, buf_len(&t->out)); /* reading will say what happened */
            break;
        }
        buf_consume(&t->out, (size_t)n);
    }
    set_watch(t);
}

static void receive(struct tcp *t)
{
    uint8_t p[16384];
    while (t->reading && !t->gone) {
        ssize_t n = recv(t->fd, p, sizeof p, 0);
        if (n > 0) {
            t->link.up.data(t->link.arg, p, (size_t)n);
            continue;
        }
        if (!n) {
            report(t, "EOF");
        } else if (errno != EAGAIN && errno != EINTR) {
            _cleanup_(freep) char *why = go_errno(errno);
            _cleanup_(freep) char *text = xasprintf("read tcp %s: read: %s", t->name, why);
            report(t, text);
        }
        return;
    }
}

static void on_ready(void *arg, int events, int error)
{
    (void)error;
    struct tcp *t = arg;
    if (events & WATCH_WRITE)
        flush(t);
    if (events & WATCH_READ)
        receive(t);
}

static void tcp_send(struct link *l, const uint8_t *p, size_t n)
{
    struct tcp *t = (struct tcp *)l;
    buf_add(&t->out, p, n);
    flush(t);
}

static void bury(void *arg)
{
    struct tcp *t = arg;
    free(t->name);
    free(t);
}

static void tcp_free(struct link *l)
{
    struct tcp *t = (struct tcp *)l;
    flush(t);
    t->gone = true;
    t->watch = watch_free(t->watch);
    close(t->fd);
    buf_done(&t->out);
    loop_defer(t->agent->loop, bury, t);
}

static const char *tcp_name(struct link *l)
{
    return ((struct tcp *)l)->name;
}

struct link *tcp_link_new(struct agent *a, int fd)
{
    struct tcp *t = NEW(struct tcp);
    *t = (struct tcp){.link = {.send = tcp_send, .free = tcp_free, .name = tcp_name}, .agent = a, .fd = fd};
    struct sockaddr_storage local = {0}, remote = {0};
    socklen_t len = sizeof local;
    getsockname(fd, (struct sockaddr *)&local, &len);
    len = sizeof remote;
    getpeername(fd, (struct sockaddr *)&remote, &len);
    _cleanup_(freep) char *from = go_addr(&local);
    _cleanup_(freep) char *to = go_addr(&remote);
    t->name = xasprintf("%s->%s", from, to);
    t->watch = watch_new(a->loop, fd, on_ready, t);
    return &t->link;
}

void tcp_link_read(struct link *l)
{
    struct tcp *t = (struct tcp *)l;
    t->reading = true;
    set_watch(t);
}
