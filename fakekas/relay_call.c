/* One call on both sides.
 *
 *   agent ─► message ─► framed again ─► h2c_data()          held while the other side has much to send
 *   agent ◄─ grpc_send() ◄─ whole messages ◄─ DATA          likewise
 *
 * What comes before the other side is there waits in `early`; a stream's window bounds it.
 */
#include <string.h>

#include "fakekas/relay.h"
#include "lib/proto/gzip.h"

enum { PREFIX = 5, HIGH = 64 * 1024, MESSAGE_MAX = 64 * 1024 * 1024 };

struct relay_call {
    struct relay *relay;
    struct grpc_call *call;
    struct h2c_stream *up;  /* NULL: not yet, or over */
    struct buf early, in;
    bool gzip;              /* the agent compresses */
    bool half_closed, raw;  /* raw: the answer is no gRPC */
    bool started, up_ended;
    bool held;              /* the agent's stream is */
};

/* to the other side */

static void send_up(struct relay_call *c, const void *p, size_t n)
{
    if (!c->started)
        buf_add(&c->early, p, n);
    else if (c->up)
        h2c_data(c->up, p, n);
    size_t waits = c->up ? h2c_queued(c->up) : buf_len(&c->early);
    if (waits > HIGH && !c->held) {
        c->held = true;
        grpc_relay_hold(c->call, true);
    }
}

static void open_call(struct grpc_call *call)
{
    struct relay *r = link_of(grpc_call_conn(call))->relay;
    const char *encoding = grpc_call_header(call, "grpc-encoding"), *bearer = grpc_call_header(call, "authorization");
    struct relay_call *c = NEW(struct relay_call);
    c->relay = r;
    c->call = call;
    c->gzip = encoding && !strcmp(encoding, "gzip");
    grpc_call_set_user(call, c);
    if (bearer && !strncasecmp(bearer, "bearer ", 7)) {
        _cleanup_(freep) char *token = xstrndup(bearer + 7, strcspn(bearer + 7, " \r\n"));
        if (*token)
            events_secret(r->upstream->events, token, "token");
    }
    if (r->h2)
        relay_start_call(r, call);
}

static void message(struct grpc_call *call, const uint8_t *p, size_t n)
{
    struct relay_call *c = grpc_call_user(call);
    struct buf out = BUF_NULL;
    if (!c)
        return;
    buf_add(&out, "\0\0\0\0", PREFIX);
    bool packed = c->gzip && gzip_pack(p, n, &out) == 0;
    if (!packed)
        buf_add(&out, p, n);
    size_t len = buf_len(&out) - PREFIX;
    uint8_t *head = out.mem + out.start;
    head[0] = packed;
    for (int i = 0; i < 4; i++)
        head[1 + i] = (uint8_t)(len >> (8 * (3 - i)));
    send_up(c, buf_data(&out), buf_len(&out));
    buf_done(&out);
}

static void half_closed(struct grpc_call *call)
{
    struct relay_call *c = grpc_call_user(call);
    if (!c)
        return;
    c->half_closed = true;
    if (c->up)
        h2c_end(c->up);
}

static void closed(struct grpc_call *call)
{
    struct relay_call *c = grpc_call_user(call);
    if (!c)
        return;
    grpc_call_set_user(call, NULL);
    if (c->up) {
        struct h2c_stream *up = c->up;
        uint32_t code = grpc_call_close_code(call);
        h2c_set_user(up, NULL);
        struct h2 *h = grpc_session_h2(grpc_call_session(call));
        if ((!c->up_ended || !c->half_closed) && h && !h2_ended(h)) /* else the end of the connection says it all */
            h2c_rst(up, code ? code : 8 /* CANCEL: it was ended here */);
    }
    buf_done(&c->early);
    buf_done(&c->in);
    free(c);
}

void relay_start_call(void *relay, struct grpc_call *call)
{
    struct relay *r = relay;
    struct relay_call *c = grpc_call_user(call);
    size_t n;
    if (!c || c->started)
        return;
    const struct h2_header *head = grpc_call_head(call, &n);
    c->started = true;
    c->up = h2c_request(r->h2, grpc_call_stream(call), head, n, c);
    if (!c->up) {
        grpc_call_rst(call, 7 /* REFUSED_STREAM */);
        return;
    }
    h2c_data(c->up, buf_data(&c->early), buf_len(&c->early));
    buf_done(&c->early);
    if (c->half_closed)
        h2c_end(c->up);
}

/* back to the agent */

void relay_drained(void *kas, struct grpc_call *call)
{
    struct relay_call *c = grpc_call_user(call);
    (void)kas;
    if (c && c->up)
        h2c_hold(c->up, false);
}

static void up_drained(void *arg, struct h2c_stream *s)
{
    struct relay_call *c = h2c_user(s);
    (void)arg;
    if (c && c->held) {
        c->held = false;
        grpc_relay_hold(c->call, false);
    }
}

static const char *header(const struct h2_header *h, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(h[i].name, name))
            return h[i].value;
    return "";
}

static void up_response(void *arg, struct h2c_stream *s, const struct h2_header *h, size_t n, bool end)
{
    struct relay_call *c = h2c_user(s);
    (void)arg;
    if (!c)
        return;
    c->up_ended = end;
    if (end) {
        grpc_relay_end(c->call, h, n);
        return;
    }
    c->raw = strncasecmp(header(h, n, "content-type"), "application/grpc", 16) != 0;
    grpc_relay_compress(c->call, !strcmp(header(h, n, "grpc-encoding"), "gzip"));
    grpc_relay_head(c->call, h, n);
}

static void bad(struct relay_call *c, const char *why)
{
    kas_event(c->relay->link->kas, c->relay->link->conn, grpc_call_stream(c->call), "kas.failed",
              json_pack("{ss}", "why", why));
    grpc_call_rst(c->call, 2 /* INTERNAL_ERROR */);
}

static bool one_message(struct relay_call *c, const uint8_t *p, size_t n)
{
    struct buf plain = BUF_NULL;
    bool ok = true;
    if (p[0] == 0) {
        grpc_send(c->call, p + PREFIX, n);
    } else {
        ok = gzip_unpack(p + PREFIX, n, MESSAGE_MAX, &plain) == 0;
        if (ok)
            grpc_send(c->call, buf_data(&plain), buf_len(&plain));
        else
            bad(c, "a message of the other KAS is compressed, and not with gzip");
    }
    buf_done(&plain);
    return ok;
}

static void messages(struct relay_call *c)
{
    while (c->up && buf_len(&c->in) >= PREFIX) {
        const uint8_t *p = buf_data(&c->in);
        size_t n = (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
        if (n > MESSAGE_MAX) {
            bad(c, "a message of the other KAS is larger than 64 MiB");
            return;
        }
        if (buf_len(&c->in) < PREFIX + n || !one_message(c, p, n))
            break;
        buf_consume(&c->in, PREFIX + n);
    }
    buf_trim(&c->in);
}

static void up_data(void *arg, struct h2c_stream *s, const uint8_t *p, size_t n)
{
    struct relay_call *c = h2c_user(s);
    (void)arg;
    if (!c)
        return;
    if (c->raw) {
        grpc_relay_raw(c->call, p, n);
    } else {
        buf_add(&c->in, p, n);
        messages(c);
    }
    if (grpc_relay_queued(c->call) > HIGH)
        h2c_hold(s, true);
}

static void up_trailers(void *arg, struct h2c_stream *s, const struct h2_header *h, size_t n)
{
    struct relay_call *c = h2c_user(s);
    (void)arg;
    if (!c)
        return;
    c->up_ended = true;
    grpc_relay_end(c->call, h, n);
}

static void up_end(void *arg, struct h2c_stream *s)
{
    struct relay_call *c = h2c_user(s);
    (void)arg;
    if (!c)
        return;
    c->up_ended = true;
    grpc_relay_eof(c->call);
}

static void up_closed(void *arg, struct h2c_stream *s, uint32_t code)
{
    struct relay_call *c = h2c_user(s);
    struct relay *r = arg;
    if (!c)
        return;
    c->up = NULL;
    if (!c->up_ended && !r->over && r->conn && !r->conn->dead)
        grpc_call_rst(c->call, code);
}

static void up_ping(void *arg, const uint8_t data[8], bool ack)
{
    struct relay *r = arg;
    struct h2 *h = r->link->session ? grpc_session_h2(r->link->session) : NULL;
    if (h && ack)
        h2_pong(h, data);
    else if (h)
        h2_ping(h, data);
}

static void up_goaway(void *arg, uint32_t code, int32_t last, const char *debug)
{
    struct relay *r = arg;
    struct h2 *h = r->link->session ? grpc_session_h2(r->link->session) : NULL;
    if (h)
        h2_goaway_frame(h, code, debug, relay_last(r, last));
}

static void up_gone(void *arg)
{
    struct relay *r = arg;
    r->h2 = NULL;
}

void relay_owner(struct relay *r, struct h2c_owner *o)
{
    *o = (struct h2c_owner){up_response, up_data, up_trailers, up_end, up_closed, up_drained, up_ping, up_goaway,
                            up_gone, r};
}

struct last {
    int32_t up, down;
};

static void look(void *arg, struct grpc_call *call)
{
    struct last *l = arg;
    const struct relay_call *c = grpc_call_user(call);
    if (c && c->up && h2c_id(c->up) <= l->up && grpc_call_stream(call) > l->down)
        l->down = grpc_call_stream(call);
}

int32_t relay_last(struct relay *r, int32_t last)
{
    struct last l = {.up = last};
    if (last == 0x7fffffff)
        return last;
    grpc_session_each_call(r->link->session, look, &l);
    return l.down > last ? l.down : last; /* usually the same numbers on both sides */
}

/* the methods */

const struct grpc_method relay_any = {.path = "*",
                                      .client_streams = true,
                                      .server_streams = true,
                                      .open = open_call,
                                      .message = message,
                                      .half_closed = half_closed,
                                      .closed = closed};

struct grpc_method *relay_methods(void)
{
    size_t n = 0;
    while (kas_methods[n].path)
        n++;
    struct grpc_method *all = xcalloc(n + 1, sizeof(*all));
    for (size_t i = 0; i < n; i++) {
        all[i] = relay_any;
        all[i].path = kas_methods[i].path;
        all[i].in = kas_methods[i].in;
        all[i].out = kas_methods[i].out;
    }
    return all;
}
