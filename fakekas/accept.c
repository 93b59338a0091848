/* The WebSocket handshake as KAS's library judges it, in its words and in its order. Any path is accepted: KAS never
 * looks at it (the front does). */
#include <string.h>
#include <strings.h>

#include "fakekas/accept.h"
#include "fakekas/internal.h"
#include "fakekas/relay.h"
#include "lib/base/buf.h"

/* Go's %q, as far as headers need it. A new string. */
static char *quoted(const char *s)
{
    struct buf b = BUF_NULL;
    buf_add(&b, "\"", 1);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            buf_addf(&b, "\\%c", *s);
        else if ((unsigned char)*s < 0x20 || *s == 0x7f)
            buf_addf(&b, "\\x%02x", (unsigned char)*s);
        else
            buf_add(&b, s, 1);
    }
    buf_add(&b, "\"", 2); /* with its NUL */
    char *text = xstrdup((const char *)buf_data(&b));
    buf_done(&b);
    return text;
}

static const char *header(const struct http1_request *r, const char *name)
{
    const char *v = http1_header(r, name);
    return v ? v : "";
}

static char *say(const char *before, const char *value, const char *after)
{
    _cleanup_(freep) char *q = quoted(value);
    return xasprintf("%s%s%s", before, q, after);
}

#define VIOLATION "WebSocket protocol violation: "

static int judge_origin(const struct http1_request *r, char **ret_text)
{
    const char *origin = header(r, "origin"), *host = header(r, "host");
    if (!*origin)
        return 101;
    const char *at = strstr(origin, "://");
    at = at ? at + 3 : origin;
    size_t n = strcspn(at, "/?#");
    if (n == strlen(host) && !strncasecmp(at, host, n))
        return 101;
    _cleanup_(freep) char *qo = quoted(origin), *qh = quoted(host);
    *ret_text = xasprintf("request Origin %s is not authorized for Host %s", qo, qh);
    return 403;
}

int accept_judge(const struct http1_request *r, char **ret_text)
{
    *ret_text = NULL;
    if (r->major < 1 || (r->major == 1 && r->minor < 1)) {
        *ret_text = xasprintf(VIOLATION "handshake request must be at least HTTP/1.1: \"HTTP/%d.%d\"", r->major,
                              r->minor);
        return 426;
    }
    if (!http1_header_has(r, "connection", "upgrade")) {
        *ret_text = say(VIOLATION "Connection header ", header(r, "connection"), " does not contain Upgrade");
        return 426;
    }
    if (!http1_header_has(r, "upgrade", "websocket")) {
        *ret_text = say(VIOLATION "Upgrade header ", header(r, "upgrade"), " does not contain websocket");
        return 426;
    }
    if (strcmp(r->method, "GET")) {
        *ret_text = say(VIOLATION "handshake request method is not GET but ", r->method, "");
        return 405;
    }
    if (strcmp(header(r, "sec-websocket-version"), "13")) {
        *ret_text = say("unsupported WebSocket protocol version (only 13 is supported): ",
                        header(r, "sec-websocket-version"), "");
        return 400;
    }
    if (!*header(r, "sec-websocket-key")) {
        *ret_text = xstrdup(VIOLATION "missing Sec-WebSocket-Key");
        return 400;
    }
    return judge_origin(r, ret_text);
}

/* Go's http.Error: text and a newline. */
static void refuse(struct link *l, struct http1 *h, const struct http1_request *r, int status, const char *text)
{
    const char *server = l->kas->traits.server;
    json_t *headers = json_object();
    bool invites = status == 426 && r->minor >= 1; /* not whom HTTP/1.0 is too old for it */
    if (invites)
        json_object_set_new(headers, "Connection", json_string("Upgrade"));
    json_object_set_new(headers, "Content-Type", json_string("text/plain; charset=utf-8"));
    if (status == 400 && strstr(text, "unsupported"))
        json_object_set_new(headers, "Sec-Websocket-Version", json_string("13"));
    if (*server)
        json_object_set_new(headers, "Server", json_string(server));
    if (invites)
        json_object_set_new(headers, "Upgrade", json_string("websocket"));
    json_object_set_new(headers, "X-Content-Type-Options", json_string("nosniff"));
    _cleanup_(freep) char *body = xasprintf("%s\n", text);
    kas_event(l->kas, l->conn, 0, "kas.handshake_refused", json_pack("{siss}", "status", status, "why", text));
    http1_respond(h, status, http1_reason(status), headers, body, strlen(body), r->major == 1 && r->minor == 0);
    json_decref(headers);
}

static void upgrade(struct link *l, struct http1 *h, const struct http1_request *r)
{
    char key[29], date[HTTP1_DATE];
    const char *server = l->kas->traits.server;
    bool tunnel = http1_header_has(r, "sec-websocket-protocol", "ws-tunnel");
    ws_accept_key(header(r, "sec-websocket-key"), key);

    json_t *headers = json_object();
    json_object_set_new(headers, "Connection", json_string("Upgrade"));
    json_object_set_new(headers, "Sec-Websocket-Accept", json_string(key));
    if (tunnel)
        json_object_set_new(headers, "Sec-Websocket-Protocol", json_string("ws-tunnel"));
    if (l->kas->front.omnibus)
        json_object_set_new(headers, "Server", json_string("nginx"));
    else if (*server)
        json_object_set_new(headers, "Server", json_string(server));
    json_object_set_new(headers, "Upgrade", json_string("websocket"));
    if (l->kas->traits.date_in_101 && !l->kas->front.omnibus)
        json_object_set_new(headers, "Date", json_string(http1_date(date)));
    http1_upgrade(h, headers);
    json_decref(headers);
    if (l->conn->dead)
        return;

    struct ws_options o = {.server = true, .max_message = (size_t)l->kas->limits.ws_message};
    l->ws = ws_push(l->conn, &o);
    if (tunnel) {
        l->session = grpc_serve(l->kas->grpc, l->conn);
        return;
    }
    /* nhooyr's server chose no subprotocol, whatever was asked for. */
    kas_event(l->kas, l->conn, 0, "kas.handshake_refused",
              json_pack("{siss}", "status", 101, "why", "subprotocol is not ws-tunnel"));
    ws_close(l->ws, 1002, "Expecting \"ws-tunnel\" subprotocol, got \"\"");
}

void accept_request(void *arg, struct http1 *h, const struct http1_request *r)
{
    struct link *l = arg;
    struct front_answer front;
    struct front_request fr = {.path = r->path, .target = r->target, .host = http1_header(r, "host"),
                               .tls = l->listener->tls, .kas_down = l->kas->stopped};
    front_route(&l->kas->front, &fr, &front);
    if (front.status) {
        kas_event(l->kas, l->conn, 0, "kas.front_answered",
                  json_pack("{siss}", "status", front.status, "path", r->path));
        http1_respond(h, front.status, http1_reason(front.status), front.headers, front.body, strlen(front.body),
                      false);
        front_answer_done(&front);
        return;
    }
    if (l->kas->upstream) {
        relay_request(l, h, r);
        return;
    }
    _cleanup_(freep) char *text = NULL;
    int status = accept_judge(r, &text);
    if (status == 101)
        upgrade(l, h, r);
    else
        refuse(l, h, r, status, text);
}

/* An HTTP/2 preface at a port that has WebSocket only: Go's server hands "PRI * HTTP/2.0" to the handler, which finds
 * no upgrade in it. */
void accept_refuse_preface(struct conn *c)
{
    struct link *l = link_of(c);
    const char *text = VIOLATION "Connection header \"\" does not contain Upgrade\n", *server = l->kas->traits.server;
    char date[HTTP1_DATE];
    _cleanup_(freep) char *answer = xasprintf(
        "HTTP/1.1 426 Upgrade Required\r\nContent-Type: text/plain; charset=utf-8\r\n%s%s%sUpgrade: websocket\r\n"
        "X-Content-Type-Options: nosniff\r\nDate: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
        *server ? "Server: " : "", server, *server ? "\r\n" : "", http1_date(date), strlen(text), text);
    kas_event(l->kas, c, 0, "kas.handshake_refused", json_pack("{siss}", "status", 426, "why", "raw gRPC"));
    layer_down(c->top, answer, strlen(answer)); /* the top only looked at the preface: beneath it is the wire */
    conn_close(c, LAYER_CLOSE);
}
