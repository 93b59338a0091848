#include "lib/proto/grpc_test_world.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/proto/pb.h"
#include "prototool.pb-c.h"

/* the methods */

static struct world *world_of(struct grpc_call *call)
{
    return grpc_call_arg(call);
}

static const char *name_of(struct grpc_call *call)
{
    return strrchr(grpc_call_method(call)->path, '/') + 1;
}

static void on_open(struct grpc_call *call)
{
    world_of(call)->last = call;
    buf_addf(&world_of(call)->seen, "open %s;", name_of(call));
}

static void on_closed(struct grpc_call *call)
{
    struct world *w = world_of(call);
    if (w->last == call)
        w->last = NULL;
    buf_addf(&w->seen, "closed %s;", name_of(call));
}

static void note_message(struct grpc_call *call, size_t n)
{
    buf_addf(&world_of(call)->seen, "message %s %zu;", name_of(call), n);
}

static void on_unary(struct grpc_call *call, const uint8_t *p, size_t n)
{
    note_message(call, n);
    grpc_send(call, p, n);
    grpc_finish(call, GRPC_OK, "");
    grpc_send(call, "late", 4); /* must do nothing */
    grpc_finish(call, GRPC_INTERNAL, "late");
}

static void on_watch(struct grpc_call *call, const uint8_t *p, size_t n)
{
    note_message(call, n);
    if (world_of(call)->kill_in_message)
        conn_kill(grpc_call_conn(call), "test");
    json_t *j = json_pack("{s:[s]}", "value", "one");
    assert_int_equal(grpc_send_json(call, j, NULL), 0);
    json_decref(j);
    grpc_send(call, p, n);
}

static void on_chat(struct grpc_call *call, const uint8_t *p, size_t n)
{
    note_message(call, n);
    grpc_send(call, p, n);
}

static void on_half(struct grpc_call *call)
{
    buf_addf(&world_of(call)->seen, "half %s;", name_of(call));
    if (strcmp(name_of(call), "Chat") == 0)
        grpc_finish(call, GRPC_OK, "");
}

#define VALUES &prototool__values__descriptor, &prototool__values__descriptor
static const struct grpc_method methods[] = {
    {"/t.Echo/Unary", VALUES, false, false, on_open, on_unary, on_half, on_closed},
    {"/t.Echo/Watch", VALUES, false, true, on_open, on_watch, on_half, on_closed},
    {"/t.Echo/Chat", VALUES, true, true, on_open, on_chat, on_half, on_closed},
    {"/t.Other/Hidden", VALUES, false, false, on_open, on_unary, NULL, NULL},
    {NULL}};

static int authenticate(void *arg, struct grpc_call *call, const char **ret_message)
{
    struct world *w = arg;
    *ret_message = w->refusal;
    return w->refusal ? GRPC_UNAUTHENTICATED : GRPC_OK;
}

static bool serves(void *arg, const struct grpc_method *m)
{
    return strcmp(m->path, "/t.Other/Hidden") != 0;
}

static json_t *headers(void *arg, struct grpc_call *call)
{
    struct world *w = arg;
    return json_incref(w->headers);
}

static void on_session(void *arg, struct grpc_session *s, bool open)
{
    struct world *w = arg;
    assert_true(w->session_open != open);
    w->session_open = open;
}

/* the scenario */

static const struct action *at(struct moments *m, struct conn *c, int64_t stream, const char *moment,
                               const json_t *facts)
{
    struct world *w = (struct world *)m;
    const char *direction = json_string_value(json_object_get(facts, "direction"));

    for (struct fault *f = w->faults; f < w->faults + MAX_FAULTS; f++)
        if (f->at && f->left > 0 && !strcmp(f->at, moment) && (!f->stream || f->stream == stream) &&
            (!f->direction || (direction && !strcmp(f->direction, direction)))) {
            f->left--;
            return f->actions;
        }
    return NULL;
}

static bool cares(struct moments *m, const char *moment)
{
    struct world *w = (struct world *)m;
    for (struct fault *f = w->faults; f < w->faults + MAX_FAULTS; f++)
        if (f->at && !strcmp(f->at, moment))
            return true;
    return false;
}

struct fault *world_fault(struct world *w, const char *at_moment, const char *list)
{
    struct fault *f = w->faults;
    json_error_t error;

    while (f->at)
        f++;
    assert_true(f < w->faults + MAX_FAULTS);
    *f = (struct fault){.at = at_moment, .left = 1000, .args = json_loads(list, 0, &error)};
    assert_non_null(f->args);
    size_t n = json_array_size(f->args);
    for (size_t i = 0; i < n; i++) {
        void *iter = json_object_iter(json_array_get(f->args, i));
        f->actions[i] = (struct action){json_object_iter_key(iter), json_object_iter_value(iter),
                                        i + 1 < n ? &f->actions[i + 1] : NULL};
    }
    return f;
}

/* the client */

static struct reply *reply_of(struct world *w, int32_t id)
{
    assert_true(id > 0 && id / 2 < MAX_STREAMS);
    return &w->replies[id / 2];
}

static int got_header(nghttp2_session *s, const nghttp2_frame *f, const uint8_t *name, size_t nl,
                      const uint8_t *value, size_t vl, uint8_t flags, void *arg)
{
    struct reply *r = reply_of(arg, f->hd.stream_id);
    assert_true(r->n_heads < 2);
    buf_addf(&r->heads[r->n_heads], "%.*s=%.*s\n", (int)nl, (const char *)name, (int)vl,
             (const char *)value);
    return 0;
}

static int got_frame(nghttp2_session *s, const nghttp2_frame *f, void *arg)
{
    if (f->hd.type == NGHTTP2_HEADERS)
        reply_of(arg, f->hd.stream_id)->n_heads++;
    if (f->hd.type <= NGHTTP2_HEADERS && f->hd.flags & NGHTTP2_FLAG_END_STREAM)
        reply_of(arg, f->hd.stream_id)->ended = true;
    return 0;
}

static int got_data(nghttp2_session *s, uint8_t flags, int32_t id, const uint8_t *p, size_t n, void *arg)
{
    buf_add(&reply_of(arg, id)->body, p, n);
    return 0;
}

static int got_close(nghttp2_session *s, int32_t id, uint32_t code, void *arg)
{
    struct reply *r = reply_of(arg, id);
    r->closed = true;
    r->code = code;
    return 0;
}

static nghttp2_session *client_new(struct world *w)
{
    nghttp2_session_callbacks *cb;
    nghttp2_option *o;
    nghttp2_session *s;

    nghttp2_session_callbacks_new(&cb);
    nghttp2_session_callbacks_set_on_header_callback(cb, got_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, got_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, got_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, got_close);
    nghttp2_option_new(&o);
    nghttp2_option_set_no_http_messaging(o, 1); /* some of what is sent here is meant to be wrong */
    nghttp2_session_client_new2(&s, cb, w, o);
    nghttp2_option_del(o);
    nghttp2_session_callbacks_del(cb);
    nghttp2_submit_settings(s, 0, NULL, 0);
    return s;
}

void world_exchange(struct world *w)
{
    const uint8_t *p;
    ssize_t n;

    while ((n = nghttp2_session_mem_send(w->client, &p)) > 0)
        if (!w->c->dead)
            conn_fake_feed(w->c, p, (size_t)n);
}

void world_run(struct world *w)
{
    do {
        world_exchange(w);
        conn_fake_run(w->c);
        struct buf *out = conn_fake_out(w->c);
        if (buf_len(out) > 0)
            assert_true(nghttp2_session_mem_recv(w->client, buf_data(out), buf_len(out)) >= 0);
        buf_consume(out, buf_len(out));
    } while (nghttp2_session_want_write(w->client) && !w->c->dead);
}

struct body {
    const uint8_t *p;
    size_t n;
    bool end;
};

static ssize_t read_body(nghttp2_session *s, int32_t id, uint8_t *to, size_t room, uint32_t *flags,
                         nghttp2_data_source *source, void *arg)
{
    struct body *b = source->ptr;
    size_t n = b->n < room ? b->n : room;

    if (n > 0)
        memcpy(to, b->p, n);
    b->p += n;
    b->n -= n;
    if (b->n == 0)
        *flags |= NGHTTP2_DATA_FLAG_EOF | (b->end ? 0 : NGHTTP2_DATA_FLAG_NO_END_STREAM);
    return (ssize_t)n;
}

void world_data(struct world *w, int32_t stream, const void *p, size_t n, bool end)
{
    struct body b = {p, n, end};
    nghttp2_data_provider provider = {.source.ptr = &b, .read_callback = read_body};

    assert_int_equal(nghttp2_submit_data(w->client, end ? NGHTTP2_FLAG_END_STREAM : 0, stream, &provider),
                     0);
    for (;;) {
        world_exchange(w);
        if (b.n == 0 || w->c->dead || world_reply(w, stream)->closed)
            return;
        conn_fake_run(w->c); /* windows open as the server reads */
        struct buf *out = conn_fake_out(w->c);
        if (buf_len(out) > 0)
            nghttp2_session_mem_recv(w->client, buf_data(out), buf_len(out));
        buf_consume(out, buf_len(out));
    }
}

static bool set(nghttp2_nv *nv, size_t n, const char *name, size_t len, const char *value, size_t vlen)
{
    for (size_t i = 0; i < n; i++)
        if (nv[i].namelen == len && !memcmp(nv[i].name, name, len)) {
            nv[i].value = (uint8_t *)value;
            nv[i].valuelen = vlen;
            return true;
        }
    return false;
}

int32_t world_call(struct world *w, const char *path, const char *more, const struct buf *body, bool end)
{
    static const char *const usual[][2] = {{":method", "POST"},
                                           {":scheme", "http"},
                                           {":path", ""},
                                           {":authority", "ws://kas/"},
                                           {"content-type", "application/grpc"},
                                           {"te", "trailers"},
                                           {"grpc-accept-encoding", "gzip"}};
    nghttp2_nv nv[24];
    size_t n = 0;

    for (; n < ARRAY_SIZE(usual); n++)
        nv[n] = (nghttp2_nv){(uint8_t *)usual[n][0], (uint8_t *)usual[n][1], strlen(usual[n][0]),
                             strlen(usual[n][1]), 0};
    set(nv, n, ":path", 5, path, strlen(path));
    for (const char *line = more; line && *line;) {
        const char *equals = strchr(line, '='), *newline = strchr(equals, '\n');
        size_t vlen = newline ? (size_t)(newline - equals - 1) : strlen(equals + 1);
        if (!set(nv, n, line, (size_t)(equals - line), equals + 1, vlen))
            nv[n++] = (nghttp2_nv){(uint8_t *)line, (uint8_t *)equals + 1, (size_t)(equals - line), vlen, 0};
        line = newline ? newline + 1 : NULL;
    }
    bool empty = !body || buf_len(body) == 0;
    int32_t id =
        nghttp2_submit_headers(w->client, end && empty ? NGHTTP2_FLAG_END_STREAM : 0, -1, NULL, nv, n, NULL);
    assert_true(id > 0);
    world_exchange(w);
    if (!empty)
        world_data(w, id, buf_data(body), buf_len(body), end);
    return id;
}

struct reply *world_reply(struct world *w, int32_t stream)
{
    return reply_of(w, stream);
}

/* the world */

static void on_event(void *arg, const json_t *event)
{
    json_array_append(((struct world *)arg)->log, (json_t *)event);
}

struct world *world_new(const struct grpc_server_options *o)
{
    struct world *w = NEW(struct world);
    struct grpc_server_options all = o ? *o : (struct grpc_server_options){0};

    w->m = (struct moments){at, cares};
    w->log = json_array();
    assert_int_equal(events_open(NULL, NULL, &w->events), 0);
    events_want(w->events, "grpc.message");
    w->sub = events_subscribe(w->events, on_event, w);
    all.methods = methods;
    all.authenticate = authenticate;
    all.serves = serves;
    all.headers = headers;
    all.session = on_session;
    all.arg = w;
    w->server = grpc_server_new(&all);
    w->c = conn_fake_new(&w->m, w->events);
    w->session = grpc_serve(w->server, w->c);
    assert_true(w->session_open);
    conn_fake_open(w->c);
    w->client = client_new(w);
    world_run(w);
    return w;
}

void world_free(struct world *w)
{
    if (w->c->dead)
        conn_fake_run(w->c);
    w->c = conn_fake_free(w->c);
    assert_false(w->session_open);
    grpc_server_free(w->server);
    events_unsubscribe(w->sub);
    events_free(w->events);
    nghttp2_session_del(w->client);
    for (int i = 0; i < MAX_FAULTS; i++)
        json_decref(w->faults[i].args);
    for (int i = 0; i < MAX_STREAMS; i++) {
        buf_done(&w->replies[i].heads[0]);
        buf_done(&w->replies[i].heads[1]);
        buf_done(&w->replies[i].body);
    }
    json_decref(w->log);
    json_decref(w->headers);
    buf_done(&w->seen);
    free(w);
}

/* looking */

void frame(struct buf *out, int flag, const void *p, size_t n)
{
    uint8_t prefix[5] = {(uint8_t)flag, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
                         (uint8_t)n};
    buf_add(out, prefix, 5);
    if (n > 0)
        buf_add(out, p, n);
}

struct buf framed(const char *text)
{
    struct buf b = BUF_NULL;
    json_t *j = json_pack("{s:[s]}", "value", text);
    uint8_t *p;
    size_t n;

    assert_int_equal(pb_from_json(&prototool__values__descriptor, j, &p, &n, NULL), 0);
    frame(&b, 0, p, n);
    json_decref(j);
    free(p);
    return b;
}

char *texts(const struct buf *body)
{
    const uint8_t *p = buf_data(body);
    size_t left = buf_len(body);
    struct buf out = BUF_NULL;

    while (left >= 5) {
        size_t n = (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
        assert_true(n <= left - 5);
        json_t *j = pb_to_json(&prototool__values__descriptor, p + 5, n);
        const char *text = json_string_value(json_array_get(json_object_get(j, "value"), 0));
        buf_addf(&out, "%s%s", buf_len(&out) ? "," : "", text ? text : "?");
        json_decref(j);
        p += 5 + n;
        left -= 5 + n;
    }
    assert_int_equal(left, 0);
    buf_add(&out, "", 1);
    char *s = xstrdup((const char *)buf_data(&out));
    buf_done(&out);
    return s;
}

char *head(const struct reply *r, int which, const char *name)
{
    const struct buf *b = &r->heads[which];
    _cleanup_(freep) char *all = xstrndup(buf_len(b) ? (const char *)buf_data(b) : "", buf_len(b));
    size_t n = strlen(name);

    for (char *line = all; *line;) {
        char *newline = strchr(line, '\n');
        *newline = '\0';
        if (!strncmp(line, name, n) && line[n] == '=')
            return xstrdup(line + n + 1);
        line = newline + 1;
    }
    return NULL;
}

const json_t *world_event(const struct world *w, const char *name, size_t n)
{
    for (size_t i = 0; i < json_array_size(w->log); i++) {
        const json_t *event = json_array_get(w->log, i);
        if (!strcmp(json_string_value(json_object_get(event, "event")), name) && n-- == 0)
            return event;
    }
    return NULL;
}

size_t world_event_count(const struct world *w, const char *name)
{
    size_t n = 0;
    while (world_event(w, name, n))
        n++;
    return n;
}
