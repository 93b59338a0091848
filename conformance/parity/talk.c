/* A connection to a KAS, and the steps of a talk over it. */
#include "conformance/parity/talk.h"

#include <errno.h>
#include <string.h>

#include "conformance/parity/raw.h"
#include "conformance/parity/talk_call.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/net/dial.h"
#include "lib/proto/http1_client.h"
#include "lib/proto/http2_client.h"
#include "lib/proto/websocket.h"
#include "lib/script/actions.h"

enum { CALLS = 8, WITHIN_MS = 10000, CANCEL = 8 };

struct talk {
    struct talk_options o;
    json_t *said; /* owned */
    struct raw *raw;
    struct dial *dial;
    struct conn *conn;
    struct ws *ws;
    struct h2c *h2;
    struct timer *timer; /* the next step, or an await that is in vain */
    struct talk_call calls[CALLS];
    size_t n_calls, step;
    char authority[64];
    bool waiting, over;
};

static json_t *part(struct talk *t, const char *name)
{
    return json_object_get(t->said, name);
}

static void order(struct talk *t, const char *who, const char *what)
{
    json_array_append_new(part(t, "order"), json_sprintf("%s%s%s", who, *who ? ": " : "", what));
}

static const char *text(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

/* ---- the end
 * ----------------------------------------------------------------------------------------------- */

static void hang_up(struct talk *t)
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

static void finish(void *arg)
{
    struct talk *t = arg;
    json_t *said = json_incref(t->said);

    t->timer = timer_free(t->timer);
    hang_up(t);
    t->o.done(t->o.arg, said); /* may free us */
}

static void steps_on(void *arg);

static void later(struct talk *t, void (*fn)(void *), uint64_t ms)
{
    timer_free(t->timer);
    t->timer = timer_new(t->o.loop, ms, fn, t);
}

static void end(struct talk *t, const char *how)
{
    if (t->over)
        return;
    t->over = true;
    json_object_set_new(part(t, "conn"), "end", json_string(how));
    if (!t->timer || t->waiting)
        later(t, steps_on, 0);
}

/* ---- what is heard
 * ----------------------------------------------------------------------------------------- */

static struct talk_call *call_named(struct talk *t, const char *name)
{
    for (size_t i = 0; name && i < t->n_calls; i++)
        if (strcmp(t->calls[i].name, name) == 0)
            return &t->calls[i];
    return NULL;
}

static const json_t *step_now(const struct talk *t)
{
    return json_array_get(json_object_get(t->o.spec, "steps"), t->step);
}

/* Is what is awaited there? */
static bool come(struct talk *t)
{
    const json_t *await = json_object_get(step_now(t), "await");
    const struct talk_call *c = call_named(t, text(await, "call"));
    const json_t *messages = json_object_get(await, "messages");

    if (t->over)
        return true;
    if (json_is_true(json_object_get(await, "goaway")))
        return json_object_get(part(t, "conn"), "goaway") != NULL;
    if (json_is_true(json_object_get(await, "gone")) || !c)
        return false;
    return c->ended || (messages && json_array_size(json_object_get(c->said, "messages")) >=
                                        (size_t)json_integer_value(messages));
}

/* Never from inside a layer's callback: the next step may end the connection. */
static void heard(struct talk *t)
{
    if (t->waiting && come(t))
        later(t, steps_on, 0);
}

static void on_response(void *arg, struct h2c_stream *s, const struct h2_header *h, size_t n,
                        bool end_of_stream)
{
    struct talk *t = arg;
    struct talk_call *c = h2c_user(s);

    if (!c)
        return;
    json_object_set_new(c->said, end_of_stream ? "trailers" : "headers", talk_headers(h, n));
    order(t, c->name, end_of_stream ? "end" : "headers");
    if (end_of_stream) {
        json_object_set_new(c->said, "end", json_string("trailers-only"));
        c->ended = true;
    }
    heard(t);
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
        order(t, c->name, "message");
    heard(t);
}

static void call_ended(struct talk *t, struct talk_call *c, json_t *how)
{
    json_object_set_new(c->said, "end", how);
    c->ended = true;
    order(t, c->name, "end");
    heard(t);
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
    json_t *list = json_object_get(part(t, "conn"), "goaway");

    if (!list)
        json_object_set_new(part(t, "conn"), "goaway", list = json_array());
    json_array_append_new(list, json_pack("{s:s, s:I, s:s}", "code", h2_error_name(code), "last",
                                          (json_int_t)last, "debug", debug ? debug : ""));
    order(t, "", "goaway");
    heard(t);
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
            part(t, "conn"), "close",
            json_pack("{s:i, s:o}", "code", (int)code, "reason", why ? why : json_string("<no UTF-8>")));
    }
    t->conn = NULL;
    t->ws = NULL;
    t->h2 = NULL;
    end(t, "gone");
}

/* ---- the way there
 * ----------------------------------------------------------------------------------------- */

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
    later(t, steps_on, 0);
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
    json_object_set_new(part(t, "conn"), "refused", json_sprintf("%d %s", status, reason));
    end(t, "refused");
}

static void no_http(void *arg, const char *why)
{
    struct talk *t = arg;

    json_object_set_new(part(t, "conn"), "refused", json_string(why));
    end(t, "refused");
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
    json_object_set_new(part(t, "conn"), "refused", json_string(strerror(error)));
    end(t, "refused");
}

/* ---- the steps
 * --------------------------------------------------------------------------------------------- */

static void in_vain(void *arg)
{
    struct talk *t = arg;
    _cleanup_(freep) char *what = json_dumps(json_object_get(step_now(t), "await"), JSON_COMPACT);

    json_array_append_new(part(t, "late"), json_string(what ? what : ""));
    t->timer = timer_free(t->timer);
    t->waiting = false;
    t->step++;
    later(t, steps_on, 0);
}

static int do_open(struct talk *t, const json_t *open, char **reterr)
{
    const char *name = text(open, "call");
    struct talk_call *c;

    if (!name || t->n_calls == CALLS || call_named(t, name)) {
        *reterr = xasprintf("open: expected {call: NAME}, each once, %d at most", CALLS);
        return -EINVAL;
    }
    c = &t->calls[t->n_calls++];
    *c = (struct talk_call){.name = name, .said = json_pack("{s:[], s:s}", "messages", "end", "open")};
    json_object_set_new(part(t, "calls"), name, c->said);
    return talk_call_open(c, t->h2, open, t->authority, t->o.token, (int32_t)(2 * t->n_calls - 1), reterr);
}

static int do_other(struct talk *t, const json_t *step, char **reterr)
{
    const json_t *what = json_object_get(json_object_get(step, "do"), t->o.side),
                 *send = json_object_get(step, "send");
    const char *name = send                ? text(send, "call")
                       : text(step, "end") ? text(step, "end")
                                           : text(step, "reset");
    struct talk_call *c = call_named(t, name);
    struct action *list;
    int e = 0;

    if (json_object_get(step, "do")) {
        list = actions_new(what);
        for (const struct action *a = list; a && !e; a = a->next)
            e = t->o.perform(t->o.arg, a->verb, a->args, reterr);
        actions_free(list);
        return e;
    }
    if (json_is_integer(json_object_get(step, "ping"))) {
        for (json_int_t i = json_integer_value(json_object_get(step, "ping")); i > 0 && t->h2; i--)
            h2c_ping(t->h2, (const uint8_t[8]){(uint8_t)i}, false);
        return 0;
    }
    if (!c) {
        *reterr = xasprintf(
            "expected open, send, end, reset, await, ping, quiet or do, and a call that is open; not %s",
            name ? name : "this");
        return -EINVAL;
    }
    if (send)
        return talk_call_send(c, json_object_get(send, "message"), reterr);
    if (c->stream && json_object_get(step, "end"))
        h2c_end(c->stream);
    else if (c->stream)
        h2c_rst(c->stream, CANCEL);
    return 0;
}

static int64_t ms_of(const json_t *duration, int64_t missing)
{
    int64_t ms = missing;

    if (json_is_string(duration))
        (void)duration_parse(json_string_value(duration), &ms);
    return ms;
}

/* false: the step is being waited for. */
static bool step_take(struct talk *t, const json_t *step)
{
    const json_t *await = json_object_get(step, "await"), *quiet = json_object_get(step, "quiet");
    _cleanup_(freep) char *err = NULL;
    int e;

    if (await && come(t))
        return true;
    if (await) {
        t->waiting = true;
        later(t, in_vain, (uint64_t)ms_of(json_object_get(await, "within"), WITHIN_MS));
        return false;
    }
    if (quiet) {
        t->step++;
        later(t, steps_on, (uint64_t)ms_of(quiet, 1000));
        return false;
    }
    e = json_object_get(step, "open") ? do_open(t, json_object_get(step, "open"), &err)
                                      : do_other(t, step, &err);
    if (e)
        json_array_append_new(part(t, "late"), json_string(err ? err : strerror(-e)));
    return true;
}

static void steps_on(void *arg)
{
    struct talk *t = arg;
    const json_t *step;

    t->timer = timer_free(t->timer);
    t->waiting = false;
    while (!t->over && (step = step_now(t))) {
        if (!step_take(t, step))
            return;
        t->step++;
    }
    finish(t);
}

/* ---- raw
 * --------------------------------------------------------------------------------------------------- */

static void raw_done(void *arg, const void *p, size_t n, const char *how)
{
    struct talk *t = arg;
    json_t *said = raw_json(p, n, how);

    json_object_clear(t->said);
    json_object_update(t->said, said);
    json_decref(said);
    finish(t);
}

static void raw_start(struct talk *t)
{
    const char *words = text(t->o.spec, "raw");
    uint8_t *bytes = NULL;
    size_t n = 0;
    struct raw_options o = {
        .loop = t->o.loop, .host = t->o.host, .port = t->o.port, .done = raw_done, .arg = t};

    if (words) {
        o.bytes = words;
        o.n = strlen(words);
    } else if (action_bytes(json_object_get(t->o.spec, "raw"), &bytes, &n) == 0) {
        o.bytes = bytes;
        o.n = n;
    }
    t->raw = raw_new(&o);
    free(bytes);
}

struct talk *talk_new(const struct talk_options *o)
{
    struct talk *t = NEW(struct talk);
    struct dial_options d = {.host = o->host,
                             .port = o->port,
                             .who = "client",
                             .loop = o->loop,
                             .events = o->events,
                             .next_conn_id = o->next_conn_id,
                             .build = connected,
                             .failed = not_connected,
                             .arg = t};

    t->o = *o;
    t->said = json_pack("{s:{}, s:{s:s}, s:[], s:[]}", "calls", "conn", "end", "open", "order", "late");
    snprintf(t->authority, sizeof(t->authority), "%s:%u", o->host, o->port);
    if (json_object_get(o->spec, "raw"))
        raw_start(t);
    else if (dial_start(&d, &t->dial) < 0)
        end(t, "no such address");
    return t;
}

struct talk *talk_free(struct talk *t)
{
    if (!t)
        return NULL;
    hang_up(t);
    raw_free(t->raw);
    dial_cancel(t->dial);
    timer_free(t->timer);
    for (size_t i = 0; i < t->n_calls; i++)
        buf_done(&t->calls[i].bytes);
    json_decref(t->said);
    free(t);
    return NULL;
}
