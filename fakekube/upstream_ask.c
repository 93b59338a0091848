/* Dials, speaks TLS, writes the request, and gives back what http-parser makes of the answer. */
#include "fakekube/upstream_ask.h"

#include <http_parser.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/net/conn.h"
#include "lib/net/dial.h"
#include "lib/net/tls_client.h"
#include "lib/proto/http_fields.h"

enum { HEAD_MAX = 64 * 1024 };

struct upstream_ask {
    struct upstream_ask_options o; /* its strings are read in upstream_ask_new() only */
    struct dial *dial;
    struct conn *conn;   /* NULL: none, or no longer */
    struct layer *layer; /* ours; the connection's */
    SSL_CTX *tls;        /* a reference */
    char *host;
    struct buf request;
    http_parser parser;
    struct http_fields fields;
    struct timer *soon; /* an end that is told in the next turn */
    const char *failed; /* static */
    bool over;
};

struct answer_layer {
    struct layer l;
    struct upstream_ask *ask; /* NULL: nobody listens any more */
};

/* ---- the end ---- */

static void on_soon(void *arg)
{
    struct upstream_ask *a = arg;
    void (*done)(void *, const char *) = a->o.done;
    void *their = a->o.arg;
    const char *failed = a->failed;
    upstream_ask_free(a);
    done(their, failed);
}

static void end(struct upstream_ask *a, const char *failed)
{
    if (a->over)
        return;
    a->over = true;
    a->failed = failed;
    a->soon = timer_new(a->o.loop, 0, on_soon, a);
}

struct upstream_ask *upstream_ask_free(struct upstream_ask *a)
{
    if (!a)
        return NULL;
    dial_cancel(a->dial);
    timer_free(a->soon);
    if (a->layer)
        CONTAINER_OF(a->layer, struct answer_layer, l)->ask = NULL;
    if (a->conn) {
        a->conn->user = NULL;
        if (!a->conn->dead)
            conn_kill(a->conn, "answered");
    }
    buf_done(&a->request);
    http_fields_done(&a->fields);
    SSL_CTX_free(a->tls);
    free(a->host);
    free(a);
    return NULL;
}

/* ---- the answer ---- */

static int on_field(http_parser *p, const char *at, size_t n)
{
    struct upstream_ask *a = p->data;
    http_fields_name(&a->fields, at, n);
    return buf_len(&a->fields.name) > HEAD_MAX;
}

static int on_value(http_parser *p, const char *at, size_t n)
{
    struct upstream_ask *a = p->data;
    http_fields_value(&a->fields, at, n);
    return buf_len(&a->fields.value) > HEAD_MAX;
}

static int on_head(http_parser *p)
{
    struct upstream_ask *a = p->data;
    http_fields_end(&a->fields);
    if (!a->over)
        a->o.head(a->o.arg, (int)p->status_code, a->fields.all);
    return 0;
}

static int on_body(http_parser *p, const char *at, size_t n)
{
    struct upstream_ask *a = p->data;
    if (!a->over)
        a->o.bytes(a->o.arg, at, n);
    return 0;
}

static int on_complete(http_parser *p)
{
    end(p->data, NULL);
    http_parser_pause(p, 1);
    return 0;
}

static const http_parser_settings settings = {.on_header_field = on_field,
                                              .on_header_value = on_value,
                                              .on_headers_complete = on_head,
                                              .on_body = on_body,
                                              .on_message_complete = on_complete};

static void bytes_up(struct layer *l, const uint8_t *p, size_t n)
{
    struct upstream_ask *a = CONTAINER_OF(l, struct answer_layer, l)->ask;
    if (!a || a->over)
        return;
    (void)http_parser_execute(&a->parser, &settings, (const char *)p, n);
    if (HTTP_PARSER_ERRNO(&a->parser) != HPE_OK)
        end(a, "the API server's answer is no HTTP");
}

static void signal_up(struct layer *l, enum layer_signal s, const char *reason)
{
    struct upstream_ask *a = CONTAINER_OF(l, struct answer_layer, l)->ask;
    (void)reason;
    if (!a || a->over)
        return;
    if (s == LAYER_OPEN) {
        layer_down(l, buf_data(&a->request), buf_len(&a->request));
        buf_done(&a->request);
    } else if (s != LAYER_DRAINED) {
        (void)http_parser_execute(&a->parser, &settings, NULL, 0); /* an answer may end with the connection */
        end(a, "the API server has ended the connection");
    }
}

static void layer_gone(struct layer *l)
{
    free(CONTAINER_OF(l, struct answer_layer, l));
}

static const struct layer_ops ops = {.name = "http", .bytes_up = bytes_up, .signal = signal_up, .free = layer_gone};

/* ---- the request ---- */

static void on_conn_free(struct conn *c)
{
    struct upstream_ask *a = c->user;
    if (!a)
        return;
    a->conn = NULL;
    a->layer = NULL;
    end(a, "the connection to the API server has ended");
}

static void connected(void *arg, struct conn *c)
{
    struct upstream_ask *a = arg;
    struct answer_layer *l = NEW(struct answer_layer);
    a->dial = NULL;
    a->conn = c;
    c->user = a;
    c->on_free = on_conn_free;
    if (a->tls)
        tls_client_push(c, &(struct tls_client_options){.ctx = a->tls, .host = a->host, .alpn = "http/1.1"});
    l->l.ops = &ops;
    l->ask = a;
    a->layer = &l->l;
    conn_push(c, &l->l);
}

static void dial_failed(void *arg, int error)
{
    struct upstream_ask *a = arg;
    a->dial = NULL;
    end(a, strerror(error));
}

static void header_add(struct buf *b, const char *name, const json_t *v)
{
    size_t i;
    json_t *one;
    json_array_foreach ((json_t *)v, i, one)
        header_add(b, name, one);
    if (json_is_string(v))
        buf_addf(b, "%s: %s\r\n", name, json_string_value(v));
}

static void request_make(struct buf *b, const struct upstream_ask_options *o)
{
    const char *name;
    json_t *v;
    buf_addf(b, "%s %s HTTP/1.1\r\nHost: %s:%u\r\n", o->method, o->target, o->host, o->port);
    json_object_foreach ((json_t *)o->headers, name, v)
        header_add(b, name, v);
    if (o->n)
        buf_addf(b, "Content-Length: %zu\r\n", o->n);
    buf_add(b, "\r\n", 2);
    if (o->n)
        buf_add(b, o->body, o->n);
}

struct upstream_ask *upstream_ask_new(const struct upstream_ask_options *o)
{
    struct upstream_ask *a = NEW(struct upstream_ask);
    struct dial_options d = {.host = o->host, .port = o->port, .who = "upstream", .loop = o->loop, .events = o->events,
                             .next_conn_id = o->next_conn_id, .build = connected, .failed = dial_failed, .arg = a};
    int e;
    a->o = *o;
    a->host = xstrdup(o->host);
    http_fields_init(&a->fields, "");
    if (o->tls && SSL_CTX_up_ref(o->tls))
        a->tls = o->tls;
    request_make(&a->request, o);
    http_parser_init(&a->parser, HTTP_RESPONSE);
    a->parser.data = a;
    e = dial_start(&d, &a->dial);
    if (e)
        end(a, strerror(-e));
    return a;
}
