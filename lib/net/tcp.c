/* The socket at the bottom of a connection.
 *
 * What is read is handed up from one buffer on the stack; what is sent goes out at once, and only what the kernel does
 * not take is kept. While bytes are handed up, answers are collected, so that they leave with one system call. An idle
 * connection holds no buffer.
 *
 * Moment tcp.bytes {dir: in|out, bytes, total} (noisy): before bytes go up, or down. `in` waits for a delay; `out` does
 * not, because what is sent later would overtake it.
 */
#include "lib/net/tcp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"

#define READ_SIZE 65536
#define QUEUE_HIGH (4u << 20)  /* more than this unsent: stop reading, the peer must first read */
#define LINGER_MS 2000         /* for the peer's FIN after ours, or for any progress of what is queued */

struct tcp {
    struct layer layer;
    int fd; /* -1: closed */
    struct watch *watch;
    struct buf out;
    uint64_t bytes_in, bytes_out, bytes_out_seen;
    struct timer *linger;
    bool reading;   /* started */
    bool in_read;   /* bytes are being handed up */
    bool eof;       /* the peer has ended */
    bool eof_first; /* … and had done so before we closed */
    bool closing;   /* we close: nothing more comes from above */
    bool half;      /* we end our side, and go on reading */
    bool shut;      /* our FIN is out */
    bool full;      /* something was queued: LAYER_DRAINED is owed */
    bool by_reset;  /* the peer sent RST */
    bool write_failed;
    bool acting;     /* a list of this moment is being done */
    bool hold;       /* moment tcp.bytes waits: what was read stands in `held`, and nothing more is read */
    struct buf held;
};

static struct tcp *tcp_of(const struct layer *l)
{
    return CONTAINER_OF(l, struct tcp, layer);
}

static bool reads(const struct tcp *t)
{
    const struct conn *c = t->layer.conn;
    return t->reading && !t->eof && (t->closing || !(t->hold || c->held || c->stalled));
}

static void update_watch(struct tcp *t)
{
    struct conn *c = t->layer.conn;
    int events = 0;
    if (t->fd < 0)
        return;
    if (reads(t) && (buf_len(&t->out) < QUEUE_HIGH || t->closing))
        events |= WATCH_READ;
    else if (c->stalled && !t->eof)
        events |= WATCH_HANGUP; /* a stalled peer is not read, but seen when it gives up */
    if (buf_len(&t->out) && !t->in_read)
        events |= WATCH_WRITE;
    watch_set(t->watch, events);
}

/* The end */

/* Bytes that the kernel took; -1: broken. */
static ssize_t send_some(struct tcp *t, const uint8_t *p, size_t n)
{
    ssize_t r;
    do
        r = send(t->fd, p, n, MSG_NOSIGNAL);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
    t->bytes_out += (uint64_t)r;
    return r;
}

void tcp_layer_end(struct layer *l, const char *why)
{
    struct tcp *t = tcp_of(l);
    if (t->fd < 0)
        return;
    if (t->in_read && !t->closing && buf_len(&t->out))
        (void)send_some(t, buf_data(&t->out), buf_len(&t->out)); /* `send` and then `reset` in one turn: both happen */
    t->linger = timer_free(t->linger);
    t->watch = watch_free(t->watch);
    close(t->fd);
    t->fd = -1;
    const char *by = t->by_reset ? "reset" : t->eof_first ? "peer" : "us";
    if (events_heard(l->conn->events))
        conn_event(l->conn, 0, "tcp.closed",
                   json_pack("{s:s, s:s, s:I, s:I, s:I}", "by", by, "reason", why, "bytes_in",
                             (json_int_t)t->bytes_in, "bytes_out", (json_int_t)t->bytes_out, "ms",
                             (json_int_t)((clock_ns() - l->conn->accepted_ns) / 1000000u)));
}

static void broken(struct tcp *t, int error)
{
    char reason[64];
    struct conn *c = t->layer.conn;
    t->by_reset = error == ECONNRESET || error == EPIPE;
    snprintf(reason, sizeof reason, "%s", t->by_reset ? "reset by peer" : strerror(error));
    buf_done(&t->out);
    if (!t->closing)
        layer_signal_up(&t->layer, LAYER_FAILED, reason);
    conn_kill(c, reason);
}

static void on_linger(void *arg)
{
    struct tcp *t = arg;
    t->linger = timer_free(t->linger);
    if (buf_len(&t->out) && t->bytes_out != t->bytes_out_seen) { /* slow, but it goes */
        t->bytes_out_seen = t->bytes_out;
        t->linger = timer_new(t->layer.conn->loop, LINGER_MS, on_linger, t);
        return;
    }
    conn_kill(t->layer.conn, "closed");
}

/* What is due once everything queued is out. */
static void after_flush(struct tcp *t)
{
    struct conn *c = t->layer.conn;
    if ((t->closing || t->half) && !t->shut) {
        t->shut = true;
        shutdown(t->fd, SHUT_WR);
    }
    if (t->shut && t->eof && (t->closing || t->half)) {
        conn_kill(c, "closed");
        return;
    }
    if (t->closing) { /* the linger time begins with the FIN */
        timer_free(t->linger);
        t->linger = timer_new(c->loop, LINGER_MS, on_linger, t);
    }
}

/* Sending */

/* A failed send: reading tells what the peer still said, and then how it ended. */
static void send_failed(struct tcp *t)
{
    t->write_failed = true;
    buf_done(&t->out);
    if (!t->reading || t->eof)
        broken(t, ECONNRESET);
}

static void flush(struct tcp *t)
{
    while (buf_len(&t->out)) {
        ssize_t r = send_some(t, buf_data(&t->out), buf_len(&t->out));
        if (r < 0) {
            send_failed(t);
            if (t->fd >= 0)
                update_watch(t);
            return;
        }
        if (r == 0) {
            update_watch(t);
            return;
        }
        buf_consume(&t->out, (size_t)r);
    }
    buf_trim(&t->out);
    if (t->closing || t->half) {
        after_flush(t);
    } else if (t->full) {
        t->full = false;
        layer_signal_up(&t->layer, LAYER_DRAINED, NULL);
    }
    if (t->fd >= 0)
        update_watch(t);
}

static const struct action *bytes_moment(struct tcp *t, const char *dir, uint64_t before, size_t n)
{
    return conn_moment(t->layer.conn, 0, "tcp.bytes",
                       json_pack("{s:s, s:I, s:I}", "dir", dir, "bytes", (json_int_t)n, "total",
                                 (json_int_t)(before + n)));
}

static void sent_anyway(void *arg, bool carry_on)
{
    (void)arg, (void)carry_on;
}

static bool mute(const struct tcp *t)
{
    return t->fd < 0 || t->closing || t->half || t->write_failed || t->layer.conn->stalled;
}

static void tcp_bytes_down(struct layer *l, const uint8_t *p, size_t n)
{
    struct tcp *t = tcp_of(l);
    if (mute(t))
        return;
    if (!t->acting && conn_cares(l->conn, "tcp.bytes")) {
        t->acting = true; /* what the list itself sends is no such moment */
        conn_act_all(l->conn, l, bytes_moment(t, "out", t->bytes_out + buf_len(&t->out), n), NULL, sent_anyway, NULL);
        t->acting = false;
        if (mute(t))
            return;
    }
    if (!t->in_read && buf_len(&t->out) == 0) {
        ssize_t r = send_some(t, p, n);
        if (r < 0) {
            send_failed(t);
            return;
        }
        p += r;
        n -= (size_t)r;
    }
    if (n) {
        buf_add(&t->out, p, n);
        t->full = true;
        update_watch(t);
    }
}

static size_t tcp_queued(const struct layer *l)
{
    return buf_len(&tcp_of(l)->out);
}

/* Closing */

static void tcp_reset(struct tcp *t)
{
    /* SO_LINGER of 0 seconds: close() throws away what is queued and sends RST. */
    setsockopt(t->fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1, .l_linger = 0}, sizeof(struct linger));
    conn_kill(t->layer.conn, "reset");
}

static void tcp_close(struct layer *l, enum layer_close how)
{
    struct tcp *t = tcp_of(l);
    if (t->fd < 0)
        return;
    if (how == LAYER_RESET) {
        tcp_reset(t);
        return;
    }
    if (t->closing || (t->half && how == LAYER_CLOSE_HALF))
        return;
    if (how == LAYER_CLOSE) {
        t->closing = true;
        t->reading = true; /* the peer's FIN is waited for, even if nobody had begun to read */
        t->eof_first = t->eof;
        t->bytes_out_seen = t->bytes_out;
        t->linger = timer_new(l->conn->loop, LINGER_MS, on_linger, t);
    } else {
        t->half = true;
    }
    if (buf_len(&t->out) == 0 || !t->in_read)
        flush(t);
}

/* Reading */

static void on_eof(struct tcp *t)
{
    t->eof = true;
    if (t->closing) {
        if (t->shut)
            conn_kill(t->layer.conn, "closed");
        return;
    }
    t->eof_first = !t->half;
    layer_signal_up(&t->layer, LAYER_EOF, NULL);
    if (t->fd >= 0 && t->half && t->shut)
        conn_kill(t->layer.conn, "closed"); /* both sides have ended */
}

static void flush_or_watch(struct tcp *t)
{
    if (t->fd < 0)
        return;
    if (buf_len(&t->out) || ((t->closing || t->half) && !t->shut))
        flush(t);
    else
        update_watch(t);
}

static void held_done(void *arg, bool carry_on)
{
    struct tcp *t = arg;
    struct buf held = t->held;
    bool later = !t->in_read; /* the list waited: we are called from a timer */
    (void)carry_on;           /* a list that leaves the connection alive leaves it its bytes */
    t->held = BUF_NULL;
    t->hold = t->acting = false;
    t->in_read = true;
    if (t->fd >= 0 && !t->closing && !t->layer.conn->stalled)
        layer_up(&t->layer, buf_data(&held), buf_len(&held));
    buf_done(&held);
    if (later) {
        t->in_read = false;
        flush_or_watch(t);
    }
}

static void hand_up(struct tcp *t, const uint8_t *p, size_t n)
{
    struct conn *c = t->layer.conn;
    if (!conn_cares(c, "tcp.bytes")) {
        layer_up(&t->layer, p, n);
        return;
    }
    buf_add(&t->held, p, n);
    t->hold = t->acting = true;
    conn_act_all(c, &t->layer, bytes_moment(t, "in", t->bytes_in - n, n), NULL, held_done, t);
    t->acting = false;
}

static void on_readable(struct tcp *t)
{
    uint8_t bytes[READ_SIZE];
    ssize_t n;
    do
        n = recv(t->fd, bytes, sizeof bytes, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return;
    if (n < 0) {
        broken(t, errno);
        return;
    }
    t->in_read = true;
    if (n == 0) {
        on_eof(t);
    } else {
        t->bytes_in += (uint64_t)n;
        if (!t->closing)
            hand_up(t, bytes, (size_t)n);
    }
    t->in_read = false;
}

static void on_ready(void *arg, int events, int error)
{
    struct tcp *t = arg;
    if (error && !reads(t)) {
        broken(t, ECONNRESET); /* nobody reads, and there is nothing but the error to come */
        return;
    }
    if ((events & WATCH_HANGUP) && t->layer.conn->stalled && !t->closing) {
        t->eof_first = true;
        conn_kill(t->layer.conn, "the peer gave up");
        return;
    }
    if ((events & WATCH_READ) && reads(t))
        on_readable(t);
    flush_or_watch(t);
}

/* Birth and death */

static void tcp_free(struct layer *l)
{
    struct tcp *t = tcp_of(l);
    timer_free(t->linger);
    watch_free(t->watch);
    if (t->fd >= 0)
        close(t->fd);
    buf_done(&t->out);
    buf_done(&t->held);
    free(t);
}

static const struct layer_ops tcp_ops = {
    .name = "tcp",
    .bytes_down = tcp_bytes_down,
    .close = tcp_close,
    .queued = tcp_queued,
    .free = tcp_free,
};

static void held_changed(struct conn *c)
{
    update_watch(tcp_of(c->bottom));
}

struct layer *tcp_layer_push(struct conn *c, int fd)
{
    struct tcp *t = NEW(struct tcp);
    t->layer.ops = &tcp_ops;
    t->fd = fd;
    t->watch = watch_new(c->loop, fd, on_ready, t);
    if (!t->watch) {
        close(fd);
        free(t);
        return NULL;
    }
    c->hold = held_changed;
    conn_push(c, &t->layer);
    return &t->layer;
}

void tcp_layer_stalled(struct layer *l)
{
    update_watch(tcp_of(l));
}

void tcp_layer_start(struct layer *l)
{
    struct tcp *t = tcp_of(l);
    if (t->fd < 0 || t->closing)
        return;
    t->reading = true;
    layer_signal_up(l, LAYER_OPEN, NULL);
    if (t->fd >= 0)
        update_watch(t);
}

bool tcp_layer_closing(const struct layer *l)
{
    return tcp_of(l)->closing || tcp_of(l)->fd < 0;
}
