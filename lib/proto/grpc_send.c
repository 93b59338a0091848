/* Headers, messages and statuses to the client. */
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/proto/grpc_call.h"
#include "lib/proto/gzip.h"
#include "lib/proto/pb.h"

enum { PREFIX = 5, MAX_HEADERS = 64 };

struct header_list {
    struct h2_header h[MAX_HEADERS];
    size_t n;
    uint8_t *made[MAX_HEADERS]; /* values that stand nowhere else; owned */
    size_t n_made;
};

static void list_done(struct header_list *l)
{
    for (size_t i = 0; i < l->n_made; i++)
        free(l->made[i]);
}

static void put_n(struct header_list *l, const char *name, const char *value, size_t len)
{
    if (l->n < MAX_HEADERS)
        l->h[l->n++] = (struct h2_header){name, value, strlen(name), len};
}

static void put(struct header_list *l, const char *name, const char *value)
{
    put_n(l, name, value, strlen(value));
}

/* A text, a number, {hex} and the like, or a list of such: several of that name. */
static void put_json(struct header_list *l, const char *name, const json_t *value)
{
    uint8_t *bytes;
    size_t n;
    if (json_is_string(value)) {
        put_n(l, name, json_string_value(value), json_string_length(value));
    } else if (json_is_integer(value) && l->n_made < MAX_HEADERS) {
        char *text = xasprintf("%lld", (long long)json_integer_value(value));
        l->made[l->n_made++] = (uint8_t *)text;
        put(l, name, text);
    } else if (json_is_object(value) && l->n_made < MAX_HEADERS && action_bytes(value, &bytes, &n) == 0) {
        l->made[l->n_made++] = bytes;
        put_n(l, name, (const char *)bytes, n);
    }
    for (size_t i = 0; i < json_array_size(value); i++)
        put_json(l, name, json_array_get(value, i));
}

static void put_extra(struct header_list *l, const json_t *extra)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)extra, name, value)
    {
        if (name[0] != ':') /* those stand first, or nowhere */
            put_json(l, name, value);
    }
}

/* "application/grpc+proto" is answered with the same. */
static const char *content_type(const struct grpc_call *call)
{
    const char *type = grpc_call_header(call, "content-type");
    return type && strncasecmp(type, "application/grpc+", 17) == 0 ? type : "application/grpc";
}

/* A scenario's or the owner's header goes over what would stand there. */
static void put_default(struct header_list *l, const json_t *extra, const char *name, const char *value)
{
    if (!json_object_get(extra, name))
        put(l, name, value);
}

/* Asked once; what the scenario has set by then stays above it. */
static void ask_headers(struct grpc_call *call)
{
    const struct grpc_server_options *o = &call->session->server->o;

    if (call->headers_asked || !call->admitted || !o->headers)
        return;
    call->headers_asked = true;
    json_t *more = o->headers(o->arg, call);
    if (call->extra_headers)
        json_object_update_missing(call->extra_headers, more);
    else
        call->extra_headers = json_incref(more);
    json_decref(more);
}

static void send_headers(struct grpc_call *call)
{
    _cleanup_(list_done) struct header_list l = {.n = 0};

    if (call->headers_sent || !call->stream)
        return;
    ask_headers(call);
    const char *status = json_string_value(json_object_get(call->extra_headers, ":status"));
    put(&l, ":status", status ? status : "200");
    put_default(&l, call->extra_headers, "content-type", content_type(call));
    if (call->compress)
        put_default(&l, call->extra_headers, "grpc-encoding", "gzip");
    put_extra(&l, call->extra_headers);
    call->headers_sent = true;
    h2_respond(call->stream, l.h, l.n, false);
}

void grpc_set_headers(struct grpc_call *call, const json_t *headers)
{
    if (!call->extra_headers)
        call->extra_headers = json_object();
    json_object_update(call->extra_headers, (json_t *)headers);
}

void grpc_write_raw(struct grpc_call *call, const void *p, size_t n)
{
    if (!call->stream || call->ended)
        return;
    send_headers(call);
    h2_data(call->stream, p, n);
}

void grpc_write_message(struct grpc_call *call, const void *p, size_t n)
{
    struct buf *out = &call->session->server->frame;
    bool compressed = call->compress;

    if (!call->stream || call->ended)
        return;
    send_headers(call); /* first: it may ask the owner, and the frame is lent to us alone */
    buf_consume(out, buf_len(out));
    buf_add(out, "\0\0\0\0", PREFIX);
    if (compressed && gzip_pack(p, n, out) < 0)
        compressed = false;
    if (!compressed && n > 0)
        buf_add(out, p, n);
    uint8_t *frame = (uint8_t *)buf_data(out);
    size_t len = buf_len(out) - PREFIX;
    frame[0] = compressed;
    for (int i = 0; i < 4; i++)
        frame[1 + i] = (uint8_t)(len >> (8 * (3 - i)));
    h2_data(call->stream, buf_data(out), buf_len(out));
    if (len > 64 * 1024) {
        buf_consume(out, buf_len(out));
        buf_trim(out);
    }
}

static void put_status(struct header_list *l, int code, const char *text, char number[16])
{
    snprintf(number, 16, "%d", code);
    put(l, "grpc-status", number);
    put(l, "grpc-message", text);
}

/* As grpc-go: trailers only if nothing was sent, and there are no headers of the method's own to send. */
void grpc_write_status(struct grpc_call *call, int code, const char *text, int trailers_only)
{
    _cleanup_(list_done) struct header_list l = {.n = 0};
    char number[16];

    if (!call->stream || call->ended)
        return;
    ask_headers(call);
    if (trailers_only == 0 ||
        (trailers_only == GRPC_TRAILERS_AUTO && json_object_size(call->extra_headers) > 0))
        send_headers(call);
    if (!call->headers_sent) {
        put(&l, ":status", "200");
        put(&l, "content-type", content_type(call));
    }
    _cleanup_(freep) char *encoded = *text ? grpc_encode_text(text) : NULL;
    put_status(&l, code, encoded ? encoded : "", number);
    put_extra(&l, call->extra_trailers);
    call->finishing = call->ended = true;
    if (call->headers_sent)
        h2_trailers(call->stream, l.h, l.n);
    else
        h2_respond(call->stream, l.h, l.n, true);
}

/* An HTTP status with a gRPC status beside it: what grpc-go's transport says to what is no gRPC. */
void grpc_write_refusal(struct grpc_call *call, int http_status, int code, const char *text)
{
    _cleanup_(list_done) struct header_list l = {.n = 0};
    char number[16], status[16];

    if (!call->stream || call->ended || call->headers_sent)
        return;
    if (grpc_loud(call, "grpc.status"))
        conn_event(call->session->conn, call->id, "grpc.status", grpc_status_facts(call, code, text));
    snprintf(status, sizeof(status), "%d", http_status);
    put(&l, ":status", status);
    put(&l, "content-type", "application/grpc");
    _cleanup_(freep) char *encoded = grpc_encode_text(text);
    put_status(&l, code, encoded, number);
    call->finishing = call->ended = true;
    h2_respond(call->stream, l.h, l.n, true);
}

/* Exactly these, and the end. Behind HEADERS if there were any or a scenario has set some; else trailers-only, with
 * :status and content-type, unless they are given (null: not at all). */
void grpc_write_trailers(struct grpc_call *call, const json_t *trailers)
{
    _cleanup_(list_done) struct header_list l = {.n = 0};

    if (!call->stream || call->ended)
        return;
    ask_headers(call);
    if (json_object_size(call->extra_headers) > 0)
        send_headers(call);
    if (!call->headers_sent) {
        const json_t *status = json_object_get(trailers, ":status");
        if (status)
            put_json(&l, ":status", status);
        else
            put(&l, ":status", "200");
        put_default(&l, trailers, "content-type", content_type(call));
    }
    put_extra(&l, trailers);
    call->finishing = call->ended = true;
    if (call->headers_sent)
        h2_trailers(call->stream, l.h, l.n);
    else
        h2_respond(call->stream, l.h, l.n, true);
}

/* grpc-go has a grpc-status and no body for these; a person with curl, and every HTTP/2 client that is no gRPC client,
 * is served better with words. */
void grpc_write_plain(struct grpc_call *call, int http_status, const char *text)
{
    json_t *headers = json_pack("{s:s}", "content-type", "text/plain; charset=utf-8");

    if (grpc_loud(call, "grpc.status"))
        conn_event(call->session->conn, call->id, "grpc.status",
                   grpc_status_facts(call, GRPC_INVALID_ARGUMENT, text));
    grpc_write_respond(call, http_status, headers, text, strlen(text));
    json_decref(headers);
}

void grpc_write_end(struct grpc_call *call)
{
    if (!call->stream || call->ended)
        return;
    send_headers(call);
    call->finishing = call->ended = true;
    h2_end(call->stream);
}

void grpc_write_respond(struct grpc_call *call, int status, const json_t *headers, const void *body,
                        size_t n)
{
    _cleanup_(list_done) struct header_list l = {.n = 0};
    char number[16];

    if (!call->stream || call->ended || call->headers_sent)
        return;
    snprintf(number, sizeof(number), "%d", status);
    put(&l, ":status", number);
    put_extra(&l, headers);
    call->headers_sent = call->finishing = call->ended = true;
    h2_respond(call->stream, l.h, l.n, n == 0);
    if (n > 0) {
        h2_data(call->stream, body, n);
        h2_end(call->stream);
    }
}

/* The method's replies */

struct reply {
    const void *p;
    size_t n;
    int code;
    const char *text; /* of a status; NULL: a message */
};

static struct grpc_item *to_item(void *arg)
{
    const struct reply *r = arg;
    struct grpc_item *item = NEW(struct grpc_item);

    item->is_status = r->text;
    item->code = r->code;
    item->text = xstrdup(r->text);
    if (!item->is_status)
        item->bytes = xmemdup(r->n ? r->p : "", r->n);
    item->n = r->n;
    return item;
}

static void send_message(struct grpc_call *call, const struct reply *r)
{
    call->n_sent++;
    if (conn_cares(call->session->conn, "grpc.message")) {
        json_t *facts = grpc_message_facts(call, true, call->n_sent, r->n ? r->p : "", r->n, call->compress);
        if (grpc_act(call, GRPC_AT_SENT, facts, to_item, (void *)r))
            return;
    }
    grpc_write_message(call, r->p, r->n);
}

static void send_status(struct grpc_call *call, const struct reply *r)
{
    if (grpc_loud(call, "grpc.status") &&
        grpc_act(call, GRPC_AT_STATUS, grpc_status_facts(call, r->code, r->text), to_item, (void *)r))
        return;
    grpc_write_status(call, r->code, r->text, GRPC_TRAILERS_AUTO);
}

static void emit(struct grpc_call *call, const struct reply *r)
{
    grpc_call_keep(call);
    if (call->out_held || !STAILQ_EMPTY(&call->out)) {
        struct grpc_item *item = to_item((void *)r);
        STAILQ_INSERT_TAIL(&call->out, item, link);
    } else if (r->text) {
        send_status(call, r);
    } else {
        send_message(call, r);
    }
    grpc_call_unkeep(call);
}

/* What waited behind a held reply. */
void grpc_pump_out(struct grpc_call *call)
{
    struct grpc_item *item;

    while (!call->out_held && (item = STAILQ_FIRST(&call->out))) {
        struct reply r = {item->bytes, item->n, item->code, item->is_status ? item->text : NULL};
        STAILQ_REMOVE_HEAD(&call->out, link);
        if (item->is_status)
            send_status(call, &r);
        else
            send_message(call, &r);
        grpc_item_free(item);
    }
    const struct grpc_server_options *o = &call->session->server->o;
    if (o->drained && call->stream && !grpc_out_waits(call))
        o->drained(o->arg, call);
}

bool grpc_out_waits(const struct grpc_call *call)
{
    return call->out_held || !STAILQ_EMPTY(&call->out);
}

void grpc_headers_now(struct grpc_call *call)
{
    if (!call->ended)
        send_headers(call);
}

void grpc_send(struct grpc_call *c, const void *message, size_t n)
{
    if (c->stream && !c->finishing)
        emit(c, &(struct reply){.p = message, .n = n});
}

int grpc_send_json(struct grpc_call *c, const json_t *message, char **reterr)
{
    uint8_t *p = NULL;
    size_t n;
    int r = pb_from_json(c->method->out, message, &p, &n, reterr);

    if (r < 0)
        return r;
    grpc_send(c, p, n);
    free(p);
    return 0;
}

void grpc_finish(struct grpc_call *c, int code, const char *message)
{
    if (!c->stream || c->finishing)
        return;
    c->finishing = true;
    emit(c, &(struct reply){.code = code, .text = message ? message : ""});
}
