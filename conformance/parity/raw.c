/* A socket, what is written to it, and what is read until it rests. */
#include "conformance/parity/raw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"

enum { FIRST_MS = 5000, REST_MS = 500, MOST = 1024 * 1024 };

struct raw {
    struct raw_options o;
    int fd; /* -1: none */
    struct watch *watch;
    struct timer *timer;
    struct buf out, in;
    const char *how; /* to be told by the timer */
};

static void finish(struct raw *r, const char *how)
{
    r->watch = watch_free(r->watch);
    r->timer = timer_free(r->timer);
    r->o.done(r->o.arg, buf_data(&r->in), buf_len(&r->in), how); /* may free us */
}

static void on_rest(void *arg)
{
    struct raw *r = arg;

    finish(r, r->how ? r->how : "open");
}

static void rest(struct raw *r, uint64_t ms)
{
    timer_free(r->timer);
    r->timer = timer_new(r->o.loop, ms, on_rest, r);
}

static void read_some(struct raw *r)
{
    char bytes[16384];
    ssize_t n = recv(r->fd, bytes, sizeof(bytes), 0);

    if (n == 0)
        finish(r, "eof");
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        finish(r, errno == ECONNRESET ? "reset" : "failed");
    else {
        if (n > 0) {
            buf_add(&r->in, bytes, (size_t)n);
            rest(r, REST_MS);
        }
        if (buf_len(&r->in) > MOST)
            finish(r, "too much");
        else
            watch_set(r->watch, WATCH_READ);
    }
}

static void on_socket(void *arg, int events, int error)
{
    struct raw *r = arg;
    socklen_t size = sizeof(error);

    (void)events;
    if (buf_len(&r->out)) {
        ssize_t n;
        if (getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error) {
            finish(r, error == ECONNREFUSED ? "refused" : "failed");
            return;
        }
        n = send(r->fd, buf_data(&r->out), buf_len(&r->out), MSG_NOSIGNAL);
        buf_consume(&r->out, n > 0 ? (size_t)n : 0);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            buf_consume(&r->out, buf_len(&r->out)); /* what it said before stands to be read */
        watch_set(r->watch, buf_len(&r->out) ? WATCH_WRITE : WATCH_READ);
        return;
    }
    read_some(r);
}

struct raw *raw_new(const struct raw_options *o)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(o->port)};
    struct raw *r = NEW(struct raw);

    r->o = *o;
    buf_add(&r->out, o->bytes, o->n);
    r->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (r->fd < 0 || inet_pton(AF_INET, o->host, &to.sin_addr) != 1 ||
        (connect(r->fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)) {
        r->how = "failed";
        rest(r, 0);
        return r;
    }
    r->watch = watch_new(o->loop, r->fd, on_socket, r);
    watch_set(r->watch, o->n ? WATCH_WRITE : WATCH_READ);
    rest(r, FIRST_MS);
    return r;
}

struct raw *raw_free(struct raw *r)
{
    if (!r)
        return NULL;
    watch_free(r->watch);
    timer_free(r->timer);
    if (r->fd >= 0)
        close(r->fd);
    buf_done(&r->in);
    buf_done(&r->out);
    free(r);
    return NULL;
}
