/* Asks for an upgrade when the connection opens, and reads the answer (http-parser). */
#include "lib/proto/http1_client.h"

#include <ctype.h>
#include <http_parser.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/net/conn.h"
#include "lib/proto/http1.h"
#include "lib/proto/http_fields.h"
#include "lib/proto/websocket.h"

enum { HEAD_MAX = 64 * 1024, BODY_MAX = 1024 * 1024 };

struct http1_client {
    struct layer l;
    struct http1_client_options o;
    http_parser parser;
    struct buf request, reason, body;
    struct http_fields fields;
    char accept[29];
    size_t head_len;
    bool complete, told, open;
};

static int grows(struct http1_client *h, size_t n)
{
    h->head_len += n + 4;
    return h->head_len > HEAD_MAX;
}

static int on_status(http_parser *p, const char *at, size_t n)
{
    struct http1_client *h = p->data;
    buf_add(&h->reason, at, n);
    return grows(h, n);
}

static int on_field(http_parser *p, const char *at, size_t n)
{
    struct http1_client *h = p->data;
    http_fields_name(&h->fields, at, n);
    return grows(h, n);
}

static int on_value(http_parser *p, const char *at, size_t n)
{
    struct http1_client *h = p->data;
    http_fields_value(&h->fields, at, n);
    return grows(h, n);
}

static int on_head(http_parser *p)
{
    http_fields_end(&((struct http1_client *)p->data)->fields);
    return 0;
}

static int on_body(http_parser *p, const char *at, size_t n)
{
    struct http1_client *h = p->data;
    size_t room = BODY_MAX - buf_len(&h->body);
    buf_add(&h->body, at, n < room ? n : room);
    return 0;
}

static int on_complete(http_parser *p)
{
    struct http1_client *h = p->data;
    h->complete = true;
    http_parser_pause(p, 1);
    return 0;
}

static const http_parser_settings settings = {
    .on_status = on_status,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_head,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

static void fail(struct http1_client *h, const char *why)
{
    if (h->told)
        return;
    h->told = true;
    conn_event(h->l.conn, 0, "http.malformed", json_pack("{s:s}", "reason", why));
    h->o.failed(h->o.arg, why);
}

static void answered(struct http1_client *h)
{
    int status = (int)h->parser.status_code;
    const char *accept = json_string_value(json_object_get(h->fields.all, "sec-websocket-accept"));
    json_t *facts = json_pack("{s:i, s:s}", "status", status, "path", h->o.target);
    if (status != 101) {
        json_object_set(facts, "headers", h->fields.all);
        json_t *body = json_stringn((const char *)buf_data(&h->body), buf_len(&h->body));
        if (body)
            json_object_set_new(facts, "body", body);
    }
    conn_event(h->l.conn, 0, "http.response", facts);
    if (status == 101 && (!accept || strcmp(accept, h->accept) != 0)) {
        fail(h, "Sec-WebSocket-Accept is not the one for our key");
        return;
    }
    h->told = true;
    if (status == 101) {
        h->o.upgraded(h->o.arg, h->fields.all);
        h->open = true;
        layer_signal_up(&h->l, LAYER_OPEN, NULL);
        return;
    }
    buf_add(&h->reason, "", 1);
    h->o.refused(h->o.arg, status, (const char *)buf_data(&h->reason), h->fields.all, buf_data(&h->body),
                 buf_len(&h->body));
}

static void bytes_up(struct layer *l, const uint8_t *p, size_t n)
{
    struct http1_client *h = CONTAINER_OF(l, struct http1_client, l);
    if (h->open) {
        layer_up(l, p, n);
        return;
    }
    if (h->told)
        return;
    size_t used = http_parser_execute(&h->parser, &settings, (const char *)p, n);
    if (h->complete) {
        answered(h);
        if (h->open && used < n) /* behind a 101 the parser stands behind the head */
            layer_up(l, p + used, n - used);
    } else if (HTTP_PARSER_ERRNO(&h->parser) != HPE_OK) {
        fail(h, http_errno_description(HTTP_PARSER_ERRNO(&h->parser)));
    }
}

static void signal_from_below(struct layer *l, enum layer_signal s, const char *reason)
{
    struct http1_client *h = CONTAINER_OF(l, struct http1_client, l);
    if (s == LAYER_OPEN) {
        layer_down(l, buf_data(&h->request), buf_len(&h->request));
        buf_done(&h->request);
        return;
    }
    if (s == LAYER_EOF && !h->told) {
        http_parser_execute(&h->parser, &settings, NULL, 0); /* an answer may end with the connection */
        if (h->complete)
            answered(h);
    }
    if (s != LAYER_DRAINED)
        fail(h, reason ? reason : "EOF");
    layer_signal_up(l, s, reason);
}

static void free_layer(struct layer *l)
{
    struct http1_client *h = CONTAINER_OF(l, struct http1_client, l);
    buf_done(&h->request);
    buf_done(&h->reason);
    buf_done(&h->body);
    http_fields_done(&h->fields);
    free((char *)h->o.target);
    free(h);
}

static const struct layer_ops ops = {
    .name = "http",
    .bytes_up = bytes_up,
    .signal = signal_from_below,
    .free = free_layer,
};

static void add_header(struct buf *b, const char *name, const json_t *value)
{
    bool start = true;
    size_t i;
    const json_t *one;
    if (json_is_array(value)) {
        json_array_foreach (value, i, one)
            add_header(b, name, one);
        return;
    }
    for (const char *c = name; *c; c++) {
        buf_addf(b, "%c", start ? toupper((unsigned char)*c) : *c);
        start = *c == '-';
    }
    buf_addf(b, ": %s\r\n", json_string_value(value) ? json_string_value(value) : "");
}

static void make_request(struct http1_client *h)
{
    struct buf *b = &h->request;
    uint8_t random[16];
    char key[25];
    const char *name;
    json_t *value;
    RAND_bytes(random, sizeof random);
    EVP_EncodeBlock((uint8_t *)key, random, sizeof random);
    ws_accept_key(key, h->accept);
    buf_addf(b, "GET %s HTTP/1.1\r\nHost: %s\r\n", h->o.target, h->o.host);
    json_object_foreach ((json_t *)h->o.headers, name, value)
        add_header(b, name, value);
    buf_addf(b, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n",
             key);
    if (h->o.subprotocol)
        buf_addf(b, "Sec-WebSocket-Protocol: %s\r\n", h->o.subprotocol);
    buf_addf(b, "\r\n");
}

struct layer *http1_client_push(struct conn *c, const struct http1_client_options *o)
{
    struct http1_client *h = NEW(struct http1_client);
    h->l.ops = &ops;
    h->o = *o;
    h->o.target = xstrdup(o->target);
    http_fields_init(&h->fields, "");
    http_parser_init(&h->parser, HTTP_RESPONSE);
    h->parser.data = h;
    make_request(h);
    conn_push(c, &h->l);
    return &h->l;
}
