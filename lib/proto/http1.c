/* Reads HTTP/1.1 requests, makes each a moment, and lets its owner answer. */
#include "lib/proto/http1_session.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/mem.h"

/* the head as it comes */

static bool head_grows(struct http1 *h, size_t n)
{
    size_t max = h->owner.max_head && h->owner.max_head < HTTP1_HEAD_MAX ? h->owner.max_head : HTTP1_HEAD_MAX;

    h->head_len += n;
    if (h->head_len > max)
        h->too_large = true;
    return !h->too_large;
}

/* A JSON string can only be UTF-8: other bytes are taken for Latin-1. */
static json_t *text_json(const char *p, size_t n)
{
    json_t *s = json_stringn(p, n);
    if (s)
        return s;
    struct buf b = BUF_NULL;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)p[i], two[2] = {(uint8_t)(0xc0 | c >> 6), (uint8_t)(0x80 | (c & 0x3f))};
        buf_add(&b, c < 0x80 ? &c : two, c < 0x80 ? 1 : 2);
    }
    s = json_stringn((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return s ? s : json_string("");
}

static void header_done(struct http1 *h)
{
    size_t n = buf_len(&h->value);
    if (!h->in_value)
        return;
    h->in_value = false;
    const char *value = (const char *)buf_data(&h->value);
    while (n && (value[n - 1] == ' ' || value[n - 1] == '\t'))
        n--;
    bool bad = false;
    for (size_t i = 0; i < n; i++)
        bad |= ((uint8_t)value[i] < 0x20 && value[i] != '\t') || value[i] == 0x7f;
    h->bad_value |= bad;
    json_t *v = text_json(value, n);
    buf_add(&h->name, "", 1);
    char *name = (char *)h->name.mem + h->name.start;
    for (char *c = name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    json_t *had = json_object_get(h->req.headers, name);
    if (!had)
        json_object_set_new(h->req.headers, name, v);
    else if (json_is_array(had))
        json_array_append_new(had, v);
    else
        json_object_set_new(h->req.headers, name, json_pack("[O, o]", had, v));
    buf_consume(&h->name, buf_len(&h->name));
    buf_consume(&h->value, buf_len(&h->value));
}

static int on_message_begin(http_parser *p)
{
    struct http1 *h = p->data;
    if (!h->req.headers)
        h->req.headers = json_object();
    return 0;
}

static int on_url(http_parser *p, const char *at, size_t n)
{
    struct http1 *h = p->data;
    buf_add(&h->url, at, n);
    return head_grows(h, n) ? 0 : 1;
}

static int on_header_field(http_parser *p, const char *at, size_t n)
{
    struct http1 *h = p->data;
    if (h->head_done)
        return 0; /* trailers say nothing here */
    header_done(h);
    buf_add(&h->name, at, n);
    return head_grows(h, n + 4) ? 0 : 1;
}

static int on_header_value(http_parser *p, const char *at, size_t n)
{
    struct http1 *h = p->data;
    if (h->head_done)
        return 0;
    h->in_value = true;
    buf_add(&h->value, at, n);
    return head_grows(h, n) ? 0 : 1;
}

/* The request as it is known so far. */
static void request_fill(struct http1 *h)
{
    struct http1_request *r = &h->req;
    r->method = http_method_str(h->parser.method);
    r->major = h->parser.http_major;
    r->minor = h->parser.http_minor;
    r->target = xstrndup((const char *)buf_data(&h->url), buf_len(&h->url));
    r->path = xstrndup(r->target, strcspn(r->target, "?"));
    r->too_large = h->body_cut;
    r->body = buf_data(&h->body);
    r->body_len = h->body_cut ? 0 : buf_len(&h->body);
}

static void request_empty(struct http1 *h)
{
    free((char *)h->req.target);
    free((char *)h->req.path);
    h->req.target = h->req.path = NULL;
}

/* Does its owner want the body bit by bit? */
static bool asks_to_stream(struct http1 *h)
{
    if (!h->owner.streams || h->parser.upgrade)
        return false;
    request_fill(h);
    bool wants = h->owner.streams(h->owner.arg, &h->req);
    if (!wants)
        request_empty(h);
    return wants;
}

static int on_headers_complete(http_parser *p)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct http1 *h = p->data;
    bool sized = p->content_length != ULLONG_MAX, body = (p->flags & F_CHUNKED) || (p->content_length && sized);
    header_done(h);
    h->head_done = true;
    h->feeds = body && asks_to_stream(h);
    h->keep_alive = http_should_keep_alive(p);
    h->body_cut = !h->feeds && h->owner.max_body && sized && p->content_length > h->owner.max_body;
    if (h->feeds || h->body_cut)
        http_parser_pause(p, 1);
    if (!h->body_cut && body && http1_header_has(&h->req, "expect", "100-continue") && p->http_minor >= 1)
        layer_down(&h->l, go_on, sizeof(go_on) - 1);
    return 0;
}

static int on_body(http_parser *p, const char *at, size_t n)
{
    struct http1 *h = p->data;
    if (h->feeds) {
        h->owner.body(h->owner.arg, h, (const uint8_t *)at, n);
        return h->l.conn->dead || !h->busy; /* answered: nobody wants the rest */
    }
    if (h->owner.max_body && n > h->owner.max_body - buf_len(&h->body)) {
        h->body_cut = true;
        return 1;
    }
    size_t room = (h->owner.max_body ? h->owner.max_body : HTTP1_BODY_KEPT) - buf_len(&h->body);
    buf_add(&h->body, at, n < room ? n : room);
    return 0;
}

static int on_message_complete(http_parser *p)
{
    struct http1 *h = p->data;
    h->complete = true;
    h->wants_upgrade = p->upgrade;
    http_parser_pause(p, 1); /* the next one waits for this one's answer */
    return 0;
}

static const http_parser_settings parser_settings = {
    .on_message_begin = on_message_begin,
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* a request */

static void request_reset(struct http1 *h)
{
    json_decref(h->req.headers);
    request_empty(h);
    memset(&h->req, 0, sizeof(h->req));
    buf_done(&h->url);
    buf_done(&h->name);
    buf_done(&h->value);
    buf_done(&h->body);
    h->head_len = 0;
    h->head_done = h->in_value = h->bad_value = h->complete = h->body_cut = h->feeds = h->given = false;
    http_parser_init(&h->parser, HTTP_REQUEST);
    h->parser.data = h;
}

/* Credentials stay out of the log whatever they are. */
static void hide_authorization(json_t *headers)
{
    const char *value = json_string_value(json_object_get(headers, "authorization"));
    if (!json_object_get(headers, "authorization"))
        return;
    size_t scheme = value ? strcspn(value, " ") : 0;
    _cleanup_(freep) char *shown = value && value[scheme] ? xasprintf("%.*s <token>", (int)scheme, value)
                                                          : xstrdup("<token>");
    json_object_set_new(headers, "authorization", text_json(shown, strlen(shown)));
}

static json_t *request_facts(const struct http1 *h)
{
    char version[16];
    const struct http1_request *r = &h->req;
    const char *host = http1_header(r, "host"), *query = strchr(r->target, '?');
    snprintf(version, sizeof(version), "%d.%d", r->major, r->minor);
    json_t *headers = json_copy(r->headers), *facts = json_object();
    hide_authorization(headers);
    for (const char *const *name = h->owner.secret_headers; name && *name; name++)
        if (json_object_get(headers, *name))
            json_object_set_new(headers, *name, json_string("<token>"));
    json_object_set_new(facts, "method", json_string(r->method));
    json_object_set_new(facts, "target", text_json(r->target, strlen(r->target)));
    json_object_set_new(facts, "path", text_json(r->path, strlen(r->path)));
    json_object_set_new(facts, "query", query ? text_json(query + 1, strlen(query + 1)) : json_string(""));
    json_object_set_new(facts, "version", json_string(version));
    json_object_set_new(facts, "host", json_string(host ? host : ""));
    json_object_set_new(facts, "headers", headers);
    return facts;
}

static bool own_action(void *arg, const struct action *a)
{
    struct http1 *h = arg;
    if (!strcmp(a->verb, "respond")) {
        http1_respond_verb(h, a);
        return true;
    }
    if (!strcmp(a->verb, "withhold")) {
        h->deaf = true;
        return true;
    }
    return false;
}

static void decided(void *arg, bool carry_on)
{
    struct http1 *h = arg;
    if (h->l.conn->dead || !h->busy)
        return; /* answered by the scenario */
    conn_hold(h->l.conn, false);
    if (carry_on) {
        h->given = true;
        h->owner.request(h->owner.arg, h, &h->req);
    } else {
        h->deaf |= h->wants_upgrade;
        h->busy = false;
    }
    http1_run(h);
}

/* A list of actions at a moment of the owner's. */
struct further {
    struct http1 *h;
    own_action_fn own;
    acted_fn done;
    void *arg;
};

static bool further_action(void *arg, const struct action *a)
{
    const struct further *f = arg;
    return own_action(f->h, a) || (f->own && f->own(f->arg, a));
}

static void further_decided(void *arg, bool carry_on)
{
    struct further *f = arg;
    struct http1 *h = f->h;
    bool waits = h->busy && !h->l.conn->dead;
    f->done(f->arg, carry_on && waits);
    free(f);
    if (!waits || h->l.conn->dead)
        return;
    if (!carry_on)
        h->busy = false;
    http1_run_later(h);
}

void http1_act(struct http1 *h, const struct action *list, own_action_fn own, acted_fn done, void *arg)
{
    struct further *f = NEW(struct further);
    *f = (struct further){.h = h, .own = own, .done = done, .arg = arg};
    conn_act_all(h->l.conn, &h->l, list, further_action, further_decided, f);
}

static void request_came(struct http1 *h)
{
    struct conn *c = h->l.conn;
    if (!h->req.target)
        request_fill(h);
    json_t *host = json_object_get(h->req.headers, "host");
    if (h->req.major != 1) {
        static const char detail[] = "unsupported protocol version";
        http1_refuse(h, "505 HTTP Version Not Supported", detail, detail);
        return;
    }
    if (h->bad_value) {
        http1_refuse(h, "400 Bad Request", "invalid header value", "invalid header value");
        return;
    }
    if (h->req.major == 1 && h->req.minor >= 1 && (!host || json_is_array(host))) {
        static const char missing[] = "missing required Host header"; /* of too many Go does not say so */
        http1_refuse(h, "400 Bad Request", host ? NULL : missing, host ? "too many Host headers" : missing);
        return;
    }
    h->busy = true;
    conn_hold(c, h->feeds); /* until it is decided who gets it */
    const char *moment = h->owner.moment ? h->owner.moment : "http.request";
    const struct action *a = conn_moment(c, 0, moment, conn_heard(c, moment) ? request_facts(h) : NULL);
    if (!c->dead)
        conn_act_all(c, &h->l, a, own_action, decided, h);
}

/* More of the body that its owner waits for. */
static void feed(struct http1 *h)
{
    struct conn *c = h->l.conn;
    size_t used = http_parser_execute(&h->parser, &parser_settings, (const char *)buf_data(&h->in), buf_len(&h->in));
    enum http_errno e = HTTP_PARSER_ERRNO(&h->parser);
    if (c->dead || h->closing)
        return;
    buf_consume(&h->in, used);
    buf_trim(&h->in);
    if (h->complete) {
        h->complete = h->feeds = false;
        h->owner.body(h->owner.arg, h, NULL, 0);
    } else if (e != HPE_OK) {
        conn_event(c, 0, "http.malformed", json_pack("{s:s}", "reason", http_errno_description(e)));
        conn_kill(c, "a malformed body");
    }
}

static void parse(struct http1 *h)
{
    if (h->req.target)
        request_reset(h); /* the one before */
    size_t used = http_parser_execute(&h->parser, &parser_settings, (const char *)buf_data(&h->in), buf_len(&h->in));
    enum http_errno e = HTTP_PARSER_ERRNO(&h->parser);
    if (h->feeds) {
        buf_consume(&h->in, used);
        http_parser_pause(&h->parser, 0);
        request_came(h);
    } else if (h->body_cut) { /* nobody knows where the next one begins */
        h->keep_alive = h->wants_upgrade = false;
        buf_consume(&h->in, buf_len(&h->in));
        request_came(h);
    } else if (h->complete) {
        buf_consume(&h->in, used);
        h->complete = false;
        request_came(h);
    } else if (h->too_large || e == HPE_HEADER_OVERFLOW) {
        http1_refuse(h, "431 Request Header Fields Too Large", NULL, "head too large");
    } else if (e != HPE_OK) {
        http1_refuse(h, "400 Bad Request", NULL, http_errno_description(e));
    } else {
        buf_consume(&h->in, buf_len(&h->in));
        buf_trim(&h->in);
    }
}

static void open_above(struct http1 *h)
{
    h->opened = true;
    request_reset(h);
    layer_signal_up(&h->l, LAYER_OPEN, NULL);
    struct buf in = h->in;
    h->in = BUF_NULL;
    layer_up(&h->l, buf_data(&in), buf_len(&in));
    buf_done(&in);
    if (h->eof)
        layer_signal_up(&h->l, LAYER_EOF, NULL);
}

void http1_run(struct http1 *h)
{
    struct conn *c = h->l.conn;
    if (h->running || h->opened)
        return;
    h->running = true;
    while (!c->dead && !h->upgraded && !h->closing && !h->deaf && buf_len(&h->in) && (!h->busy || (h->feeds && h->given)))
        (h->busy ? feed : parse)(h);
    h->running = false;
    if (h->upgraded && !c->dead)
        open_above(h);
}

static void free_memory(struct http1 *h)
{
    request_reset(h);
    json_decref(h->upgrade_headers);
    buf_done(&h->in);
    free(h);
}

static void run_later(void *arg)
{
    struct http1 *h = arg;
    h->scheduled = false;
    if (h->freed)
        free_memory(h);
    else
        http1_run(h);
}

void http1_run_later(struct http1 *h)
{
    if (h->scheduled)
        return;
    h->scheduled = true;
    loop_defer(h->l.conn->loop, run_later, h);
}

/* the layer */

static void bytes_up(struct layer *l, const uint8_t *p, size_t n)
{
    struct http1 *h = CONTAINER_OF(l, struct http1, l);
    if (h->opened) {
        layer_up(l, p, n);
        return;
    }
    if (h->closing || h->deaf)
        return;
    buf_add(&h->in, p, n);
    if (h->busy && buf_len(&h->in) > HTTP1_PENDING_MAX)
        http1_refuse(h, "400 Bad Request", NULL, "more than 1 MiB behind a request that waits for its answer");
    else
        http1_run(h);
}

static void signal_from_below(struct layer *l, enum layer_signal s, const char *reason)
{
    struct http1 *h = CONTAINER_OF(l, struct http1, l);
    if (h->opened || s == LAYER_FAILED)
        layer_signal_up(l, s, reason);
    else if (s == LAYER_DRAINED && h->owner.drained)
        h->owner.drained(h->owner.arg, h);
    else if (s == LAYER_EOF && h->busy && !h->deaf && !h->streaming && !h->feeds && !h->owner.eof_ends)
        h->eof = true; /* may still read its answer */
    else if (s == LAYER_EOF)
        http1_close(h);
}

void http1_close(struct http1 *h)
{
    h->closing = true;
    layer_close_down(&h->l, LAYER_CLOSE);
}

static void free_layer(struct layer *l)
{
    struct http1 *h = CONTAINER_OF(l, struct http1, l);
    h->freed = true;
    if (!h->scheduled)
        free_memory(h);
}

static const struct layer_ops ops = {
    .name = "http",
    .bytes_up = bytes_up,
    .signal = signal_from_below,
    .free = free_layer,
};

struct http1 *http1_server_push(struct conn *c, const struct http1_owner *owner)
{
    struct http1 *h = NEW(struct http1);
    h->l.ops = &ops;
    h->owner = *owner;
    request_reset(h);
    conn_push(c, &h->l);
    return h;
}

struct layer *http1_layer(struct http1 *h)
{
    return &h->l;
}

/* looking at headers */

static json_t *header_value(const struct http1_request *r, const char *name)
{
    const char *key;
    json_t *v = json_object_get(r->headers, name); /* they are kept in lower case, and mostly asked for so */
    if (v)
        return v;
    json_object_foreach (r->headers, key, v)
        if (!strcasecmp(key, name))
            return v;
    return NULL;
}

const char *http1_header(const struct http1_request *r, const char *name)
{
    json_t *v = header_value(r, name);
    return json_string_value(json_is_array(v) ? json_array_get(v, 0) : v);
}

static bool list_has(const char *list, const char *token)
{
    size_t want = strlen(token);
    while (list && *list) {
        list += strspn(list, ", \t");
        size_t n = strcspn(list, ","), trimmed = n;
        while (trimmed && (list[trimmed - 1] == ' ' || list[trimmed - 1] == '\t'))
            trimmed--;
        if (trimmed == want && !strncasecmp(list, token, want))
            return true;
        list += n;
    }
    return false;
}

bool http1_header_has(const struct http1_request *r, const char *name, const char *token)
{
    json_t *v = header_value(r, name);
    if (!json_is_array(v))
        return list_has(json_string_value(v), token);
    for (size_t i = 0; i < json_array_size(v); i++)
        if (list_has(json_string_value(json_array_get(v, i)), token))
            return true;
    return false;
}
