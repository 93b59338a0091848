#include "conformance/refagent/ws_client.h"

#include <errno.h>
#include <libwebsockets.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/refagent/agent.h"
#include "conformance/refagent/gotext.h"
#include "conformance/refagent/upgrade.h"
#include "conformance/refagent/ws_frames.h"
#include "conformance/refagent/ws_stack.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

#define REFUSAL_WAIT_MS 3000 /* for the body of a refusal */

struct message {
    STAILQ_ENTRY(message) next;
    size_t n;
    uint8_t mem[]; /* LWS_PRE bytes that lws uses, then the message */
};

enum state {
    WS_WAITING, /* for lws to write its request */
    WS_ASKED,   /* for the server's answer */
    WS_REFUSED, /* for the rest of an answer that was no good */
    WS_OPEN,
};

struct ws {
    struct link link;
    struct agent *agent;
    struct link *below;
    struct ws_dialling dialling;
    enum state state;
    char *url, *path, *key;
    struct lws *wsi;
    int fd; /* our end of lws's "network"; -1: closed */
    struct watch *watch;
    struct buf request, head /* of the answer */, to_lws;
    struct ws_frames frames;
    struct upgrade_reply reply;
    struct timer *timer;
    STAILQ_HEAD(, message) out;
    ws_fn fn;
    void *arg;
    bool established, gone, goodbye, buried;
    enum lws_close_status close_status; /* what to say at the end */
    const char *close_reason;
    char *why; /* reading ended; the first reason counts */
};

/* The end */

static void bury(void *arg)
{
    struct ws *w = arg;
    while (!STAILQ_EMPTY(&w->out)) {
        struct message *m = STAILQ_FIRST(&w->out);
        STAILQ_REMOVE_HEAD(&w->out, next);
        free(m);
    }
    upgrade_reply_done(&w->reply);
    buf_done(&w->request);
    buf_done(&w->head);
    buf_done(&w->to_lws);
    free(w->url);
    free(w->path);
    free(w->key);
    free(w->why);
    free(w);
}

static void close_relay(struct ws *w)
{
    if (w->fd < 0)
        return;
    w->watch = watch_free(w->watch);
    close(w->fd);
    w->fd = -1;
}

/* Frees once nobody holds it: neither its owner, nor lws. */
static void maybe_bury(struct ws *w)
{
    if (w->buried || !w->gone || w->wsi || w->fd >= 0)
        return;
    w->buried = true;
    ws_stack_forget(w->agent, &w->dialling);
    w->timer = timer_free(w->timer);
    w->below = link_free(w->below);
    agent_link_gone(w->agent);
    loop_defer(w->agent->loop, bury, w);
}

static void set_why(struct ws *w, char *why)
{
    if (w->why || !why)
        free(why);
    else
        w->why = why;
}

/* The handshake has come to an end. */
static void answer(struct ws *w, const char *error)
{
    ws_fn fn = w->fn;
    w->fn = NULL;
    w->timer = timer_free(w->timer);
    if (fn)
        fn(w->arg, error, w->reply.location);
}

static void refuse(struct ws *w)
{
    if (!w->reply.transport) {
        answer(w, w->reply.error);
        return;
    }
    _cleanup_(freep) char *url = go_quote(w->url, strlen(w->url));
    _cleanup_(freep) char *text =
        xasprintf("failed to send handshake request: Get %s: %s", url, w->reply.error);
    answer(w, text);
}

static void on_refusal_read(void *arg)
{
    refuse(arg);
}

/* Towards lws */

static void flush_to_lws(struct ws *w)
{
    while (buf_len(&w->to_lws) && w->fd >= 0) {
        ssize_t n = send(w->fd, buf_data(&w->to_lws), buf_len(&w->to_lws), MSG_NOSIGNAL);
        if (n < 0)
            break;
        buf_consume(&w->to_lws, (size_t)n);
    }
    if (w->fd >= 0)
        watch_set(w->watch, WATCH_READ | (buf_len(&w->to_lws) ? WATCH_WRITE : 0));
}

static void open_up(struct ws *w)
{
    w->state = WS_OPEN;
    upgrade_reply_for_lws(buf_data(&w->head), w->reply.head_len, &w->to_lws);
    buf_add(&w->to_lws, buf_data(&w->head) + w->reply.head_len, buf_len(&w->head) - w->reply.head_len);
    set_why(w, ws_frames_feed(&w->frames, buf_data(&w->head) + w->reply.head_len,
                              buf_len(&w->head) - w->reply.head_len));
    buf_done(&w->head);
    flush_to_lws(w);
}

static void judge(struct ws *w, bool eof)
{
    if (!upgrade_judge(buf_data(&w->head), buf_len(&w->head), eof, w->key ? w->key : "", &w->reply))
        return;
    if (!w->reply.error) {
        open_up(w);
        return;
    }
    w->state = WS_REFUSED;
    if (eof || w->reply.transport || buf_len(&w->head) - w->reply.head_len >= w->reply.body)
        refuse(w);
    else
        w->timer = timer_new(w->agent->loop, REFUSAL_WAIT_MS, on_refusal_read, w);
}

static void below_data(void *arg, const uint8_t *p, size_t n)
{
    struct ws *w = arg;
    if (w->state == WS_OPEN) {
        set_why(w, w->why ? NULL : ws_frames_feed(&w->frames, p, n));
        buf_add(&w->to_lws, p, n);
        flush_to_lws(w);
        return;
    }
    buf_add(&w->head, p, n);
    if (w->state == WS_ASKED)
        judge(w, false);
    else if (w->state == WS_REFUSED && w->fn && buf_len(&w->head) - w->reply.head_len >= w->reply.body)
        refuse(w);
}

static void below_closed(void *arg, const char *error)
{
    struct ws *w = arg;
    if (w->state == WS_OPEN) {
        set_why(w, ws_frames_cut(&w->frames, error));
        flush_to_lws(w);
        if (w->fd >= 0)
            shutdown(w->fd, SHUT_WR); /* lws reads what is there, then finds the end */
        return;
    }
    if (w->state == WS_REFUSED) {
        refuse(w);
        return;
    }
    if (buf_len(&w->head)) { /* what is there is read first, and net/http then says EOF, however it ended */
        judge(w, true);
        return;
    }
    w->reply.transport = true;
    free(w->reply.error);
    w->reply.error = xstrdup(error);
    refuse(w);
}

/* From lws */

static void take_request(struct ws *w, const uint8_t *p, size_t n)
{
    buf_add(&w->request, p, n);
    if (!memmem(buf_data(&w->request), buf_len(&w->request), "\r\n\r\n", 4))
        return;
    _cleanup_(freep) char *head = xstrndup((const char *)buf_data(&w->request), buf_len(&w->request));
    buf_done(&w->request);
    struct buf out = BUF_NULL;
    upgrade_request(w->agent, w->path, head, &out, &w->key);
    w->state = WS_ASKED;
    link_send(w->below, buf_data(&out), buf_len(&out));
    buf_done(&out);
    if (buf_len(&w->head)) /* an answer that did not wait for the question */
        judge(w, false);
}

static void on_relay(void *arg, int events, int error)
{
    (void)error;
    struct ws *w = arg;
    if (events & WATCH_WRITE)
        flush_to_lws(w);
    if (!(events & WATCH_READ))
        return;
    uint8_t p[16384];
    ssize_t n = recv(w->fd, p, sizeof p, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) { /* lws has said all that it wanted to say */
        close_relay(w);
        maybe_bury(w);
    } else if (w->state == WS_WAITING) {
        take_request(w, p, (size_t)n);
    } else if (w->state == WS_OPEN) {
        link_send(w->below, p, (size_t)n);
        /* An agent that ends waits for no answer to its close frame: 0x88 0x82, a mask, a status. */
        if (w->goodbye && w->agent->stopping && n >= 8 && p[n - 8] == 0x88 && p[n - 7] == 0x82) {
            close_relay(w);
            maybe_bury(w);
        }
    }
}

/* lws is through with it, before or after it was open. */
static void lws_over(struct ws *w, const char *why)
{
    bool was_open = w->established;
    w->established = false;
    if (w->fn)
        answer(w, why);
    else if (was_open && !w->gone)
        w->link.up.closed(w->link.arg, w->why ? w->why : "EOF");
}

static void peer_closes(struct ws *w, const uint8_t *p, size_t n)
{
    int code = n >= 2 ? p[0] << 8 | p[1] : 1005;
    if (code == 1000 || code == 1001) {
        set_why(w, xstrdup("EOF"));
        return;
    }
    _cleanup_(freep) char *status = go_ws_status(code);
    _cleanup_(freep) char *reason = go_quote((const char *)p + 2, n >= 2 ? n - 2 : 0);
    set_why(w, xasprintf("failed to get reader: received close frame: status = %s and reason = %s", status,
                         reason));
}

/* The closing handshake. Not by returning -1 from a callback, as lws would have it: on libuv, Debian's lws
 * then closes twice, and the second time without a word. */
static void say_goodbye(void *arg)
{
    struct ws *w = arg;
    if (!w->established)
        return;
    unsigned char reason[128] = "";
    size_t n = (size_t)snprintf((char *)reason, sizeof reason, "%s", w->close_reason);
    lws_close_reason(w->wsi, w->close_status, reason, n);
    lws_set_timeout(w->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
}

/* One message a call. */
static int write_message(struct ws *w)
{
    struct message *m = STAILQ_FIRST(&w->out);
    if (m) {
        STAILQ_REMOVE_HEAD(&w->out, next);
        int how = mutant_is(w->agent, M_TEXT_FRAMES) ? LWS_WRITE_TEXT : LWS_WRITE_BINARY;
        int r = lws_write(w->wsi, m->mem + LWS_PRE, m->n, (enum lws_write_protocol)how);
        free(m);
        if (r < 0)
            return -1;
    }
    if (!STAILQ_EMPTY(&w->out))
        lws_callback_on_writable(w->wsi);
    else if (w->gone && !w->goodbye)
        loop_defer(w->agent->loop, say_goodbye, w);
    w->goodbye |= w->gone && STAILQ_EMPTY(&w->out);
    return 0;
}

static int receive(struct ws *w, const uint8_t *p, size_t n)
{
    if (w->gone)
        return 0;
    if (!lws_frame_is_binary(w->wsi)) {
        w->close_status = LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE;
        w->close_reason = "unexpected frame type read (expected MessageBinary): MessageText";
        w->link.up.closed(w->link.arg, w->close_reason); /* whose owner lets go of it, and so closes it */
        return 0;
    }
    if (n)
        w->link.up.data(w->link.arg, p, n);
    return 0;
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct ws *w = user;
    if (!w)
        return 0;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        w->established = true;
        w->wsi = wsi;
        if (w->gone)
            lws_callback_on_writable(wsi);
        else
            answer(w, NULL);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return receive(w, in, len);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return write_message(w);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        peer_closes(w, in, len);
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        lws_over(w, in ? (const char *)in : "the WebSocket library gave no reason");
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
        lws_over(w, "closed");
        return 0;
    case LWS_CALLBACK_WSI_DESTROY: /* comes always, and last: some ends have no other callback */
        lws_over(w, "the WebSocket library hung up");
        w->wsi = NULL;
        maybe_bury(w);
        return 0;
    default:
        return 0;
    }
}

/* The link */

static void ws_send(struct link *l, const uint8_t *p, size_t n)
{
    struct ws *w = (struct ws *)l;
    if (!w->established || w->gone)
        return;
    struct message *m = xcalloc(1, sizeof *m + LWS_PRE + n);
    m->n = n;
    memcpy(m->mem + LWS_PRE, p, n);
    STAILQ_INSERT_TAIL(&w->out, m, next);
    lws_callback_on_writable(w->wsi);
}

static void ws_free(struct link *l)
{
    struct ws *w = (struct ws *)l;
    w->gone = true;
    w->fn = NULL;
    if (w->established)
        lws_callback_on_writable(w->wsi);
    else
        close_relay(w); /* lws finds nobody at the other end */
    maybe_bury(w);
}

static const char *ws_name(struct link *l)
{
    struct ws *w = (struct ws *)l;
    return w->below->name(w->below);
}

static void on_dialled(struct ws_dialling *d, int fd)
{
    struct ws *w = CONTAINER_OF(d, struct ws, dialling);
    w->fd = fd;
    w->watch = watch_new(w->agent->loop, fd, on_relay, w);
    watch_set(w->watch, WATCH_READ);
    if (w->gone)
        close_relay(w);
    maybe_bury(w);
}

struct link *ws_start(struct agent *a, struct link *below, const char *url, const char *path, ws_fn fn,
                      void *arg)
{
    struct ws *w = NEW(struct ws);
    *w = (struct ws){.link = {.send = ws_send, .free = ws_free, .name = ws_name},
                     .agent = a,
                     .below = below,
                     .dialling = {.dialled = on_dialled},
                     .url = xstrdup(url),
                     .path = xstrdup(path),
                     .fd = -1,
                     .close_status = LWS_CLOSE_STATUS_NORMAL,
                     .close_reason = "",
                     .fn = fn,
                     .arg = arg};
    STAILQ_INIT(&w->out);
    a->links++;
    link_set_up(below, (struct link_up){below_data, below_closed}, w);
    ws_stack_dial(a, callback, &w->dialling, w, &w->wsi);
    return &w->link;
}
