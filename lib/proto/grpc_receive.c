/* Bytes of the client.
 *
 *   message on the wire:  compressed? (1 byte, 0 or 1) | length (4, big end first) | bytes
 */
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/proto/grpc_call.h"
#include "lib/proto/gzip.h"
#include "lib/proto/pb.h"

enum { PREFIX = 5 };

static size_t frame_length(const uint8_t *p)
{
    return (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
}

static void too_large(struct grpc_call *call, const char *what, size_t n)
{
    _cleanup_(freep) char *text = xasprintf("grpc: received message %slarger than max (%zu vs. %zu)", what,
                                            n, call->session->server->o.max_message);
    grpc_finish(call, GRPC_RESOURCE_EXHAUSTED, text);
}

/* gzip's last four bytes are the length of what went in. */
static size_t claimed_length(const uint8_t *p, size_t n)
{
    return n < 18
               ? 0
               : (size_t)p[n - 4] | (size_t)p[n - 3] << 8 | (size_t)p[n - 2] << 16 | (size_t)p[n - 1] << 24;
}

static void bad_gzip(struct grpc_call *call, const uint8_t *p, size_t n)
{
    bool header = n >= 10 && p[0] == 0x1f && p[1] == 0x8b && p[2] == 8;
    _cleanup_(freep) char *text =
        xasprintf("grpc: failed to decompress the received message: %s", header   ? "unexpected EOF"
                                                                         : n == 0 ? "EOF"
                                                                                  : "gzip: invalid header");
    grpc_finish(call, GRPC_INTERNAL, text);
}

/* Into server->plain. false: the call has been ended. */
static bool decompress(struct grpc_call *call, const uint8_t *p, size_t n)
{
    struct grpc_server *s = call->session->server;
    size_t max = s->o.max_message;

    if (call->encoding == GRPC_ENC_NONE) {
        grpc_finish(call, GRPC_INTERNAL, "grpc: compressed flag set with identity or empty encoding");
        return false;
    }
    buf_consume(&s->plain, buf_len(&s->plain));
    int r = gzip_unpack(p, n, max, &s->plain);
    if (r == -EMSGSIZE)
        too_large(call, "after decompression ", claimed_length(p, n) > max ? claimed_length(p, n) : max + 1);
    else if (r < 0)
        bad_gzip(call, p, n);
    return r == 0;
}

static bool decodable(struct grpc_call *call, const uint8_t *p, size_t n)
{
    const struct grpc_method *m = call->method;
    const char *why = NULL;

    if (!m->in || call->session->server->o.relay || pb_valid(m->in, p, n, &why))
        return true;
    /* grpc-go reads the one message of a unary call itself, and those of a stream in RecvMsg(). */
    bool unary = !m->client_streams && !m->server_streams;
    _cleanup_(freep) char *text = xasprintf(unary ? "grpc: error unmarshalling request: %s"
                                                  : "grpc: failed to unmarshal the received message: %s",
                                            why);
    grpc_finish(call, GRPC_INTERNAL, text);
    return false;
}

void grpc_deliver(struct grpc_call *call, const uint8_t *p, size_t n)
{
    const struct grpc_method *m = call->method;

    if (!m->client_streams && call->n_received > 1)
        return; /* nobody reads a second message of such a call */
    if (m->message)
        m->message(call, p, n);
}

struct bytes {
    const uint8_t *p;
    size_t n;
};

static struct grpc_item *copy(void *arg)
{
    const struct bytes *b = arg;
    struct grpc_item *item = NEW(struct grpc_item);

    item->bytes = xmemdup(b->n ? b->p : (const uint8_t *)"", b->n);
    item->n = b->n;
    return item;
}

static void one_message(struct grpc_call *call, uint8_t flag, const uint8_t *p, size_t n)
{
    call->n_received++;
    if (flag > 1) {
        _cleanup_(freep) char *text = xasprintf("grpc: received unexpected payload format %d", flag);
        grpc_finish(call, GRPC_INTERNAL, text);
        return;
    }
    if (flag == 1) {
        if (!decompress(call, p, n))
            return;
        p = buf_data(&call->session->server->plain);
        n = buf_len(&call->session->server->plain);
    }
    if (n == 0)
        p = (const uint8_t *)"";
    if (!decodable(call, p, n))
        return;
    if (conn_cares(call->session->conn, "grpc.message")) {
        json_t *facts = grpc_message_facts(call, false, call->n_received, p, n, flag == 1);
        if (grpc_act(call, GRPC_AT_RECEIVED, facts, copy, &(struct bytes){p, n}))
            return;
    }
    if (!call->finishing)
        grpc_deliver(call, p, n);
}

static bool listening(const struct grpc_call *call)
{
    return call->opened && !call->taken && !call->finishing;
}

/* Nothing more will be read, or nobody is there yet who would. */
static bool deaf(const struct grpc_call *call)
{
    return call->taken || call->finishing || call->plain;
}

static void finish_input(struct grpc_call *call)
{
    const struct grpc_method *m = call->method;

    call->end_told = true;
    if (buf_len(&call->in) > 0) {
        grpc_finish(call, GRPC_INTERNAL, "unexpected EOF");
        return;
    }
    if (grpc_loud(call, "grpc.end") && grpc_act(call, GRPC_AT_END, grpc_facts(call), NULL, NULL))
        return;
    if (call->finishing)
        return;
    if (!m->client_streams && call->n_received == 0)
        grpc_finish(call, GRPC_UNKNOWN, "EOF"); /* what becomes of io.EOF that a handler returns */
    else
        grpc_deliver_end(call);
}

void grpc_deliver_end(struct grpc_call *call)
{
    if (call->method->half_closed)
        call->method->half_closed(call);
}

void grpc_pump_in(struct grpc_call *call)
{
    if (call->in_pumping)
        return;
    call->in_pumping = true;
    while (listening(call) && !call->in_held && buf_len(&call->in) >= PREFIX) {
        size_t n = frame_length(buf_data(&call->in));
        if (n > call->session->server->o.max_message) {
            too_large(call, "", n);
            break;
        }
        if (buf_len(&call->in) < PREFIX + n)
            break;
        one_message(call, buf_data(&call->in)[0], buf_data(&call->in) + PREFIX, n);
        buf_consume(&call->in, PREFIX + n);
    }
    call->in_pumping = false;
    if (deaf(call))
        buf_done(&call->in);
    else
        buf_trim(&call->in);
    if (!call->peer_ended || call->end_told || call->in_held)
        return;
    if (listening(call)) {
        finish_input(call);
    } else if (deaf(call) && call->stream && grpc_loud(call, "grpc.end")) {
        call->end_told = true; /* for the log alone */
        conn_event(call->session->conn, call->id, "grpc.end", grpc_facts(call));
    }
}

/* Messages may wait behind a delayed one; a client that floods meanwhile is not worth the memory. */
static bool flooded(struct grpc_call *call, size_t n)
{
    return buf_len(&call->in) + n > 4 * call->session->server->o.max_message + PREFIX;
}

void grpc_data(struct grpc_call *call, const uint8_t *p, size_t n)
{
    if (deaf(call))
        return;
    grpc_call_keep(call);
    if (listening(call) && !call->in_held && !call->in_pumping && buf_len(&call->in) == 0 && n >= PREFIX &&
        frame_length(p) == n - PREFIX && n - PREFIX <= call->session->server->o.max_message) {
        call->in_pumping = true; /* the usual case: one message, whole, read where it lies */
        one_message(call, p[0], p + PREFIX, n - PREFIX);
        call->in_pumping = false;
    } else if (flooded(call, n)) {
        grpc_finish(call, GRPC_RESOURCE_EXHAUSTED, "fakekas: too many messages wait behind a delayed one");
    } else {
        buf_add(&call->in, p, n);
    }
    grpc_pump_in(call);
    grpc_call_unkeep(call);
}
