/* Requests in any pieces, answers byte for byte, refusals in Go's words, and the way to a WebSocket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/net/conn_test.h"
#include "lib/proto/http1.h"

struct top {
    struct layer l;
    struct buf got;
    bool open, eof;
};

struct world {
    struct moments m;
    const struct action *then; /* at http.request */
    struct events *events;
    struct event_sub *sub;
    struct buf log, seen;
    struct conn *c;
    struct http1 *h;
    struct top *top;
    json_t *headers; /* of the answer */
    int status;      /* 0: the request is left waiting */
    const char *body;
    bool close;
    struct timer *timer;
};

static const struct action *at(struct moments *m, struct conn *c, int64_t stream, const char *moment,
                               const json_t *facts)
{
    return strcmp(moment, "http.request") ? NULL : ((struct world *)m)->then;
}

static bool cares(struct moments *m, const char *moment)
{
    return true;
}

static void on_event(void *arg, const json_t *event)
{
    char *text = json_dumps(event, JSON_COMPACT);
    buf_addf(&((struct world *)arg)->log, "%s\n", text);
    free(text);
}

static void top_bytes(struct layer *l, const uint8_t *p, size_t n)
{
    buf_add(&((struct top *)l)->got, p, n);
}

static void top_signal(struct layer *l, enum layer_signal s, const char *reason)
{
    struct top *t = (struct top *)l;
    t->open |= s == LAYER_OPEN;
    t->eof |= s == LAYER_EOF;
}

static void top_free(struct layer *l)
{
    buf_done(&((struct top *)l)->got);
    free(l);
}

static const struct layer_ops top_ops = {
    .name = "top", .bytes_up = top_bytes, .signal = top_signal, .free = top_free};

static void push_top(struct world *w)
{
    w->top = NEW(struct top);
    w->top->l.ops = &top_ops;
    conn_push(w->c, &w->top->l);
}

static void answer(struct world *w)
{
    if (w->status == 101) {
        http1_upgrade(w->h, w->headers);
        push_top(w);
    } else if (w->status) {
        http1_respond(w->h, w->status, NULL, w->headers, w->body, w->body ? strlen(w->body) : 0, w->close);
    }
}

static void request(void *arg, struct http1 *h, const struct http1_request *r)
{
    struct world *w = arg;
    char *headers = json_dumps(r->headers, JSON_COMPACT);
    buf_addf(&w->seen, "%s %s %s %d.%d %s %.*s%s;", r->method, r->target, r->path, r->major, r->minor, headers,
             (int)r->body_len, r->body ? (const char *)r->body : "", r->too_large ? " too large" : "");
    free(headers);
    answer(w);
}

static struct world *world_new_as(int status, const char *body, const struct action *then, struct http1_owner owner)
{
    struct world *w = NEW(struct world);
    w->m = (struct moments){at, cares};
    w->then = then;
    w->status = status;
    w->body = body;
    assert_int_equal(events_open(NULL, NULL, &w->events), 0);
    w->sub = events_subscribe(w->events, on_event, w);
    w->c = conn_fake_new(&w->m, w->events);
    owner.request = request;
    owner.arg = w;
    w->h = http1_server_push(w->c, &owner);
    conn_fake_open(w->c);
    return w;
}

static struct world *world_new(int status, const char *body, const struct action *then)
{
    return world_new_as(status, body, then, (struct http1_owner){0});
}

static void world_free(struct world *w)
{
    timer_free(w->timer);
    if (w->c->dead)
        conn_fake_run(w->c); /* frees what is dead */
    conn_fake_free(w->c);
    events_unsubscribe(w->sub);
    events_free(w->events);
    json_decref(w->headers);
    buf_done(&w->log);
    buf_done(&w->seen);
    free(w);
}

static const char *text(struct buf *b)
{
    buf_add(b, "", 1);
    b->end--;
    return (const char *)buf_data(b);
}

static void feed(struct world *w, const char *s)
{
    conn_fake_feed(w->c, s, strlen(s));
    conn_fake_run(w->c);
}

/* What was written, with the date made equal. */
static void assert_out(struct world *w, const char *expected)
{
    struct buf *out = conn_fake_out(w->c);
    char *got = xstrdup(text(out)), *date = got;
    while ((date = strstr(date, "\r\nDate: "))) {
        date += 8;
        assert_true(strlen(date) > 31 && !strncmp(date + 25, " GMT\r\n", 6));
        memmove(date, date + 29, strlen(date + 29) + 1);
    }
    assert_string_equal(got, expected);
    free(got);
    buf_consume(out, buf_len(out));
}

static void assert_logged(struct world *w, const char *what)
{
    if (!strstr(text(&w->log), what))
        fail_msg("not logged: %s\nlog:\n%s", what, text(&w->log));
}

#define UPGRADE                                                                                                      \
    "GET /-/kubernetes-agent/?x=1 HTTP/1.1\r\nHost: gitlab.host.tld\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" \
    "Sec-WebSocket-Key: abc\r\n\r\n"

static void reads_a_request(void **state)
{
    struct world *w = world_new(200, "hi", NULL);
    feed(w, "POST /a/b?c=d HTTP/1.1\r\nHost: h\r\nX-Two: 1\r\nx-two:  2 \r\nEmpty:\r\nContent-Length: 3\r\n\r\nabc");
    assert_string_equal(text(&w->seen), "POST /a/b?c=d /a/b 1.1 {\"host\":\"h\",\"x-two\":[\"1\",\"2\"],\"empty\":\"\","
                                        "\"content-length\":\"3\"} abc;");
    assert_out(w, "HTTP/1.1 200 OK\r\nDate: \r\nContent-Length: 2\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nhi");
    assert_logged(w, "\"event\":\"http.request\",\"method\":\"POST\",\"target\":\"/a/b?c=d\",\"path\":\"/a/b\","
                     "\"query\":\"c=d\",\"version\":\"1.1\",\"host\":\"h\"");
    assert_logged(w, "\"event\":\"http.response\",\"status\":200,\"path\":\"/a/b\"");
    world_free(w);
}

static void byte_by_byte(void **state)
{
    struct world *w = world_new(204, NULL, NULL);
    for (const char *s = UPGRADE; *s; s++)
        conn_fake_feed(w->c, s, 1);
    assert_string_equal(text(&w->seen), "GET /-/kubernetes-agent/?x=1 /-/kubernetes-agent/ 1.1 {\"host\":"
                                        "\"gitlab.host.tld\",\"connection\":\"Upgrade\",\"upgrade\":\"websocket\","
                                        "\"sec-websocket-key\":\"abc\"} ;");
    assert_out(w, "HTTP/1.1 204 No Content\r\nDate: \r\n\r\n");
    world_free(w);
}

static void one_after_the_other(void **state)
{
    struct world *w = world_new(0, NULL, NULL);
    feed(w, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_null(strstr(text(&w->seen), "/2")); /* /1 waits for its answer */
    w->status = 404;
    answer(w);
    conn_fake_run(w->c);
    assert_non_null(strstr(text(&w->seen), "GET /2"));
    assert_out(w, "HTTP/1.1 404 Not Found\r\nDate: \r\nContent-Length: 0\r\n\r\n"
                  "HTTP/1.1 404 Not Found\r\nDate: \r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert_int_equal(conn_fake_closed(w->c), FAKE_CLOSED);
    world_free(w);
}

static void headers_as_given(void **state)
{
    struct world *w = world_new(426, "why\n", NULL);
    w->headers = json_pack("{s:s, s:s, s:[s,s], s:n, s:n, s:i}", "Upgrade", "websocket", "Connection", "Upgrade",
                           "X-Many", "1", "2", "Date", "content-type", "X-N", 7);
    w->close = true;
    feed(w, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_out(w, "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Many: 1\r\n"
                  "X-Many: 2\r\nX-N: 7\r\nContent-Length: 4\r\n\r\nwhy\n");
    assert_int_equal(conn_fake_closed(w->c), FAKE_CLOSED);
    world_free(w);
}

static void old_http(void **state)
{
    struct world *w = world_new(299, NULL, NULL);
    feed(w, "HEAD / HTTP/1.0\r\n\r\n");
    assert_out(w, "HTTP/1.0 299 status code 299\r\nDate: \r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(conn_fake_closed(w->c), FAKE_CLOSED);
    world_free(w);
}

static void upgrade_keeps_what_follows(void **state)
{
    struct world *w = world_new(101, NULL, NULL);
    w->headers = json_pack("{s:s, s:s}", "Upgrade", "websocket", "Connection", "Upgrade");
    feed(w, UPGRADE "\x82\x01x");
    assert_out(w, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    assert_true(w->top->open);
    assert_string_equal(text(&w->top->got), "\x82\x01x");
    feed(w, "GET / HTTP/1.1\r\n\r\n"); /* no longer ours to read */
    assert_string_equal(text(&w->top->got), "\x82\x01xGET / HTTP/1.1\r\n\r\n");
    layer_down(&w->top->l, "down", 4);
    assert_out(w, "down");
    conn_fake_eof(w->c);
    assert_true(w->top->eof);
    assert_logged(w, "\"status\":101");
    world_free(w);
}

static void late(void *arg)
{
    struct world *w = arg;
    w->status = 101;
    answer(w);
}

static void upgrade_later(void **state)
{
    struct world *w = world_new(0, NULL, NULL);
    w->timer = timer_new(w->c->loop, 1, late, w);
    conn_fake_feed(w->c, UPGRADE "early", strlen(UPGRADE) + 5);
    assert_null(w->top);
    feed(w, " bird");
    assert_true(w->top->open);
    assert_string_equal(text(&w->top->got), "early bird");
    world_free(w);
}

/* The owner answers later, and the connection dies in the same turn. */
static void dies_while_scheduled(void **state)
{
    struct world *w = world_new(0, NULL, NULL);
    conn_fake_feed(w->c, UPGRADE, strlen(UPGRADE));
    w->status = 200;
    answer(w);
    conn_kill(w->c, "test");
    world_free(w);
}

static void malformed(void **state)
{
    static const char *const bad[] = {"\x16\x03\x01\x02", "GET\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
                                      "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "PRI * HTTP/2.0\r\n\r\n",
                                      "\r\n\r\n:"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        for (int pieces = 0; pieces < 2; pieces++) {
            struct world *w = world_new(200, NULL, NULL);
            size_t n = strlen(bad[i]), step = pieces ? 1 : n;
            for (size_t at_byte = 0; at_byte < n; at_byte += step)
                conn_fake_feed(w->c, bad[i] + at_byte, step);
            assert_out(w, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
                          "Connection: close\r\n\r\n400 Bad Request");
            assert_int_equal(conn_fake_closed(w->c), FAKE_CLOSED);
            assert_logged(w, "\"event\":\"http.malformed\"");
            assert_string_equal(text(&w->seen), "");
            world_free(w);
        }
}

static void control_characters(void **state)
{
    struct world *w = world_new(200, NULL, NULL);
    feed(w, "GET / HTTP/1.1\r\nHost: h\r\na: \x01\r\n\r\n");
    assert_out(w, "HTTP/1.1 400 Bad Request: invalid header value\r\nContent-Type: text/plain; charset=utf-8\r\n"
                  "Connection: close\r\n\r\n400 Bad Request: invalid header value");
    world_free(w);
}

static void host_is_required(void **state)
{
    struct world *w = world_new(200, NULL, NULL);
    feed(w, "GET / HTTP/1.1\r\n\r\n");
    assert_out(w, "HTTP/1.1 400 Bad Request: missing required Host header\r\nContent-Type: text/plain; charset=utf-8\r\n"
                  "Connection: close\r\n\r\n400 Bad Request: missing required Host header");
    world_free(w);
}

static void other_versions_are_refused(void **state)
{
    struct world *w = world_new(200, NULL, NULL);
    feed(w, "GET / HTTP/3.0\r\nHost: h\r\n\r\n");
    assert_out(w, "HTTP/1.1 505 HTTP Version Not Supported: unsupported protocol version\r\n"
                  "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
                  "505 HTTP Version Not Supported: unsupported protocol version");
    world_free(w);
}

static void head_too_large(void **state)
{
    struct world *w = world_new(200, NULL, NULL);
    char line[1024];
    memset(line, 'x', sizeof(line));
    memcpy(line, "X-Pad: ", 7);
    memcpy(line + sizeof(line) - 3, "\r\n", 3);
    feed(w, "GET / HTTP/1.1\r\nHost: h\r\n");
    for (int i = 0; i < 70; i++)
        feed(w, line);
    assert_out(w, "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: text/plain; charset=utf-8\r\n"
                  "Connection: close\r\n\r\n431 Request Header Fields Too Large");
    assert_logged(w, "\"event\":\"http.malformed\"");
    world_free(w);
}

static void body_is_bounded(void **state)
{
    struct world *w = world_new(200, NULL, NULL);
    size_t n = 3 << 20;
    _cleanup_(freep) char *body = xcalloc(1, n);
    feed(w, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3145728\r\n\r\n");
    conn_fake_feed(w->c, body, n);
    assert_non_null(strstr(text(conn_fake_out(w->c)), "200 OK"));
    world_free(w);
}

/* Whether its length is told or comes in chunks, a body beyond the owner's limit is not read, and ends the connection. */
static void body_beyond_the_owners_limit(void **state)
{
    static const struct {
        const char *head, *body;
        bool too_large;
    } cases[] = {{"Content-Length: 8", "12345678", false},
                 {"Content-Length: 9", "123456789", true},
                 {"Content-Length: 99999999999", "", true},
                 {"Transfer-Encoding: chunked", "4\r\n1234\r\n4\r\n5678\r\n0\r\n\r\n", false},
                 {"Transfer-Encoding: chunked", "4\r\n1234\r\n5\r\n56789\r\n0\r\n\r\n", true}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (int pieces = 0; pieces < 2; pieces++) {
            struct world *w = world_new_as(200, NULL, NULL, (struct http1_owner){.max_body = 8});
            _cleanup_(freep) char *all =
                xasprintf("POST / HTTP/1.1\r\nHost: h\r\n%s\r\n\r\n%s", cases[i].head, cases[i].body);
            size_t n = strlen(all), step = pieces ? 1 : n;
            for (size_t at_byte = 0; at_byte < n; at_byte += step)
                conn_fake_feed(w->c, all + at_byte, step);
            assert_non_null(strstr(text(&w->seen), cases[i].too_large ? "}  too large;" : "} 12345678;"));
            assert_null(strstr(strstr(text(&w->seen), ";") + 1, ";")); /* once */
            assert_int_equal(conn_fake_closed(w->c), cases[i].too_large ? FAKE_CLOSED : FAKE_NOT_CLOSED);
            world_free(w);
        }
}

static void says_to_continue(void **state)
{
    struct world *w = world_new_as(204, NULL, NULL, (struct http1_owner){.max_body = 8});
    feed(w, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_out(w, "HTTP/1.1 100 Continue\r\n\r\n");
    feed(w, "ab");
    assert_out(w, "HTTP/1.1 204 No Content\r\nDate: \r\n\r\n");
    feed(w, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
    assert_out(w, "HTTP/1.1 204 No Content\r\nDate: \r\nConnection: close\r\n\r\n");
    world_free(w);
}

static void not_utf8(void **state)
{
    struct world *w = world_new(200, NULL, NULL);
    feed(w, "GET /\xe9 HTTP/1.1\r\nHost: h\r\nX: caf\xe9\r\n\r\n");
    assert_non_null(strstr(text(&w->seen), "caf\xc3\xa9"));
    world_free(w);
}

static void credentials_stay_out_of_the_log(void **state)
{
    static const char *const names[] = {"job-token", NULL};
    struct world *w = world_new_as(200, NULL, NULL, (struct http1_owner){.secret_headers = names});
    feed(w, "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer glagent-secret\r\nJob-Token: jjj\r\n\r\n");
    assert_null(strstr(text(&w->log), "glagent-secret"));
    assert_null(strstr(text(&w->log), "jjj"));
    assert_logged(w, "\"authorization\":\"Bearer <token>\"");
    assert_non_null(strstr(text(&w->seen), "glagent-secret")); /* the owner has to judge it */
    world_free(w);
}

static void scenario_responds(void **state)
{
    json_t *args = json_pack("{s:i, s:{s:s}, s:{s:s}}", "status", 301, "headers", "location", "/x/", "body", "hex",
                             "3c0a");
    struct action a = {"respond", args, NULL};
    struct world *w = world_new(200, NULL, &a);
    feed(w, "GET /x HTTP/1.1\r\nHost: h\r\n\r\nGET /y HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_string_equal(text(&w->seen), "");
    const char *one = "HTTP/1.1 301 Moved Permanently\r\nlocation: /x/\r\nDate: \r\nContent-Length: 2\r\n"
                      "Content-Type: text/plain; charset=utf-8\r\n\r\n<\n";
    _cleanup_(freep) char *two = xasprintf("%s%s", one, one);
    assert_out(w, two);
    world_free(w);
    json_decref(args);
}

static void scenario_delays(void **state)
{
    json_t *ms = json_integer(5);
    struct action a = {"delay", ms, NULL};
    struct world *w = world_new(204, NULL, &a);
    conn_fake_feed(w->c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 27);
    assert_int_equal(buf_len(conn_fake_out(w->c)), 0);
    feed(w, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_non_null(strstr(text(&w->seen), ";GET / ")); /* the second one too, behind it */
    world_free(w);
    json_decref(ms);
}

static void scenario_sends_bytes(void **state)
{
    json_t *bytes = json_pack("{s:s}", "hex", "000006040000000000000500004000");
    struct action a = {"send", bytes, NULL};
    struct world *w = world_new(200, NULL, &a);
    feed(w, UPGRADE "more");
    feed(w, "and more");
    assert_int_equal(conn_fake_closed(w->c), FAKE_NOT_CLOSED);
    assert_string_equal(text(&w->seen), "");
    world_free(w);
    json_decref(bytes);
}

static void scenario_is_wrong(void **state)
{
    json_t *args = json_pack("{s:i, s:s}", "status", 200, "headers", "none");
    struct action a = {"respond", args, NULL};
    struct world *w = world_new(200, NULL, &a);
    feed(w, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_logged(w, "headers are an object");
    world_free(w);
    json_decref(args);
}

static void ends_early(void **state)
{
    struct world *w = world_new(200, NULL, NULL);
    feed(w, "GET / HT");
    conn_fake_eof(w->c);
    assert_int_equal(conn_fake_closed(w->c), FAKE_CLOSED);
    world_free(w);
}

static void looks_at_headers(void **state)
{
    json_t *headers = json_pack("{s:s, s:[s,s]}", "connection", "keep-alive, Upgrade ,x", "p", "a", "b, c");
    struct http1_request r = {.headers = headers};
    assert_true(http1_header_has(&r, "Connection", "upgrade"));
    assert_false(http1_header_has(&r, "connection", "keep"));
    assert_true(http1_header_has(&r, "P", "C"));
    assert_false(http1_header_has(&r, "q", "c"));
    assert_string_equal(http1_header(&r, "P"), "a");
    assert_null(http1_header(&r, "q"));
    assert_string_equal(http1_reason(413), "Request Entity Too Large");
    assert_string_equal(http1_reason(999), "");
    json_decref(headers);
}

static void body_bit_by_bit(void **state)
{
    struct world *w = world_new(0, NULL, NULL);
    feed(w, "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    http1_begin(w->h, 200, NULL);
    http1_write(w->h, "hello", 5);
    http1_respond(w->h, 500, NULL, NULL, NULL, 0, false); /* there is an answer already */
    http1_write(w->h, "", 0);                             /* this is not the end */
    http1_write(w->h, "0123456789abcdef", 16);
    assert_out(w, "HTTP/1.1 200 OK\r\nDate: \r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n10\r\n0123456789abcdef\r\n");
    assert_null(strstr(text(&w->seen), "/b"));
    http1_end(w->h);
    conn_fake_run(w->c);
    assert_out(w, "0\r\n\r\n");
    assert_non_null(strstr(text(&w->seen), "GET /b"));
    http1_begin(w->h, 200, NULL);
    conn_fake_eof(w->c); /* nobody waits for the rest */
    assert_int_equal(conn_fake_closed(w->c), FAKE_CLOSED);
    world_free(w);
}

static void body_to_an_old_client(void **state)
{
    struct world *w = world_new(0, NULL, NULL);
    feed(w, "GET / HTTP/1.0\r\n\r\n");
    http1_begin(w->h, 200, NULL);
    http1_write(w->h, "hello", 5);
    http1_end(w->h);
    assert_out(w, "HTTP/1.0 200 OK\r\nDate: \r\n\r\nhello");
    assert_int_equal(conn_fake_closed(w->c), FAKE_CLOSED);
    world_free(w);
}

static bool always(void *arg, const struct http1_request *r)
{
    return strcmp(r->path, "/whole") != 0;
}

static void piece(void *arg, struct http1 *h, const uint8_t *p, size_t n)
{
    struct world *w = arg;
    buf_addf(&w->seen, n ? "[%.*s]" : "[.]", (int)n, (const char *)p);
    if (n == 4 && !memcmp(p, "stop", n))
        http1_respond(h, 413, NULL, NULL, NULL, 0, false);
}

static const struct http1_owner bit_by_bit = {.streams = always, .body = piece};

static void request_body_bit_by_bit(void **state)
{
    struct world *w = world_new_as(0, NULL, NULL, bit_by_bit);
    feed(w, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
    assert_non_null(strstr(text(&w->seen), "POST /a /a 1.1"));
    feed(w, "cdePOST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n");
    assert_non_null(strstr(text(&w->seen), ";[ab][cde][.]"));
    assert_null(strstr(text(&w->seen), "/b")); /* the one before waits for its answer */
    http1_respond(w->h, 204, NULL, NULL, NULL, 0, false);
    conn_fake_run(w->c);
    assert_non_null(strstr(text(&w->seen), "POST /b /b 1.1"));
    assert_non_null(strstr(text(&w->seen), ";[xyz]"));
    feed(w, "0\r\n\r\n");
    assert_non_null(strstr(text(&w->seen), "[xyz][.]"));
    http1_respond(w->h, 204, NULL, NULL, NULL, 0, false);
    feed(w, "POST /whole HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab");
    assert_non_null(strstr(text(&w->seen), "} ab;")); /* its owner wants it whole */
    http1_respond(w->h, 204, NULL, NULL, NULL, 0, false);
    feed(w, "GET /none HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_non_null(strstr(text(&w->seen), "GET /none")); /* nothing is to come */
    world_free(w);
}

static void answered_before_its_end(void **state)
{
    struct world *w = world_new_as(0, NULL, NULL, bit_by_bit);
    feed(w, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 500\r\n\r\nstop");
    assert_out(w, "HTTP/1.1 413 Request Entity Too Large\r\nDate: \r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert_int_equal(conn_fake_closed(w->c), FAKE_CLOSED);
    world_free(w);
}

static void its_end_never_comes(void **state)
{
    struct world *w = world_new_as(0, NULL, NULL, bit_by_bit);
    feed(w, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 500\r\n\r\nab");
    conn_fake_eof(w->c);
    assert_int_equal(conn_fake_closed(w->c), FAKE_CLOSED);
    world_free(w);
    w = world_new_as(0, NULL, NULL, bit_by_bit);
    feed(w, "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n");
    assert_true(w->c->dead);
    assert_logged(w, "http.malformed");
    world_free(w);
}

static void held_until_it_is_decided(void **state)
{
    json_t *ms = json_integer(5);
    struct action a = {"delay", ms, NULL};
    struct world *w = world_new_as(0, NULL, &a, bit_by_bit);
    conn_fake_feed(w->c, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab", 51);
    assert_true(w->c->held);
    assert_string_equal(text(&w->seen), "");
    feed(w, "");
    assert_false(w->c->held);
    assert_non_null(strstr(text(&w->seen), ";[ab][.]"));
    world_free(w);
    json_decref(ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_request),
        cmocka_unit_test(byte_by_byte),
        cmocka_unit_test(one_after_the_other),
        cmocka_unit_test(headers_as_given),
        cmocka_unit_test(old_http),
        cmocka_unit_test(upgrade_keeps_what_follows),
        cmocka_unit_test(upgrade_later),
        cmocka_unit_test(dies_while_scheduled),
        cmocka_unit_test(malformed),
        cmocka_unit_test(control_characters),
        cmocka_unit_test(host_is_required),
        cmocka_unit_test(other_versions_are_refused),
        cmocka_unit_test(head_too_large),
        cmocka_unit_test(body_is_bounded),
        cmocka_unit_test(body_beyond_the_owners_limit),
        cmocka_unit_test(says_to_continue),
        cmocka_unit_test(not_utf8),
        cmocka_unit_test(credentials_stay_out_of_the_log),
        cmocka_unit_test(scenario_responds),
        cmocka_unit_test(scenario_delays),
        cmocka_unit_test(scenario_sends_bytes),
        cmocka_unit_test(scenario_is_wrong),
        cmocka_unit_test(ends_early),
        cmocka_unit_test(looks_at_headers),
        cmocka_unit_test(body_bit_by_bit),
        cmocka_unit_test(body_to_an_old_client),
        cmocka_unit_test(request_body_bit_by_bit),
        cmocka_unit_test(answered_before_its_end),
        cmocka_unit_test(its_end_never_comes),
        cmocka_unit_test(held_until_it_is_decided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
