/* One request of a CI job, from its head to the end of its answer.
 *
 *   job's client ── body ──► early (until a tunnel has it) ──► tunnel ──► agent      held while the tunnel has much to send
 *                ◄── chunks ◄─────────────────────────────── tunnel ◄── agent       held while the client does not read
 */
#include <string.h>

#include "fakekas/k8s_proxy.h"
#include "fakekas/tunnels.h"
#include "lib/base/clock.h"

enum { HIGH = 256 * 1024 };

struct pipe {
    struct layer l;
    struct k8s_request *x; /* NULL: over */
};

struct k8s_request {
    struct k8s_proxy *proxy;
    struct conn *conn;        /* whose user we are */
    struct http1 *http;
    struct tunnel_request *r; /* NULL: over */
    struct buf early;
    struct timer *patience;   /* no tunnel; the body takes long; the answer does */
    struct pipe *pipe;        /* after a 101 */
    unsigned n;
    bool upgrade, begun, has_body, body_over, head;
    int status;
    uint64_t in, out;
};

static void done(struct k8s_request *x, const char *how)
{
    if (events_heard(x->proxy->kas->events))
        k8s_proxy_event(x->proxy, x->conn, "k8s.ended",
                        json_pack("{sI, ss, si, sI, sI}", "n", (json_int_t)x->n, "how", how, "status", x->status, "received",
                                  (json_int_t)x->in, "sent", (json_int_t)x->out));
    x->conn->user = NULL;
    if (x->pipe)
        x->pipe->x = NULL;
    timer_free(x->patience);
    buf_done(&x->early);
    free(x);
}

/* Something went wrong here: the client is told, or cut off in the midst of the answer. */
static void fail(struct k8s_request *x, int status, const char *message, const char *why)
{
    struct conn *c = x->conn;
    if (x->r)
        tunnel_cancel(x->r, "context canceled");
    x->r = NULL;
    conn_hold(c, false);
    if (x->head) {
        done(x, "cut");
        conn_kill(c, "the answer broke off");
        return;
    }
    x->status = status;
    k8s_refuse(x->proxy, x->http, status, message, why);
    done(x, "failed");
}

/* ---- to the agent ---- */

static void body_is_over(struct k8s_request *x)
{
    tunnel_trailer(x->r);
    if (!x->upgrade)
        tunnel_close_send(x->r);
}

static void send_up(struct k8s_request *x, const uint8_t *p, size_t n, bool upgraded)
{
    tunnel_data(x->r, p, n, upgraded);
    if (tunnel_queued(x->r) > HIGH)
        conn_hold(x->conn, true);
}

static void begun(void *arg)
{
    struct k8s_request *x = arg;
    struct buf early = x->early;
    x->begun = true;
    x->early = BUF_NULL;
    if (x->body_over || x->proxy->kas->traits.k8s_status)
        x->patience = timer_free(x->patience); /* it waited for a tunnel */
    conn_hold(x->conn, false);
    if (buf_len(&early))
        send_up(x, buf_data(&early), buf_len(&early), false);
    buf_done(&early);
    if (x->body_over)
        body_is_over(x);
}

void k8s_request_body(void *proxy, struct http1 *h, const uint8_t *p, size_t n)
{
    struct k8s_request *x = http1_layer(h)->conn->user;
    (void)proxy;
    if (!x || !x->r)
        return;
    x->body_over = !n;
    x->in += n;
    if (x->begun && n) {
        send_up(x, p, n, false);
    } else if (x->begun) {
        x->patience = timer_free(x->patience);
        body_is_over(x);
    } else if (n) {
        buf_add(&x->early, p, n);
        conn_hold(x->conn, buf_len(&x->early) > HIGH);
    }
}

static void sent(void *arg)
{
    struct k8s_request *x = arg;
    conn_hold(x->conn, false);
}

/* ---- back to the client ---- */

static void pipe_bytes(struct layer *l, const uint8_t *p, size_t n)
{
    struct k8s_request *x = CONTAINER_OF(l, struct pipe, l)->x;
    if (!x || !x->r)
        return;
    x->in += n;
    send_up(x, p, n, true);
}

static void pipe_signal(struct layer *l, enum layer_signal s, const char *reason)
{
    struct k8s_request *x = CONTAINER_OF(l, struct pipe, l)->x;
    (void)reason;
    if (s == LAYER_DRAINED && x && x->r)
        tunnel_hold(x->r, false);
    else if (s == LAYER_EOF)
        conn_close(l->conn, LAYER_CLOSE); /* a client that has nothing more to say has hung up */
}

static void pipe_free(struct layer *l)
{
    free(CONTAINER_OF(l, struct pipe, l));
}

static const struct layer_ops pipe_ops = {.name = "raw", .bytes_up = pipe_bytes, .signal = pipe_signal, .free = pipe_free};

static void become(struct k8s_request *x, const json_t *headers)
{
    x->pipe = NEW(struct pipe);
    x->pipe->l.ops = &pipe_ops;
    x->pipe->x = x;
    http1_become(x->http, 101, "Switching Protocols", headers);
    conn_push(x->conn, &x->pipe->l);
}

static bool of_one_hop(const char *name)
{
    static const char *const names[] = {"Connection", "Keep-Alive", "Transfer-Encoding", "Trailer", "Te", "Proxy-Connection", "Server"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (!strcasecmp(name, names[i]))
            return true;
    return false;
}

static json_t *headers_of(const struct k8s_request *x, const json_t *from)
{
    const struct kas_traits *t = &x->proxy->kas->traits;
    json_t *out = json_object(), *v, *via;
    const char *name;
    json_object_foreach ((json_t *)from, name, v)
        if (!of_one_hop(name) && (x->status == 101 || strcasecmp(name, "upgrade")))
            json_object_set(out, name, v);
    if (x->status == 101)
        json_object_set_new(out, "Connection", json_string("upgrade"));
    if (!*t->server)
        return out;
    via = json_object_get(out, "Via");
    json_t *list = json_is_array(via) ? json_copy(via) : via ? json_pack("[O]", via) : json_array();
    json_array_append_new(list, json_sprintf("gRPC/1.0 %s", t->server));
    json_object_set_new(out, "Via", list);
    return out;
}

static void header(void *arg, int status, const json_t *from)
{
    struct k8s_request *x = arg;
    x->head = true;
    x->status = status;
    json_t *headers = headers_of(x, from);
    if (status == 101 && x->upgrade)
        become(x, headers);
    else
        http1_begin(x->http, status, headers);
    json_decref(headers);
}

static void hold_agent(struct k8s_request *x)
{
    if (layer_queued(x->pipe ? &x->pipe->l : http1_layer(x->http)) > HIGH)
        tunnel_hold(x->r, true);
}

static void data(void *arg, const uint8_t *p, size_t n)
{
    struct k8s_request *x = arg;
    x->out += n;
    http1_write(x->http, p, n);
    hold_agent(x);
}

static void upgrade_data(void *arg, const uint8_t *p, size_t n)
{
    struct k8s_request *x = arg;
    if (!x->pipe)
        return;
    x->out += n;
    layer_down(&x->pipe->l, p, n);
    hold_agent(x);
}

void k8s_request_drained(void *proxy, struct http1 *h)
{
    struct k8s_request *x = http1_layer(h)->conn->user;
    (void)proxy;
    if (x && x->r)
        tunnel_hold(x->r, false);
}

static void ended(void *arg, int code, const char *message)
{
    struct k8s_request *x = arg;
    struct conn *c = x->conn;
    struct http1 *h = x->http;
    x->r = NULL;
    if (code != GRPC_OK || !x->head) {
        _cleanup_(freep) char *why = code < 0 ? xstrdup("rpc error: code = Canceled desc = context canceled")
                                              : xasprintf("rpc error: code = %s desc = %s", grpc_code_name(code ? code : GRPC_INTERNAL),
                                                          code ? message : "the answer has no head");
        fail(x, 502, "HTTP->gRPC: failed to read gRPC response", why);
        return;
    }
    bool piped = x->pipe;
    conn_hold(c, false);
    done(x, "answered");
    if (piped)
        conn_close(c, LAYER_CLOSE);
    else
        http1_end(h);
}

static const struct tunnel_taker taker = {.begun = begun, .header = header, .data = data, .upgrade_data = upgrade_data, .drained = sent,
                                          .ended = ended};

/* ---- its life ---- */

static void too_slow(void *arg)
{
    struct k8s_request *x = arg;
    x->patience = timer_free(x->patience);
    if (!x->begun && x->proxy->kas->traits.k8s_status) {
        fail(x, 502, "HTTP->gRPC: failed to read gRPC response",
             "rpc error: code = DeadlineExceeded desc = Agent connection not found. Is agent up to date and connected?");
        return;
    }
    _cleanup_(freep) char *why = xasprintf("read tcp %s->%s: i/o timeout", x->conn->local, x->conn->peer);
    fail(x, 502, "HTTP->gRPC: failed to read request body", why);
}

/* From 15.7 on KAS gives up when no tunnel comes; before it gives a body some time to come. A KAS of no version waits. */
static void be_patient(struct k8s_request *x)
{
    const struct kas *k = x->proxy->kas;
    int64_t ms = k->traits.k8s_status ? x->proxy->find_ms : x->body_over || k->permissive ? 0 : k->traits.k8s_read_ms;
    if (ms)
        x->patience = timer_new(k->loop, (uint64_t)ms, too_slow, x);
}

void k8s_request_begin(struct k8s_proxy *p, struct http1 *h, const struct http1_request *r, int64_t agent_id, json_t *args)
{
    struct k8s_request *x = NEW(struct k8s_request);
    const char *length = http1_header(r, "content-length");
    _cleanup_(freep) char *err = NULL;
    *x = (struct k8s_request){.proxy = p, .conn = http1_layer(h)->conn, .http = h, .n = ++p->count};
    x->upgrade = k8s_is_upgrade(r) && p->kas->traits.k8s_upgrades;
    x->has_body = !http1_header(r, "upgrade") && (http1_header(r, "transfer-encoding") || (length && strtoull(length, NULL, 10)));
    x->body_over = !x->has_body;
    x->conn->user = x;
    k8s_proxy_event(p, x->conn, "k8s.request",
                    json_pack("{sI, sI, ss, sO, sb}", "n", (json_int_t)x->n, "agent_id", (json_int_t)agent_id, "method", r->method, "path",
                              json_object_get(args, "path"), "upgrade", x->upgrade));
    x->r = tunnels_begin(p->kas->tunnels, agent_id, args, &taker, x, &err);
    json_decref(args);
    if (!x->r) {
        fail(x, 500, err ? err : "failed", NULL);
        return;
    }
    be_patient(x);
    tunnels_pair(p->kas->tunnels); /* the last: it may be over then */
}

/* The client has hung up, or everything ends. */
void k8s_request_abandoned(struct conn *c)
{
    struct k8s_request *x = c->user;
    if (!x)
        return;
    if (x->r)
        tunnel_cancel(x->r, "context canceled");
    x->r = NULL;
    done(x, "cancelled");
}
