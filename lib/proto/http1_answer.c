/* Writes HTTP/1.1 answers as Go's net/http writes them: the given headers, then Date, Content-Length, Content-Type
 * and Connection. */
#include "lib/proto/http1_session.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "lib/base/mem.h"

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {100, "Continue"}, {101, "Switching Protocols"}, {102, "Processing"}, {103, "Early Hints"},
    {200, "OK"}, {201, "Created"}, {202, "Accepted"}, {203, "Non-Authoritative Information"}, {204, "No Content"},
    {205, "Reset Content"}, {206, "Partial Content"}, {207, "Multi-Status"}, {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"}, {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"},
    {304, "Not Modified"}, {305, "Use Proxy"}, {307, "Temporary Redirect"}, {308, "Permanent Redirect"},
    {400, "Bad Request"}, {401, "Unauthorized"}, {402, "Payment Required"}, {403, "Forbidden"}, {404, "Not Found"},
    {405, "Method Not Allowed"}, {406, "Not Acceptable"}, {407, "Proxy Authentication Required"},
    {408, "Request Timeout"}, {409, "Conflict"}, {410, "Gone"}, {411, "Length Required"},
    {412, "Precondition Failed"}, {413, "Request Entity Too Large"}, {414, "Request URI Too Long"},
    {415, "Unsupported Media Type"}, {416, "Requested Range Not Satisfiable"}, {417, "Expectation Failed"},
    {418, "I'm a teapot"}, {421, "Misdirected Request"}, {422, "Unprocessable Entity"}, {423, "Locked"},
    {424, "Failed Dependency"}, {425, "Too Early"}, {426, "Upgrade Required"}, {428, "Precondition Required"},
    {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"}, {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"}, {501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"},
    {504, "Gateway Timeout"}, {505, "HTTP Version Not Supported"}, {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"}, {508, "Loop Detected"}, {510, "Not Extended"},
    {511, "Network Authentication Required"},
};

const char *http1_reason(int status)
{
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "";
}

static void add_line(struct buf *b, const char *name, const json_t *v)
{
    if (json_is_string(v)) {
        buf_add(b, name, strlen(name));
        buf_add(b, ": ", 2);
        buf_add(b, json_string_value(v), json_string_length(v));
        buf_add(b, "\r\n", 2);
    } else if (json_is_integer(v)) {
        buf_addf(b, "%s: %lld\r\n", name, (long long)json_integer_value(v));
    } else if (json_is_array(v)) {
        for (size_t i = 0; i < json_array_size(v); i++)
            add_line(b, name, json_array_get(v, i));
    }
}

/* Exactly as given and in that order; null is left out. */
static void add_headers(struct buf *b, const json_t *headers)
{
    const char *name;
    json_t *v;
    json_object_foreach ((json_t *)headers, name, v)
        add_line(b, name, v);
}

static bool given(const json_t *headers, const char *name)
{
    const char *key;
    json_t *v;
    json_object_foreach ((json_t *)headers, key, v)
        if (!strcasecmp(key, name))
            return true;
    return false;
}

const char *http1_date(char out[HTTP1_DATE])
{
    struct tm tm;
    time_t now = time(NULL);
    gmtime_r(&now, &tm);
    strftime(out, HTTP1_DATE, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    return out;
}

static void add_date(struct buf *b)
{
    char date[HTTP1_DATE];
    buf_addf(b, "Date: %s\r\n", http1_date(date));
}

static bool bodiless(int status)
{
    return status < 200 || status == 204 || status == 304;
}

static void add_defaults(struct buf *b, const struct http1 *h, int status, const json_t *headers, size_t body_len,
                         bool close)
{
    if (!given(headers, "date"))
        add_date(b);
    if (!bodiless(status)) {
        if (!given(headers, "content-length") && !given(headers, "transfer-encoding"))
            buf_addf(b, "Content-Length: %zu\r\n", body_len);
        if (body_len && !given(headers, "content-type"))
            buf_addf(b, "Content-Type: text/plain; charset=utf-8\r\n");
    }
    if (close && h->req.minor >= 1 && !given(headers, "connection"))
        buf_addf(b, "Connection: close\r\n");
}

static void answered(struct http1 *h, int status)
{
    if (!events_heard(h->l.conn->events))
        return;
    json_t *path = json_string(h->req.path);
    conn_event(h->l.conn, 0, "http.response",
               json_pack("{s:i, s:o}", "status", status, "path", path ? path : json_string("(not UTF-8)")));
}

static void add_status(struct buf *b, const struct http1 *h, int status, const char *reason)
{
    buf_addf(b, "HTTP/1.%d %03d ", h->req.minor ? 1 : 0, status);
    if (*reason)
        buf_addf(b, "%s\r\n", reason);
    else
        buf_addf(b, "status code %d\r\n", status);
}

static void after_answer(struct http1 *h, bool close)
{
    if (h->l.conn->dead)
        return;
    if (close)
        http1_close(h);
    else if (!h->running)
        http1_run_later(h); /* the caller may still look at the request */
}

void http1_respond(struct http1 *h, int status, const char *reason, const json_t *headers, const void *body,
                   size_t body_len, bool close)
{
    struct buf b = BUF_NULL;
    if (!h->busy || h->streaming || h->l.conn->dead)
        return;
    close |= !h->keep_alive || h->eof || h->feeds; /* nobody waits for the rest of its body */
    add_status(&b, h, status, reason ? reason : http1_reason(status));
    add_headers(&b, headers);
    add_defaults(&b, h, status, headers, body_len, close);
    buf_add(&b, "\r\n", 2);
    if (strcmp(h->req.method, "HEAD") != 0)
        buf_add(&b, body, body_len);
    h->busy = false;
    answered(h, status);
    layer_down(&h->l, buf_data(&b), buf_len(&b));
    buf_done(&b);
    after_answer(h, close);
}

/* a body that comes bit by bit */

void http1_begin(struct http1 *h, int status, const json_t *headers)
{
    struct buf b = BUF_NULL;
    if (!h->busy || h->streaming || h->l.conn->dead)
        return;
    h->streaming = true;
    h->keep_alive = h->keep_alive && h->req.minor && !h->eof;
    add_status(&b, h, status, http1_reason(status));
    add_headers(&b, headers);
    if (!given(headers, "date"))
        add_date(&b);
    h->bare = bodiless(status) || !strcmp(h->req.method, "HEAD");
    h->chunked = h->req.minor && !h->bare && !given(headers, "content-length");
    h->keep_alive = h->keep_alive && (h->bare || h->chunked || given(headers, "content-length"));
    if (h->chunked)
        buf_addf(&b, "Transfer-Encoding: chunked\r\n");
    buf_addf(&b, "\r\n");
    answered(h, status);
    layer_down(&h->l, buf_data(&b), buf_len(&b));
    buf_done(&b);
}

void http1_write(struct http1 *h, const void *p, size_t n)
{
    struct buf b = BUF_NULL;
    if (!h->streaming || !n || h->bare || h->l.conn->dead)
        return;
    if (h->chunked)
        buf_addf(&b, "%zx\r\n", n);
    buf_add(&b, p, n);
    if (h->chunked)
        buf_add(&b, "\r\n", 2);
    layer_down(&h->l, buf_data(&b), buf_len(&b));
    buf_done(&b);
}

void http1_end(struct http1 *h)
{
    if (!h->streaming || h->l.conn->dead)
        return;
    if (h->chunked)
        layer_down(&h->l, "0\r\n\r\n", 5);
    h->streaming = h->busy = false;
    after_answer(h, !h->keep_alive || h->feeds);
}

/* the 101 */

static void become(struct http1 *h, int status, const char *reason, const json_t *headers)
{
    struct buf b = BUF_NULL;
    buf_addf(&b, "HTTP/1.1 %d %s\r\n", status, reason);
    add_headers(&b, headers);
    buf_add(&b, "\r\n", 2);
    h->busy = false;
    h->upgraded = true;
    answered(h, status);
    layer_down(&h->l, buf_data(&b), buf_len(&b));
    buf_done(&b);
    if (!h->running && !h->l.conn->dead)
        http1_run_later(h); /* whoever answers pushes the next layer first */
}

static void write_upgrade(struct http1 *h)
{
    become(h, 101, "Switching Protocols", h->upgrade_headers);
}

void http1_become(struct http1 *h, int status, const char *reason, const json_t *headers)
{
    if (h->busy && !h->l.conn->dead)
        become(h, status, reason, headers);
}

/* Over those that stand there, whatever their case. */
static void set_upgrade_headers(struct http1 *h, const json_t *headers)
{
    const char *name, *key;
    void *next;
    json_t *v, *had;
    json_object_foreach ((json_t *)headers, name, v) {
        json_object_foreach_safe (h->upgrade_headers, next, key, had)
            if (!strcasecmp(key, name))
                json_object_del(h->upgrade_headers, key);
        json_object_set(h->upgrade_headers, name, v);
    }
}

static bool upgrade_action(void *arg, const struct action *a)
{
    struct http1 *h = arg;
    if (!strcmp(a->verb, "headers"))
        set_upgrade_headers(h, a->args);
    else if (!strcmp(a->verb, "pass"))
        h->upgrade_pass = true;
    else if (!strcmp(a->verb, "respond"))
        http1_respond_verb(h, a);
    else
        return !strcmp(a->verb, "withhold");
    return true;
}

static void upgrade_decided(void *arg, bool carry_on)
{
    struct http1 *h = arg;
    if (h->l.conn->dead)
        return;
    if ((carry_on || h->upgrade_pass) && h->busy) {
        write_upgrade(h);
        return;
    }
    h->deaf = true; /* the layers above the 101 stand already, and never open */
    h->busy = false;
}

void http1_upgrade(struct http1 *h, const json_t *headers)
{
    struct conn *c = h->l.conn;
    if (!h->busy || c->dead)
        return;
    json_decref(h->upgrade_headers);
    h->upgrade_headers = json_deep_copy(headers);
    const struct action *a = conn_moment(c, 0, "ws.handshake",
                                         conn_heard(c, "ws.handshake") ? json_pack("{s:O}", "headers", headers) : NULL);
    if (!c->dead)
        conn_act_all(c, &h->l, a, upgrade_action, upgrade_decided, h);
}

void http1_refuse(struct http1 *h, const char *status, const char *detail, const char *reason)
{
    struct buf b = BUF_NULL;
    conn_event(h->l.conn, 0, "http.malformed", json_pack("{s:s}", "reason", reason));
    _cleanup_(freep) char *said = xasprintf("%s%s%s", status, detail ? ": " : "", detail ? detail : "");
    buf_addf(&b, "HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n%s", said, said);
    layer_down(&h->l, buf_data(&b), buf_len(&b));
    buf_done(&b);
    http1_close(h);
}

static void bad_verb(struct http1 *h, const char *reason)
{
    conn_event(h->l.conn, 0, "fault.failed", json_pack("{s:s, s:s}", "verb", "respond", "reason", reason));
}

void http1_respond_verb(struct http1 *h, const struct action *a)
{
    json_t *status = json_object_get(a->args, "status"), *headers = json_object_get(a->args, "headers"),
           *text = json_object_get(a->args, "body");
    _cleanup_(freep) uint8_t *body = NULL;
    size_t n = 0;
    if (status && !(json_is_integer(status) && json_integer_value(status) > 0 && json_integer_value(status) < 1000)) {
        bad_verb(h, "status is a number from 1 to 999");
        return;
    }
    if (headers && !json_is_object(headers)) {
        bad_verb(h, "headers are an object {name: value}");
        return;
    }
    if (text && !json_is_null(text) && action_bytes(text, &body, &n) < 0) {
        bad_verb(h, "body is text, {text: …}, {hex: …} or {base64: …}");
        return;
    }
    http1_respond(h, status ? (int)json_integer_value(status) : 200,
                  json_string_value(json_object_get(a->args, "reason")), headers, body, n,
                  json_is_true(json_object_get(a->args, "close")));
}
