/* A call's life, and what may be asked of it. */
#include "lib/proto/grpc_call.h"

#include <string.h>

#include "lib/base/mem.h"

/* One block of memory for the call, its headers and their text. */
struct grpc_call *grpc_call_new(struct grpc_session *s, struct h2_stream *stream, const struct h2_header *h,
                                size_t n)
{
    size_t text = 0;
    for (size_t i = 0; i < n; i++)
        text += h[i].name_len + h[i].value_len + 2;
    struct grpc_call *call = xcalloc(1, sizeof(*call) + n * sizeof(*h) + text);
    char *at = (char *)(call->headers + n);

    call->session = s;
    call->stream = stream;
    call->id = h2_stream_id(stream);
    STAILQ_INIT(&call->out);
    LIST_INIT(&call->steps);
    call->n_headers = n;
    for (size_t i = 0; i < n; i++) {
        call->headers[i] = h[i];
        call->headers[i].name = memcpy(at, h[i].name, h[i].name_len);
        at += h[i].name_len + 1;
        call->headers[i].value = memcpy(at, h[i].value, h[i].value_len);
        at += h[i].value_len + 1;
    }
    s->keepers++;
    TAILQ_INSERT_TAIL(&s->calls, call, link);
    call->listed = true;
    return call;
}

void grpc_item_free(struct grpc_item *item)
{
    if (!item)
        return;
    free(item->text);
    free(item->bytes);
    free(item);
}

static void call_free(struct grpc_call *call)
{
    struct grpc_session *s = call->session;
    struct grpc_item *item;

    while ((item = STAILQ_FIRST(&call->out))) {
        STAILQ_REMOVE_HEAD(&call->out, link);
        grpc_item_free(item);
    }
    json_decref(call->extra_headers);
    json_decref(call->extra_trailers);
    buf_done(&call->in);
    free(call);
    grpc_session_unkeep(s);
}

void grpc_call_keep(struct grpc_call *call)
{
    call->busy++;
}

void grpc_call_unkeep(struct grpc_call *call)
{
    if (--call->busy > 0 || !call->stream_closed)
        return;
    if (call->opened && call->method->closed) {
        call->opened = false;
        call->busy++; /* closed() may look at the call, and end others */
        call->method->closed(call);
    }
    call_free(call);
}

void grpc_call_stream_closed(struct grpc_call *call, uint32_t code)
{
    struct grpc_session *s = call->session;

    call->busy++;
    call->close_code = code;
    call->stream_closed = call->finishing = call->ended = true;
    call->stream = NULL;
    grpc_steps_cancel(call);
    TAILQ_REMOVE(&s->calls, call, link);
    call->listed = false;
    grpc_closed_moment(call);
    grpc_call_unkeep(call);
}

const struct grpc_method *grpc_call_method(const struct grpc_call *c)
{
    return c->method;
}

struct grpc_session *grpc_call_session(const struct grpc_call *c)
{
    return c->session;
}

struct conn *grpc_call_conn(const struct grpc_call *c)
{
    return c->session->conn;
}

int32_t grpc_call_stream(const struct grpc_call *c)
{
    return c->id;
}

const char *grpc_call_header(const struct grpc_call *c, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < c->n_headers; i++)
        if (c->headers[i].name_len == len && memcmp(c->headers[i].name, name, len) == 0)
            return c->headers[i].value;
    return NULL;
}

void *grpc_call_arg(const struct grpc_call *c)
{
    return c->session->server->o.arg;
}

void grpc_call_set_user(struct grpc_call *c, void *user)
{
    c->user = user;
}

void *grpc_call_user(const struct grpc_call *c)
{
    return c->user;
}

bool grpc_method_is(const struct grpc_method *m, const char *pattern)
{
    size_t n = strlen(m->path), p = strlen(pattern);
    if (p > n || strcmp(m->path + n - p, pattern))
        return false;
    return p == n || *pattern == '/' || m->path[n - p - 1] == '/' || m->path[n - p - 1] == '.';
}

bool grpc_call_half_closed(const struct grpc_call *c)
{
    return c->peer_ended && c->end_told;
}

void grpc_call_rst(struct grpc_call *c, uint32_t h2_code)
{
    if (!c->stream)
        return;
    c->finishing = c->ended = true;
    h2_rst(c->stream, h2_code);
}
