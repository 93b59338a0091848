/* The connection of a talk: the way there, and what is heard on it. */
#include <string.h>

#include "conformance/parity/talk_impl.h"
#include "lib/base/mem.h"
#include "lib/proto/http1_client.h"

/* ---- what is heard ---- */

static void on_response(void *arg, struct h2c_stream *s, const struct h2_header *h, size_t n,
                        bool end_of_stream)
{
    struct talk *t = arg;
    struct talk_call *c = h2c_user(s);

    if (!c)
        return;
    json_object_set_new(c->said, end_of_stream ? "trailers" : "headers", talk_headers(h, n));
    talk_order(t, c->name, end_of_stream ? "end" : "headers");
    if (end_of_stream) {
        json_object_set_new(c->said, "end", json_string("trailers-only"));
        c->ended = true;
    }
    talk_heard(t);
}

static void on_data(void *arg, struct h2c_stream *s, const uint8_t *p, size_t n)
{
    struct talk *t = arg;
    struct talk_call *c = h2c_user(s);
    size_t had;

    if (!c)
        return;
    had = json_array_size(json_object_get(c->said, "messages"));
    talk_call_data(c, p, n);
    for (; had < json_array_size(json_object_get(c->said, "messages")); had++)
        talk_order(t, c->name, "message");
    talk_heard(t);
}

static void call_ended(struct talk *t, struct talk_call *c, json_t *how)
{
    json_object_set_new(c->said, "end", how);
    c->ended = true;
    talk_order(t, c->name, "end");
    talk_heard(t);
}

static void on_trailers(void *arg, struct h2c_stream *s, const struct h2_header *h, size_t n)
{
    struct talk_call *c = h2c_user(s);

    if (!c)
        return;
    json_object_set_new(c->said, "trailers", talk_headers(h, n));
    call_ended(arg, c, json_string("trailers"));
}

static void on_end(void *arg, struct h2c_stream *s)
{
    if (h2c_user(s))
        call_ended(arg, h2c_user(s), json_string("no trailers"));
}

static void on_closed(void *arg, struct h2c_stream *s, uint32_t code)
{
    struct talk *t = arg;
    struct talk_call *c = h2c_user(s);

    if (!c)
        return;
    c->stream = NULL;
    if (!c->ended && !t->over)
        call_ended(t, c, json_sprintf("rst %s", h2_error_name(code)));
}

static void on_ping(void *arg, const uint8_t data[8], bool ack)
{
    struct talk *t = arg;

    if (!ack && t->h2)
        h2c_ping(t->h2, data, true);
}

static void on_goaway(void *arg, uint32_t code, int32_t last, const char *debug)
{
    struct talk *t = arg;
    json_t *list = json_object_get(talk_part(t, "conn"), "goaway");

    if (!list)
        json_object_set_new(talk_part(t, "conn"), "goaway", list = json_array());
    json_array_append_new(list, json_pack("{s:s, s:I, s:s}", "code", h2_error_name(code), "last",
                                          (json_int_t)last, "debug", debug ? debug : ""));
    talk_order(t, "", "goaway");
    talk_heard(t);
}

static void on_drained(void *arg, struct h2c_stream *s)
{
    (void)arg, (void)s; /* what we say is short */
}

static void on_gone(void *arg)
{
    struct talk *t = arg;

    t->h2 = NULL;
}

static void conn_freed(struct conn *c)
{
    struct talk *t = c->user;
    uint16_t code;
    const char *reason;
    size_t n;

    if (!t)
        return;
    if (t->ws && ws_peer_close(t->ws, &code, &reason, &n)) {
        json_t *why = json_stringn(reason, n);
        json_object_set_new(
            talk_part(t, "conn"), "close",
            json_pack("{s:i, s:o}", "code", (int)code, "reason", why ? why : json_string("<no UTF-8>")));
    }
    t->conn = NULL;
    t->ws = NULL;
    t->h2 = NULL;
    talk_end(t, "gone");
}

/* ---- the way there ---- */

/* On top of the stack: nobody else answers the end of what is beneath. */
static void ear_signal(struct layer *l, enum layer_signal s, const char *reason)
{
    if (s == LAYER_EOF && !l->conn->dead)
        conn_close(l->conn, LAYER_CLOSE);
    else if (s == LAYER_FAILED && !l->conn->dead)
        conn_kill(l->conn, reason);
}

static void ear_free(struct layer *l)
{
    free(l);
}

static void speak_h2(struct talk *t)
{
    static const struct layer_ops ops = {.name = "talk", .signal = ear_signal, .free = ear_free};
    const struct h2c_owner owner = {.response = on_response,
                                    .data = on_data,
                                    .trailers = on_trailers,
                                    .end = on_end,
                                    .closed = on_closed,
                                    .drained = on_drained,
                                    .ping = on_ping,
                                    .goaway = on_goaway,
                                    .gone = on_gone,
                                    .arg = t};
    struct layer *ear = NEW(struct layer);

    t->h2 = h2c_push(t->conn, &owner);
    ear->ops = &ops;
    conn_push(t->conn, ear);
    talk_go_on(t);
}

static void upgraded(void *arg, const json_t *headers)
{
    struct talk *t = arg;

    (void)headers;
    t->ws = ws_push(t->conn, &(struct ws_options){.server = false});
    speak_h2(t);
}

static void refused(void *arg, int status, const char *reason, const json_t *headers, const void *body,
                    size_t n)
{
    struct talk *t = arg;

    (void)headers, (void)body, (void)n;
    json_object_set_new(talk_part(t, "conn"), "refused", json_sprintf("%d %s", status, reason));
    talk_end(t, "refused");
}

static void no_http(void *arg, const char *why)
{
    struct talk *t = arg;

    json_object_set_new(talk_part(t, "conn"), "refused", json_string(why));
    talk_end(t, "refused");
}

static void connected(void *arg, struct conn *c)
{
    struct talk *t = arg;
    struct http1_client_options o = {.target = "/",
                                     .host = t->authority,
                                     .subprotocol = "ws-tunnel",
                                     .upgraded = upgraded,
                                     .refused = refused,
                                     .failed = no_http,
                                     .arg = t};

    t->dial = NULL;
    t->conn = c;
    c->user = t;
    c->on_free = conn_freed;
    if (t->o.ws)
        http1_client_push(c, &o);
    else
        speak_h2(t);
}

static void not_connected(void *arg, int error)
{
    struct talk *t = arg;

    t->dial = NULL;
    json_object_set_new(talk_part(t, "conn"), "refused", json_string(strerror(error)));
    talk_end(t, "refused");
}

void talk_dial(struct talk *t)
{
    const struct dial_options d = {.host = t->o.host,
                                   .port = t->o.port,
                                   .who = "client",
                                   .loop = t->o.loop,
                                   .events = t->o.events,
                                   .next_conn_id = t->o.next_conn_id,
                                   .build = connected,
                                   .failed = not_connected,
                                   .arg = t};

    if (dial_start(&d, &t->dial) < 0)
        talk_end(t, "no such address");
}

/* ---- the end ---- */

void talk_hang_up(struct talk *t)
{
    struct conn *c = t->conn;

    if (t->h2)
        h2c_forget(t->h2);
    t->h2 = NULL;
    t->conn = NULL;
    for (size_t i = 0; i < t->n_calls; i++)
        t->calls[i].stream = NULL;
    if (c) {
        c->user = NULL;
        if (!c->dead)
            conn_kill(c, "the talk is over");
    }
}
