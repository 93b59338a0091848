/* Lines from a descriptor: what a child process says, on a pipe.
 *
 * They may be freed from within their own callback; the memory goes when the callback is done. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/loop/loop.h"

#define LINE_MAX_LEN (4u << 20) /* longer ones are given out in pieces */

struct lines {
    struct loop *loop;
    int fd; /* owned; -1: ended */
    struct watch *watch;
    lines_fn line;
    void (*ended)(void *arg);
    void *arg;
    struct buf rest;
    size_t searched; /* so much of rest holds no newline */
    bool freed, busy;
};

static void give(struct lines *l, size_t len, size_t skip)
{
    if (l->line)
        l->line(l->arg, (const char *)buf_data(&l->rest), len);
    if (!l->freed)
        buf_consume(&l->rest, len + skip);
    l->searched = 0;
}

static void give_all(struct lines *l)
{
    while (!l->freed) {
        const uint8_t *p = buf_data(&l->rest);
        size_t n = buf_len(&l->rest);
        const uint8_t *newline = n ? memchr(p + l->searched, '\n', n - l->searched) : NULL;
        if (newline)
            give(l, (size_t)(newline - p), 1);
        else if (n > LINE_MAX_LEN)
            give(l, n, 0);
        else {
            l->searched = n;
            return;
        }
    }
}

static void end(struct lines *l)
{
    if (l->fd < 0)
        return;
    l->watch = watch_free(l->watch);
    close(l->fd);
    l->fd = -1;
    if (!l->freed && buf_len(&l->rest)) /* a last line without its newline */
        give(l, buf_len(&l->rest), 0);
    if (!l->freed && l->ended)
        l->ended(l->arg);
}

static void leave(struct lines *l)
{
    l->busy = false;
    if (!l->freed)
        return;
    buf_done(&l->rest);
    free(l);
}

static void on_output(void *arg, int events, int error)
{
    (void)events, (void)error;
    struct lines *l = arg;
    uint8_t bytes[65536];
    ssize_t n = read(l->fd, bytes, sizeof bytes);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        watch_set(l->watch, WATCH_READ);
        return;
    }
    l->busy = true;
    if (n > 0) {
        buf_add(&l->rest, bytes, (size_t)n);
        give_all(l);
        if (!l->freed) {
            buf_trim(&l->rest);
            watch_set(l->watch, WATCH_READ);
        }
    } else {
        end(l);
    }
    leave(l);
}

struct lines *lines_new(struct loop *loop, int fd, lines_fn line, void (*ended)(void *arg), void *arg)
{
    struct lines *l = NEW(struct lines);
    *l = (struct lines){.loop = loop, .fd = fd, .line = line, .ended = ended, .arg = arg};
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    l->watch = watch_new(loop, fd, on_output, l);
    watch_set(l->watch, WATCH_READ);
    return l;
}

/* Takes what is in the pipe now; whoever still holds it may write on into nothing. */
void lines_give_up(struct lines *l)
{
    uint8_t bytes[65536];
    ssize_t n;
    if (!l || l->fd < 0)
        return;
    for (int i = 0; i < 64 && (n = read(l->fd, bytes, sizeof bytes)) > 0; i++)
        buf_add(&l->rest, bytes, (size_t)n);
    l->busy = true;
    give_all(l);
    end(l);
    leave(l);
}

bool lines_ended(const struct lines *l)
{
    return !l || l->fd < 0;
}

struct lines *lines_free(struct lines *l)
{
    if (!l || l->freed)
        return NULL;
    l->freed = true;
    end(l);
    if (!l->busy)
        leave(l);
    return NULL;
}
