#include <string.h>

#include "conformance/refagent/agent.h"
#include "conformance/refagent/gotext.h"
#include "conformance/refagent/grpc_channel.h"
#include "lib/base/mem.h"
#include "lib/proto/gzip.h"

#define MESSAGE_MAX 4194304 /* grpc-go's default for what it receives */
#define UNPACKED_MAX (64u << 20)
#define H2_NO_ERROR 0
#define H2_REFUSED_STREAM 7
#define H2_CANCEL 8
#define PREFIX 5 /* of a gRPC message: whether it is compressed, and its length */

/* The end */

static void detach(struct call *c, uint32_t h2_code)
{
    struct transport *t = c->transport;
    struct call_list *list = t ? &t->calls : &c->channel->waiting;
    TAILQ_REMOVE(list, c, next);
    const struct agent *a = c->channel->agent;
    if (c->stream && a->stopping && mutant_is(a, M_LEAVES_STREAMS))
        h2_stream_abandon(c->stream);
    else if (c->stream)
        h2_stream_leave(c->stream, h2_code);
    c->stream = NULL;
    c->transport = NULL;
    if (t)
        channel_pump_later(t->channel); /* which frees an old connection without calls */
}

static void call_free(struct call *c)
{
    if (c->alive)
        *c->alive = false;
    grpc_headers_done(&c->head);
    buf_done(&c->in);
    buf_done(&c->out);
    free(c->path);
    free(c);
}

void call_finish(struct call *c, int code, const char *message)
{
    struct status st = {code, xstrdup(message)};
    detach(c, H2_NO_ERROR);
    c->ev->ended(c->arg, c->was_opened, &st, c->head.correlation_id);
    status_done(&st);
    call_free(c);
}

void call_fail(struct call *c, int code, const char *message)
{
    struct status st = {code, xstrdup(message)};
    detach(c, H2_CANCEL);
    c->ev->ended(c->arg, c->was_opened, &st, c->head.correlation_id);
    status_done(&st);
    call_free(c);
}

struct call *call_cancel(struct call *c)
{
    if (!c)
        return NULL;
    detach(c, H2_CANCEL);
    call_free(c);
    return NULL;
}

bool call_retry(struct call *c)
{
    if (c->retried || c->got_headers || c->channel->agent->stopping)
        return false;
    c->retried = true;
    detach(c, H2_CANCEL);
    TAILQ_INSERT_TAIL(&c->channel->waiting, c, next);
    channel_pump_later(c->channel);
    return true;
}

/* Messages */

/* What grpc-go says of this message, or NULL and the message in *out. */
static char *unpack(struct call *c, uint8_t flag, const uint8_t *p, size_t n, struct buf *out, int *ret_code)
{
    const char *encoding = c->head.encoding;
    bool identity = !encoding || !*encoding || !strcmp(encoding, "identity");
    *ret_code = GRPC_INTERNAL;
    if (flag > 1)
        return xasprintf("grpc: received unexpected payload format %u", flag);
    if (!flag) {
        buf_add(out, p, n);
        return NULL;
    }
    if (identity)
        return xstrdup("grpc: compressed flag set with identity or empty encoding");
    if (strcmp(encoding, "gzip")) {
        _cleanup_(freep) char *q = go_quote(encoding, strlen(encoding));
        *ret_code = GRPC_UNIMPLEMENTED;
        return xasprintf("grpc: Decompressor is not installed for grpc-encoding %s", q);
    }
    if (gzip_unpack(p, n, UNPACKED_MAX, out))
        return xasprintf("grpc: failed to decompress the received message %s",
                         n < 10 || (p[0] == 0x1f && p[1] == 0x8b) ? "unexpected EOF" : "gzip: invalid header");
    return NULL;
}

/* Hands up the messages that are complete. The owner may cancel the call while it looks at one: false then.
 */
static bool take_messages(struct call *c)
{
    while (buf_len(&c->in) >= PREFIX) {
        const uint8_t *p = buf_data(&c->in);
        size_t n = (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
        if (n > MESSAGE_MAX) {
            _cleanup_(freep) char *text =
                xasprintf("grpc: received message larger than max (%zu vs. %d)", n, MESSAGE_MAX);
            call_fail(c, GRPC_RESOURCE_EXHAUSTED, text);
            return false;
        }
        if (buf_len(&c->in) < PREFIX + n)
            break;
        struct buf message = BUF_NULL;
        int code;
        _cleanup_(freep) char *error = unpack(c, p[0], p + PREFIX, n, &message, &code);
        buf_consume(&c->in, PREFIX + n);
        if (error) {
            buf_done(&message);
            call_fail(c, code, error);
            return false;
        }
        bool alive = true;
        c->alive = &alive;
        c->ev->message(c->arg, buf_len(&message) ? buf_data(&message) : (const uint8_t *)"",
                       buf_len(&message));
        buf_done(&message);
        if (!alive)
            return false;
        c->alive = NULL;
    }
    return true;
}

/* From HTTP/2 */

static void on_headers(void *arg, const struct h2_header *h, size_t n, bool end)
{
    struct call *c = arg;
    struct grpc_headers got;
    bool first = !c->got_headers;
    grpc_headers_read(h, n, first, &got);
    if (first) {
        free(c->head.encoding);
        c->head.encoding = got.encoding;
        got.encoding = NULL;
        if (!end) { /* a trailers-only answer has no header metadata */
            c->head.correlation_id = got.correlation_id;
            got.correlation_id = NULL;
        }
    }
    c->got_headers = true;
    buf_done(&c->out);
    if (end && buf_len(&c->in) && got.has_status && !got.status.code)
        call_finish(c, GRPC_INTERNAL, "unexpected EOF");
    else if (got.has_status)
        call_finish(c, got.status.code, got.status.message);
    else if (end)
        call_finish(c, GRPC_UNKNOWN, ""); /* headers that end the stream and say no status */
    grpc_headers_done(&got);
}

static void on_data(void *arg, const uint8_t *p, size_t n)
{
    struct call *c = arg;
    buf_add(&c->in, p, n);
    take_messages(c);
}

static void on_end(void *arg)
{
    struct call *c = arg;
    call_finish(c, GRPC_INTERNAL,
                buf_len(&c->in) ? "unexpected EOF" : "server closed the stream without sending trailers");
}

static void on_reset(void *arg, uint32_t code)
{
    struct call *c = arg;
    if (code == H2_REFUSED_STREAM && call_retry(c))
        return;
    struct status st = status_from_reset(code);
    call_finish(c, st.code, st.message);
    status_done(&st);
}

/* Opening */

static size_t request_head(const struct call *c, struct h2_header *h, char *authority, char *bearer)
{
    const struct agent *a = c->channel->agent;
    size_t n = 0;
#define ADD(name_, value_) h[n++] = (struct h2_header){name_, value_, strlen(value_)}
    ADD(":method", "POST");
    ADD(":scheme", !strcmp(a->kas.scheme, "grpcs") ? "https" : "http");
    ADD(":path", c->path);
    ADD(":authority", authority);
    ADD("content-type", "application/grpc");
    if (!mutant_is(a, M_NO_USER_AGENT))
        ADD("user-agent", AGENT_USER_AGENT " grpc-go/1.42.0");
    ADD("te", "trailers");
    if (!mutant_is(a, M_UNCOMPRESSED))
        ADD("grpc-encoding", "gzip");
    ADD("grpc-accept-encoding", "gzip");
    if (!mutant_is(a, M_NO_TOKEN))
        ADD("authorization", bearer);
    ADD("x-gitlab-client-name", "gitlab-agent");
#undef ADD
    return n;
}

bool call_open(struct call *c, struct transport *t)
{
    static const struct h2_stream_events events = {on_headers, on_data, on_end, on_reset};
    const struct agent *a = c->channel->agent;
    struct h2_header h[16];
    /* ws and wss: the whole address, for that is the target which grpc-go was given; it is no authority, but
     * it is sent */
    const char *text = mutant_is(a, M_WRONG_AUTHORITY) ? "kas.example.com"
                       : *a->kas.scheme == 'w'         ? a->kas.text
                                                       : a->kas.host;
    _cleanup_(freep) char *authority = xstrdup(text);
    _cleanup_(freep) char *bearer = xasprintf("Bearer %s", a->token);
    size_t n = request_head(c, h, authority, bearer);
    c->stream = h2_open(t->h2, h, n, &events, c);
    if (!c->stream)
        return false;
    TAILQ_REMOVE(&c->channel->waiting, c, next);
    TAILQ_INSERT_TAIL(&t->calls, c, next);
    c->transport = t;
    if (c->was_opened) { /* a retry: the owner has said it all already */
        h2_stream_send(c->stream, buf_data(&c->out), buf_len(&c->out), c->end_sent);
        return true;
    }
    c->was_opened = true;
    c->ev->opened(c->arg);
    return true;
}

struct call *call_start(struct channel *ch, const char *path, const struct call_events *ev, void *arg)
{
    struct call *c = NEW(struct call);
    *c = (struct call){.channel = ch, .path = xstrdup(path), .ev = ev, .arg = arg};
    TAILQ_INSERT_TAIL(&ch->waiting, c, next);
    channel_pump_later(ch);
    return c;
}

void call_send(struct call *c, const void *p, size_t n, bool end)
{
    bool plain = mutant_is(c->channel->agent, M_UNCOMPRESSED);
    struct buf body = BUF_NULL, frame = BUF_NULL;
    if (plain)
        buf_add(&body, p, n);
    else
        gzip_pack(p, n, &body);
    size_t len = buf_len(&body);
    uint8_t prefix[PREFIX] = {!plain, (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
                              (uint8_t)len};
    buf_add(&frame, prefix, sizeof prefix);
    buf_add(&frame, buf_data(&body), len);
    if (!c->got_headers)
        buf_add(&c->out, buf_data(&frame), buf_len(&frame));
    c->end_sent |= end;
    if (c->stream)
        h2_stream_send(c->stream, buf_data(&frame), buf_len(&frame), end);
    buf_done(&body);
    buf_done(&frame);
}

void call_end(struct call *c)
{
    c->end_sent = true;
    if (c->stream)
        h2_stream_send(c->stream, "", 0, true);
}
