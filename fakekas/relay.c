/* An agent's connection and the one to the other KAS: made, opened layer by layer, and told of each other's end. */
#include <string.h>

#include "fakekas/relay.h"
#include "lib/net/tls_client.h"
#include "lib/proto/http1_client.h"

/* ends: what stands on top of either stack hears how it ended */

struct ear {
    struct layer l;
    void (*ended)(void *arg, bool failed);
    void *arg;
};

static void ear_signal(struct layer *l, enum layer_signal s, const char *reason)
{
    struct ear *e = CONTAINER_OF(l, struct ear, l);
    struct conn *c = l->conn;
    if (s != LAYER_EOF && s != LAYER_FAILED)
        return;
    if (e->ended)
        e->ended(e->arg, s == LAYER_FAILED);
    e->ended = NULL;
    if (c->dead)
        return;
    if (s == LAYER_EOF)
        conn_close(c, LAYER_CLOSE);
    else
        conn_kill(c, reason);
}

static void ear_free(struct layer *l)
{
    free(CONTAINER_OF(l, struct ear, l));
}

static void ear_push(struct conn *c, void (*ended)(void *arg, bool failed), void *arg)
{
    static const struct layer_ops ops = {.name = "relay", .signal = ear_signal, .free = ear_free};
    struct ear *e = NEW(struct ear);
    e->l.ops = &ops;
    e->ended = ended;
    e->arg = arg;
    conn_push(c, &e->l);
}

static void end_like(struct conn *to, struct ws *to_ws, const struct ws *from_ws, bool failed)
{
    uint16_t code;
    const char *p;
    size_t n;
    if (!to || to->dead)
        return;
    if (failed) {
        conn_close(to, LAYER_RESET);
        return;
    } else if (to_ws && from_ws && ws_peer_close(from_ws, &code, &p, &n)) {
        _cleanup_(freep) char *reason = xstrndup(p, n);
        ws_close(to_ws, code, reason);
        return;
    }
    /* No layer above TLS says anything that the other side has not said. */
    struct layer *l = to->bottom->above && !strcmp(to->bottom->above->ops->name, "tls") ? to->bottom->above : to->bottom;
    l->ops->close(l, LAYER_CLOSE);
}

static void end_other(void *arg)
{
    struct relay *r = arg;
    struct link *l = r->link;
    if (r->freed) {
        free(r);
        return;
    }
    r->end_scheduled = false;
    if (r->ending == r->conn)
        end_like(r->conn, r->ws, l->ws, r->end_failed);
    else if (r->ending == l->conn)
        end_like(l->conn, l->ws, r->ws, r->end_failed);
}

/* Not before what was said last has left the layers. */
static void end_later(struct relay *r, struct conn *which, bool failed)
{
    r->over = true;
    if (r->end_scheduled || !which)
        return;
    r->end_scheduled = true;
    r->ending = which;
    r->end_failed = failed;
    loop_defer(r->upstream->loop, end_other, r);
}

static void agent_ended(void *arg, bool failed)
{
    struct relay *r = arg;
    end_later(r, r->conn, failed);
}

static void other_ended(void *arg, bool failed)
{
    struct relay *r = arg;
    end_later(r, r->link->conn, failed);
}

/* the other side */

static void other_freed(struct conn *c)
{
    struct relay *r = c->user;
    if (!r)
        return;
    r->conn = NULL;
    r->ws = NULL;
    r->h2 = NULL;
    if (!r->over)
        end_later(r, r->link->conn, false); /* however it ended: nothing comes any more */
}

static void dial_failed(void *arg, int error)
{
    struct relay *r = arg;
    (void)error; /* stands in the log as tcp.dial_failed */
    r->dial = NULL;
    conn_close(r->link->conn, LAYER_RESET);
}

static void serve_agent(struct relay *r)
{
    struct link *l = r->link;
    if (!l->session)
        l->session = grpc_serve(l->kas->grpc, l->conn);
    ear_push(l->conn, agent_ended, r);
}

/* The agent's stack is complete up to WebSocket: both sides speak HTTP/2 from here on. */
static void speak_h2(struct relay *r)
{
    struct h2c_owner owner;
    relay_owner(r, &owner);
    r->h2 = h2c_push(r->conn, &owner);
    ear_push(r->conn, other_ended, r);
    if (r->link->session)
        grpc_session_each_call(r->link->session, relay_start_call, r);
}

/* Headers of the 101 that mean something to the agent. */
static void upgrade_agent(struct relay *r, const json_t *theirs)
{
    struct link *l = r->link;
    char key[29];
    json_t *headers = json_object();
    ws_accept_key(json_string_value(json_object_get(r->headers, "sec-websocket-key")), key);
    json_object_set_new(headers, "Connection", json_string("Upgrade"));
    json_object_set_new(headers, "Sec-Websocket-Accept", json_string(key));
    json_object_set_new(headers, "Sec-Websocket-Protocol", json_string("ws-tunnel"));
    if (json_object_get(theirs, "server"))
        json_object_set(headers, "Server", json_object_get(theirs, "server"));
    json_object_set_new(headers, "Upgrade", json_string("websocket"));
    struct http1 *h = r->http;
    r->http = NULL;
    http1_upgrade(h, headers);
    json_decref(headers);
    if (l->conn->dead)
        return;
    struct ws_options o = {.server = true};
    l->ws = ws_push(l->conn, &o);
    serve_agent(r);
}

static void upgraded(void *arg, const json_t *headers)
{
    struct relay *r = arg;
    struct ws_options o = {.server = false};
    r->ws = ws_push(r->conn, &o);
    if (r->http)
        upgrade_agent(r, headers);
    speak_h2(r);
}

static void refused(void *arg, int status, const char *reason, const json_t *headers, const void *body, size_t n)
{
    struct relay *r = arg;
    struct http1 *h = r->http;
    json_t *given = json_copy((json_t *)headers);
    json_object_del(given, "content-length"); /* the body has come whole, however it was cut */
    json_object_del(given, "transfer-encoding");
    kas_event(r->link->kas, r->link->conn, 0, "kas.handshake_refused",
              json_pack("{siss}", "status", status, "why", "the other KAS"));
    r->http = NULL;
    if (h)
        http1_respond(h, status, reason, given, body, n, false);
    else
        conn_close(r->link->conn, LAYER_CLOSE); /* raw gRPC has no word for it */
    json_decref(given);
    if (r->conn) {
        r->conn->user = NULL; /* the agent may ask again on its connection */
        conn_close(r->conn, LAYER_CLOSE);
        r->conn = NULL;
    }
}

static void no_answer(void *arg, const char *why)
{
    struct relay *r = arg;
    (void)why;
    conn_close(r->link->conn, LAYER_CLOSE);
}

static const char *const hop[] = {"host",           "connection", "upgrade", "sec-websocket-key", "sec-websocket-version",
                                  "content-length", "sec-websocket-protocol", "sec-websocket-extensions"};

static void ask_upgrade(struct relay *r)
{
    json_t *headers = r->headers ? json_copy(r->headers) : json_object();
    for (size_t i = 0; i < ARRAY_SIZE(hop); i++)
        json_object_del(headers, hop[i]);
    const char *target = r->upstream->target ? r->upstream->target : r->target ? r->target : "/";
    struct http1_client_options o = {.target = target, .host = r->upstream->authority, .headers = headers,
                                     .subprotocol = "ws-tunnel", .upgraded = upgraded, .refused = refused,
                                     .failed = no_answer, .arg = r};
    http1_client_push(r->conn, &o);
    json_decref(headers);
}

static void connected(void *arg, struct conn *c)
{
    struct relay *r = arg;
    const struct upstream *p = r->upstream;
    r->dial = NULL;
    r->conn = c;
    c->user = r;
    c->on_free = other_freed;
    if (p->tls) {
        struct tls_client_options o = {.ctx = p->ctx, .host = p->host, .alpn = p->ws ? "http/1.1" : "h2"};
        tls_client_push(c, &o);
    }
    if (p->ws) {
        ask_upgrade(r);
        return;
    }
    if (r->http)
        upgrade_agent(r, NULL);
    speak_h2(r);
}

static void dial(struct relay *r)
{
    struct upstream *p = r->upstream;
    struct dial_options o = {.host = p->address, .port = p->port, .who = "upstream", .loop = p->loop,
                             .events = p->events, .next_conn_id = p->next_conn_id, .build = connected,
                             .failed = dial_failed, .arg = r};
    if (dial_start(&o, &r->dial) < 0)
        conn_close(r->link->conn, LAYER_RESET);
}

/* the agent's side */

static struct relay *relay_of(struct link *l)
{
    if (!l->relay) {
        l->relay = NEW(struct relay);
        l->relay->link = l;
        l->relay->upstream = l->kas->upstream;
    }
    return l->relay;
}

void relay_open(struct link *l)
{
    struct relay *r = relay_of(l);
    serve_agent(r);
    dial(r);
}

void relay_request(struct link *l, struct http1 *h, const struct http1_request *req)
{
    struct relay *r = relay_of(l);
    r->http = h;
    json_decref(r->headers);
    free(r->target);
    r->headers = json_deep_copy(req->headers);
    r->target = xstrdup(req->target);
    if (!json_object_get(r->headers, "sec-websocket-key"))
        json_object_set_new(r->headers, "sec-websocket-key", json_string(""));
    dial(r);
}

void relay_free(struct relay *r)
{
    if (!r)
        return;
    dial_cancel(r->dial);
    if (r->conn) {
        struct conn *c = r->conn;
        c->user = NULL;
        if (r->h2)
            h2c_forget(r->h2);
        if (!c->dead)
            conn_kill(c, "the agent has gone");
    }
    json_decref(r->headers);
    free(r->target);
    r->freed = true;
    if (!r->end_scheduled)
        free(r);
}

/* what concerns all streams */

static struct relay *of_session(struct grpc_session *s)
{
    struct h2 *h = grpc_session_h2(s);
    struct link *l = h ? link_of(h2_conn(h)) : NULL;
    return l ? l->relay : NULL;
}

void relay_ping(void *kas, struct grpc_session *s, const uint8_t data[8], bool ack)
{
    struct relay *r = of_session(s);
    (void)kas;
    if (r && r->h2)
        h2c_ping(r->h2, data, ack);
    else if (r && !ack)
        h2_pong(grpc_session_h2(s), data); /* the other side is not there yet */
}

void relay_goaway(void *kas, struct grpc_session *s, uint32_t code, const char *debug)
{
    struct relay *r = of_session(s);
    (void)kas;
    if (r && r->h2)
        h2c_goaway(r->h2, code, debug);
}
