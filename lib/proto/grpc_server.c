/* Methods, sessions, and whether a request becomes a call. The order of the checks and their words are
 * grpc-go's. */
#include <string.h>
#include <uthash.h>

#include "lib/base/mem.h"
#include "lib/proto/grpc_call.h"

struct grpc_method_entry {
    const struct grpc_method *method;
    UT_hash_handle hh;
};

struct grpc_service_entry {
    const char *name; /* points into a method's path */
    size_t len;
    UT_hash_handle hh;
};

static void add_method(struct grpc_server *s, const struct grpc_method *m)
{
    const char *name = m->path[0] == '/' ? m->path + 1 : m->path, *slash = strrchr(name, '/');
    size_t len = slash ? (size_t)(slash - name) : 0;
    struct grpc_service_entry *service = NULL;
    struct grpc_method_entry *entry = NULL;

    HASH_FIND(hh, s->methods, m->path, strlen(m->path), entry);
    if (entry)
        return; /* the first one counts */
    entry = NEW(struct grpc_method_entry);
    entry->method = m;
    HASH_ADD_KEYPTR(hh, s->methods, m->path, strlen(m->path), entry);
    HASH_FIND(hh, s->services, name, len, service);
    if (service)
        return;
    service = NEW(struct grpc_service_entry);
    service->name = name;
    service->len = len;
    HASH_ADD_KEYPTR(hh, s->services, name, len, service);
}

struct grpc_server *grpc_server_new(const struct grpc_server_options *o)
{
    struct grpc_server *s = NEW(struct grpc_server);

    s->o = *o;
    if (s->o.max_message == 0)
        s->o.max_message = 4 * 1024 * 1024;
    for (const struct grpc_method *m = o->methods; m && m->path; m++)
        add_method(s, m);
    return s;
}

struct grpc_server *grpc_server_free(struct grpc_server *s)
{
    struct grpc_method_entry *m, *next_m;
    struct grpc_service_entry *v, *next_v;

    if (!s)
        return NULL;
    HASH_ITER(hh, s->methods, m, next_m)
    {
        HASH_DEL(s->methods, m);
        free(m);
    }
    HASH_ITER(hh, s->services, v, next_v)
    {
        HASH_DEL(s->services, v);
        free(v);
    }
    buf_done(&s->plain);
    buf_done(&s->frame);
    free(s);
    return NULL;
}

static bool served(const struct grpc_server *s, const struct grpc_method *m)
{
    return !s->o.serves || s->o.serves(s->o.arg, m);
}

static const struct grpc_method *find_method(const struct grpc_server *s, const char *path)
{
    struct grpc_method_entry *entry = NULL;

    HASH_FIND(hh, s->methods, path, strlen(path), entry);
    return entry && served(s, entry->method) ? entry->method : s->o.any;
}

/* Known is a service of which anything is served. */
static bool knows_service(const struct grpc_server *s, const char *name, size_t len)
{
    struct grpc_service_entry *entry = NULL;

    HASH_FIND(hh, s->services, name, len, entry);
    for (const struct grpc_method *m = s->o.methods; entry && m && m->path; m++)
        if (strncmp(m->path + 1, name, len) == 0 && m->path[1 + len] == '/' && served(s, m))
            return true;
    return false;
}

/* "/service/method": the last slash parts them. */
static void split_path(struct grpc_call *call)
{
    const char *path = grpc_call_header(call, ":path");

    call->path = path ? path : "";
    const char *name = call->path[0] == '/' ? call->path + 1 : call->path, *slash = strrchr(name, '/');
    call->service = name;
    call->service_len = slash ? (size_t)(slash - name) : 0;
    call->name = slash ? slash + 1 : name;
}

static enum grpc_encoding encoding_of(const struct grpc_call *call, const char *name)
{
    if (!name || !*name || strcmp(name, "identity") == 0)
        return GRPC_ENC_NONE;
    return strcmp(name, "gzip") == 0 && !call->session->server->o.no_gzip ? GRPC_ENC_GZIP : GRPC_ENC_OTHER;
}

static bool grpc_content_type(const char *type)
{
    static const char base[] = "application/grpc";

    if (!type || strncasecmp(type, base, sizeof(base) - 1) != 0)
        return false;
    char next = type[sizeof(base) - 1];
    return next == '\0' || next == '+' || next == ';';
}

/* What the transport refuses before it is a call at all. */
static bool transport_takes(struct grpc_call *call)
{
    const char *type = grpc_call_header(call, "content-type"), *method = grpc_call_header(call, ":method");
    _cleanup_(freep) char *text = NULL, *quoted = NULL;

    int go = call->session->server->o.as_grpc_go;
    bool old = go && go < 54;

    if (old && !grpc_content_type(type)) {
        grpc_call_rst(call, 1 /* PROTOCOL_ERROR */);
        return false;
    }
    if (!type && !go) {
        call->plain = true;
        if (call->peer_ended)
            grpc_write_plain(call, 415, "This port speaks gRPC: content-type must be application/grpc.\n");
        return false;
    }
    if (!grpc_content_type(type)) {
        quoted = grpc_quote(type ? type : "");
        text = xasprintf("invalid gRPC request content-type %s", quoted);
        grpc_write_refusal(call, 415, GRPC_INVALID_ARGUMENT, text);
        return false;
    }
    if (!method || strcmp(method, "POST") != 0) {
        if (go && go < 46) {
            grpc_call_rst(call, 1 /* PROTOCOL_ERROR */);
            return false;
        }
        quoted = grpc_quote(method ? method : "");
        if (go && !old)
            text = xasprintf("Received a HEADERS frame with :method %s which should be POST", quoted);
        else
            text = xasprintf("http2Server.operateHeaders parsed a :method field: %s which should be POST",
                             method ? method : "");
        grpc_write_refusal(call, 405, GRPC_INTERNAL, text);
        return false;
    }
    return true;
}

static void refuse_path(struct grpc_call *call)
{
    const struct grpc_server *s = call->session->server;
    _cleanup_(freep) char *text = NULL, *quoted = NULL;
    int len = (int)call->service_len;

    if (!strchr(call->path[0] == '/' ? call->path + 1 : call->path, '/')) {
        quoted = grpc_quote(call->path);
        text = xasprintf("malformed method name: %s", quoted);
    } else if (knows_service(s, call->service, call->service_len)) {
        text = xasprintf("unknown method %s for service %.*s", call->name, len, call->service);
    } else {
        text = xasprintf("unknown service %.*s", len, call->service);
    }
    grpc_finish(call, GRPC_UNIMPLEMENTED, text);
}

static bool decompressor_there(struct grpc_call *call)
{
    if (call->encoding != GRPC_ENC_OTHER)
        return true;
    _cleanup_(freep) char *quoted = grpc_quote(grpc_call_header(call, "grpc-encoding"));
    _cleanup_(freep) char *text =
        xasprintf("grpc: Decompressor is not installed for grpc-encoding %s", quoted);
    grpc_finish(call, GRPC_UNIMPLEMENTED, text);
    return false;
}

static bool accepts_gzip(const struct grpc_call *call)
{
    const char *list = grpc_call_header(call, "grpc-accept-encoding");
    return list && strstr(list, "gzip");
}

void grpc_accept(struct grpc_call *call)
{
    const struct grpc_server_options *o = &call->session->server->o;
    const char *why = NULL;

    if (!o->relay && !transport_takes(call))
        return;
    if (!call->method) {
        refuse_path(call);
        return;
    }
    call->encoding = encoding_of(call, grpc_call_header(call, "grpc-encoding"));
    if (!o->relay && !decompressor_there(call))
        return;
    call->admitted = true;
    call->compress = o->reply_gzip && !o->no_gzip && accepts_gzip(call);
    int code = o->authenticate ? o->authenticate(o->arg, call, &why) : GRPC_OK;
    if (call->finishing) /* it has ended the call itself */
        return;
    if (code != GRPC_OK) {
        grpc_finish(call, code, why ? why : "");
        return;
    }
    call->opened = true;
    if (call->method->open)
        call->method->open(call);
}

/* Sessions */

void grpc_session_unkeep(struct grpc_session *s)
{
    if (--s->keepers > 0)
        return;
    free(s);
}

static void on_request(void *arg, struct h2_stream *stream, const struct h2_header *h, size_t n, bool end)
{
    struct grpc_session *s = arg;
    struct grpc_call *call = grpc_call_new(s, stream, h, n);

    grpc_call_keep(call);
    h2_stream_set_user(stream, call);
    split_path(call);
    /* Known already here, so that the events of a call that a scenario takes are in the method's words. */
    call->method = find_method(s->server, call->path);
    call->peer_ended = end;
    if (!grpc_loud(call, "grpc.request") ||
        !grpc_act(call, GRPC_AT_REQUEST, grpc_request_facts(call), NULL, NULL)) {
        if (!call->ended)
            grpc_accept(call);
    }
    grpc_pump_in(call);
    grpc_call_unkeep(call);
}

static void on_data(void *arg, struct h2_stream *stream, const uint8_t *p, size_t n)
{
    struct grpc_call *call = h2_stream_user(stream);
    grpc_data(call, p, n);
}

static void on_end(void *arg, struct h2_stream *stream)
{
    struct grpc_call *call = h2_stream_user(stream);

    grpc_call_keep(call);
    call->peer_ended = true;
    if (call->plain && !call->ended)
        grpc_accept(call);
    grpc_pump_in(call);
    grpc_call_unkeep(call);
}

static void on_closed(void *arg, struct h2_stream *stream, uint32_t code)
{
    grpc_call_stream_closed(h2_stream_user(stream), code);
}

static void on_drained(void *arg, struct h2_stream *stream)
{
    struct grpc_call *call = h2_stream_user(stream);
    const struct grpc_server_options *o = &call->session->server->o;

    if (call->opened && !grpc_out_waits(call))
        o->drained(o->arg, call);
}

static void on_ping(void *arg, struct h2 *h, const uint8_t data[8], bool ack)
{
    struct grpc_session *s = arg;

    s->server->o.ping(s->server->o.arg, s, data, ack);
}

static void on_goaway(void *arg, struct h2 *h, uint32_t code, const char *debug)
{
    struct grpc_session *s = arg;

    s->server->o.goaway(s->server->o.arg, s, code, debug);
}

static void on_gone(void *arg, struct h2 *h)
{
    struct grpc_session *s = arg;
    const struct grpc_server_options *o = &s->server->o;

    if (o->session)
        o->session(o->arg, s, false);
    s->h2 = NULL;
    grpc_session_unkeep(s);
}

struct grpc_session *grpc_serve(struct grpc_server *server, struct conn *c)
{
    struct grpc_session *s = NEW(struct grpc_session);
    struct h2_owner owner = {.request = on_request,
                             .data = on_data,
                             .end = on_end,
                             .closed = on_closed,
                             .drained = server->o.drained ? on_drained : NULL,
                             .ping = server->o.ping ? on_ping : NULL,
                             .goaway = server->o.goaway ? on_goaway : NULL,
                             .gone = on_gone,
                             .arg = s};

    s->server = server;
    s->conn = c;
    s->keepers = 1;
    TAILQ_INIT(&s->calls);
    s->h2 = h2_server_push(c, &server->o.h2, &owner);
    if (server->o.session)
        server->o.session(server->o.arg, s, true);
    return s;
}

struct h2 *grpc_session_h2(struct grpc_session *s)
{
    return s->h2;
}

void grpc_session_set_user(struct grpc_session *s, void *user)
{
    s->user = user;
}

void *grpc_session_user(struct grpc_session *s)
{
    return s->user;
}

/* fn may end the call it is given, or any other. */
void grpc_session_each_call(struct grpc_session *s, void (*fn)(void *arg, struct grpc_call *c), void *arg)
{
    struct grpc_call *call, **all;
    size_t n = 0, i = 0;

    TAILQ_FOREACH(call, &s->calls, link)
    n++;
    all = xcalloc(n + 1, sizeof(struct grpc_call *));
    TAILQ_FOREACH(call, &s->calls, link)
    {
        grpc_call_keep(call);
        all[i++] = call;
    }
    for (i = 0; i < n; i++)
        if (!all[i]->stream_closed)
            fn(arg, all[i]);
    for (i = 0; i < n; i++)
        grpc_call_unkeep(all[i]);
    free(all);
}
