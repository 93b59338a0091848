/* The connection without a socket. Part of the library, not a test: other rooms' tests link to it. */
#include "lib/net/conn_test.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/net/tcp.h"

struct fake {
    struct layer layer;
    struct loop *own_loop;
    struct buf out;
    size_t queue;
    enum conn_fake_closed closed;
    bool released;
    char why[64];
};

static struct fake *fake_of(const struct conn *c)
{
    return CONTAINER_OF(c->bottom, struct fake, layer);
}

static void fake_bytes_down(struct layer *l, const uint8_t *p, size_t n)
{
    struct fake *f = CONTAINER_OF(l, struct fake, layer);
    if (f->closed == FAKE_NOT_CLOSED && !l->conn->stalled)
        buf_add(&f->out, p, n);
}

static void fake_close(struct layer *l, enum layer_close how)
{
    struct fake *f = CONTAINER_OF(l, struct fake, layer);
    if (how == LAYER_RESET) {
        f->closed = FAKE_RESET;
        conn_kill(l->conn, "reset");
    } else if (how == LAYER_CLOSE) {
        f->closed = FAKE_CLOSED;
    } else if (f->closed == FAKE_NOT_CLOSED) {
        f->closed = FAKE_CLOSED_HALF;
    }
}

static size_t fake_queued(const struct layer *l)
{
    return CONTAINER_OF(l, struct fake, layer)->queue;
}

static void fake_free(struct layer *l)
{
    struct fake *f = CONTAINER_OF(l, struct fake, layer);
    struct loop *loop = f->own_loop;
    buf_done(&f->out);
    free(f);
    loop_free(loop);
}

static const struct layer_ops fake_ops = {
    .name = "tcp", /* stands for it */
    .bytes_down = fake_bytes_down,
    .close = fake_close,
    .queued = fake_queued,
    .free = fake_free,
};

static void fake_sever(struct conn *c, const char *why)
{
    struct fake *f = fake_of(c);
    if (f->closed != FAKE_RESET)
        f->closed = FAKE_KILLED;
    snprintf(f->why, sizeof f->why, "%s", why);
}

static void fake_release(struct conn *c)
{
    struct fake *f = fake_of(c);
    if (f->released) /* conn_fake_free() came first and left the freeing to us */
        conn_free(c);
    else
        f->released = true;
}

struct conn *conn_fake(struct loop *loop, struct events *events, struct moments *moments)
{
    struct conn *c = conn_new(loop, events, moments);
    struct fake *f = NEW(struct fake);
    f->layer.ops = &fake_ops;
    c->id = 1;
    c->who = "test";
    c->server = true;
    c->sever = fake_sever;
    c->release = fake_release;
    strcpy(c->peer, "127.0.0.1:40000");
    strcpy(c->local, "127.0.0.1:443");
    conn_push(c, &f->layer);
    return c;
}

struct conn *conn_fake_new(struct moments *moments, struct events *events)
{
    struct loop *loop = loop_new();
    struct conn *c = conn_fake(loop, events, moments);
    fake_of(c)->own_loop = loop;
    return c;
}

static bool open_for_input(const struct conn *c)
{
    enum conn_fake_closed closed = fake_of(c)->closed;
    return !c->dead && !c->stalled && (closed == FAKE_NOT_CLOSED || closed == FAKE_CLOSED_HALF);
}

void conn_fake_open(struct conn *c)
{
    layer_signal_up(c->bottom, LAYER_OPEN, NULL);
}

void conn_fake_feed(struct conn *c, const void *p, size_t n)
{
    if (open_for_input(c))
        layer_up(c->bottom, p, n);
}

struct buf *conn_fake_out(struct conn *c)
{
    return &fake_of(c)->out;
}

void conn_fake_eof(struct conn *c)
{
    if (open_for_input(c))
        layer_signal_up(c->bottom, LAYER_EOF, NULL);
}

void conn_fake_fail(struct conn *c, const char *reason)
{
    layer_signal_up(c->bottom, LAYER_FAILED, reason);
    conn_kill(c, reason);
}

void conn_fake_drained(struct conn *c)
{
    fake_of(c)->queue = 0;
    layer_signal_up(c->bottom, LAYER_DRAINED, NULL);
}

void conn_fake_queue(struct conn *c, size_t n)
{
    fake_of(c)->queue = n;
}

void conn_fake_run(struct conn *c)
{
    loop_run(c->loop);
}

enum conn_fake_closed conn_fake_closed(const struct conn *c)
{
    return fake_of(c)->closed;
}

const char *conn_fake_why(const struct conn *c)
{
    return fake_of(c)->why;
}

struct conn *conn_fake_free(struct conn *c)
{
    if (!c)
        return NULL;
    struct fake *f = fake_of(c);
    struct loop *own = f->own_loop;
    if (c->dead && !f->released) {
        f->released = true; /* the loop still holds it: conn_free() comes from there */
        f->own_loop = NULL;
        loop_free(own);
        return NULL;
    }
    f->own_loop = NULL; /* the layers above may have timers on it: it goes last */
    conn_free(c);
    loop_free(own);
    return NULL;
}
