#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/world/http_ask.h"
#include "conformance/world/user_kept.h"
#include "conformance/world/user_tls.h"
#include "conformance/world/world_user.h"
#include "lib/base/mem.h"
#include "lib/net/cert.h"

static char *bytes_of(const char *request)
{
    json_t *j = json_loads(request, 0, NULL);
    char *err = NULL, *bytes;
    size_t n = 0;

    assert_non_null(j);
    bytes = tunnel_user_request_bytes(j, "10.60.1.1:8154", &n, &err);
    if (bytes)
        assert_int_equal(n, strlen(bytes));
    free(err);
    json_decref(j);
    return bytes;
}

static void assert_bytes(const char *request, const char *expected)
{
    _cleanup_(freep) char *bytes = bytes_of(request);

    assert_non_null(bytes);
    assert_string_equal(bytes, expected);
}

static void requests_are_what_is_said(void **state)
{
    (void)state;
    assert_bytes("{}", "GET / HTTP/1.1\r\nHost: 10.60.1.1:8154\r\n\r\n");
    assert_bytes("{\"method\":\"POST\",\"path\":\"/x?y=1\",\"headers\":{\"A\":[\"b\",2]},\"body\":{\"k\":1}}",
                 "POST /x?y=1 HTTP/1.1\r\nHost: 10.60.1.1:8154\r\nA: b\r\nA: 2\r\nContent-Length: 7\r\n\r\n{\"k\":1}");
    assert_bytes("{\"version\":\"1.0\",\"headers\":{\"host\":null}}", "GET / HTTP/1.0\r\n\r\n");
    assert_bytes("{\"headers\":{\"content-length\":9},\"body\":\"abc\"}",
                 "GET / HTTP/1.1\r\nHost: 10.60.1.1:8154\r\ncontent-length: 9\r\n\r\nabc");
    assert_null(bytes_of("{\"path\":\"/ x\"}"));
    assert_null(bytes_of("{\"method\":\"GET\\r\\nX:\"}"));
}

/* ---- a server of one answer ---------------------------------------------------------------------------------- */

struct talk {
    struct loop *loop;
    struct http_ask *ask;
    struct watch *watch;
    int listener, fd;
    const char *answer; /* NULL: hangs up */
    char *failed, *body;
    int status;
    json_t *headers;
};

static void on_connection(void *arg, int events, int error)
{
    struct talk *t = arg;

    (void)events;
    (void)error;
    t->fd = accept(t->listener, NULL, NULL);
    assert_true(t->fd >= 0);
    if (t->answer)
        assert_int_equal(send(t->fd, t->answer, strlen(t->answer), 0), strlen(t->answer));
    shutdown(t->fd, SHUT_WR); /* the request may still be on its way */
}

static void done(void *arg, const struct http_answer *a)
{
    struct talk *t = arg;

    t->failed = xstrdup(a->failed);
    t->status = a->status;
    t->headers = json_deep_copy(a->headers);
    t->body = xstrndup(a->body, a->n);
    t->ask = http_ask_free(t->ask);
    t->watch = watch_free(t->watch);
    loop_stop(t->loop);
}

static struct talk talk(const char *answer, bool head)
{
    struct talk t = {.loop = loop_new(), .answer = answer, .listener = socket(AF_INET, SOCK_STREAM, 0)};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    struct http_ask_options o = {.loop = t.loop, .host = "127.0.0.1", .request = "GET / HTTP/1.1\r\n\r\n", .n = 18,
                                 .head = head, .timeout_ms = 5000, .done = done, .arg = &t};

    assert_int_equal(bind(t.listener, (struct sockaddr *)&a, n), 0);
    assert_int_equal(listen(t.listener, 1), 0);
    assert_int_equal(getsockname(t.listener, (struct sockaddr *)&a, &n), 0);
    o.port = ntohs(a.sin_port);
    t.watch = watch_new(t.loop, t.listener, on_connection, &t);
    watch_set(t.watch, WATCH_READ);
    t.ask = http_ask_new(&o);
    loop_run(t.loop);
    close(t.fd);
    close(t.listener);
    loop_free(t.loop);
    return t;
}

static void talk_done(struct talk *t)
{
    free(t->failed);
    free(t->body);
    json_decref(t->headers);
}

static void answers_are_read(void **state)
{
    struct talk t = talk("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\nA: 1\r\nA: 2\r\nContent-Length: 3\r\n\r\nabc",
                         false);

    (void)state;
    assert_null(t.failed);
    assert_int_equal(t.status, 403);
    assert_string_equal(t.body, "abc");
    assert_int_equal(json_array_size(json_object_get(t.headers, "a")), 2);
    talk_done(&t);
    t = talk("HTTP/1.0 200 OK\r\n\r\nto the end", false);
    assert_int_equal(t.status, 200);
    assert_string_equal(t.body, "to the end");
    talk_done(&t);
    t = talk("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x88\x02 and more", false);
    assert_null(t.failed);
    assert_int_equal(t.status, 101);
    assert_string_equal(t.body, "\x88\x02 and more");
    talk_done(&t);
    t = talk("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true);
    assert_null(t.failed);
    assert_int_equal(t.status, 200);
    talk_done(&t);
}

static void what_is_no_answer(void **state)
{
    static const char *const answers[] = {NULL, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
                                          "\x00\x00\x06\x04 no HTTP at all"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct talk t = talk(answers[i] && !*answers[i] ? "SSH-2.0-x\r\n\r\n" : answers[i], false);
        assert_non_null(t.failed);
        assert_int_equal(t.status, 0);
        talk_done(&t);
    }
}

/* Another process is the server: TLS there may wait. */
static void tls_server(int listener, SSL_CTX *ctx)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    int fd = accept(listener, NULL, NULL);
    SSL *ssl = SSL_new(ctx);
    char bytes[64];

    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1 && SSL_read(ssl, bytes, sizeof(bytes)) > 0)
        (void)SSL_write(ssl, answer, sizeof(answer) - 1);
    _exit(0);
}

static struct talk tls_talk(struct pki *pki, const char *how)
{
    static const char *const hosts[] = {"127.0.0.1", NULL};
    struct talk t = {.loop = loop_new(), .listener = socket(AF_INET, SOCK_STREAM, 0)};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    struct http_ask_options o = {.loop = t.loop, .host = "127.0.0.1", .request = "GET / HTTP/1.1\r\n\r\n", .n = 18,
                                 .timeout_ms = 5000, .done = done, .arg = &t};
    SSL_CTX *server;
    char *err = NULL;
    pid_t child;

    assert_int_equal(pki_server_ctx(pki, &(struct leaf_spec){.hosts = hosts}, &server), 0);
    assert_int_equal(bind(t.listener, (struct sockaddr *)&a, n), 0);
    assert_int_equal(listen(t.listener, 1), 0);
    assert_int_equal(getsockname(t.listener, (struct sockaddr *)&a, &n), 0);
    child = fork();
    if (!child)
        tls_server(t.listener, server);
    o.port = ntohs(a.sin_port);
    o.tls = user_tls_new(how, pki_root_pem(pki), &err);
    assert_non_null(o.tls);
    t.ask = http_ask_new(&o);
    SSL_CTX_free(o.tls);
    loop_run(t.loop);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(t.listener);
    loop_free(t.loop);
    SSL_CTX_free(server);
    return t;
}

static void whom_it_trusts(void **state)
{
    struct pki *pki = pki_new();
    struct talk t = tls_talk(pki, "trusted");
    _cleanup_(freep) char *err = NULL;

    (void)state;
    assert_null(t.failed);
    assert_string_equal(t.body, "ok");
    talk_done(&t);
    t = tls_talk(pki, "unverified");
    assert_int_equal(t.status, 200);
    talk_done(&t);
    t = tls_talk(pki, "untrusted");
    assert_non_null(strstr(t.failed, "certificate"));
    talk_done(&t);
    assert_null(user_tls_new("trustd", NULL, &err));
    assert_non_null(strstr(err, "expected trusted, untrusted or unverified"));
    pki_free(pki);
}

static void what_was_kept_is_put_in(void **state)
{
    json_t *kept = json_object(), *want = json_pack("{s:s}", "form", "value=\"([^\"]+)\""), *filled,
           *request = json_pack("{s:s,s:{s:s},s:[s,i]}", "path", "/a?<form>", "headers", "x", "<form><other> <", "body",
                                "<form>", 1),
           *expected = json_pack("{s:s,s:{s:s},s:[s,i]}", "path", "/a?abc", "headers", "x", "abc<other> <", "body", "abc", 1);
    _cleanup_(freep) char *err = NULL;

    (void)state;
    assert_int_equal(user_keep(kept, want, "<input value=\"abc\">", &err), 0);
    filled = user_put_in(request, kept);
    assert_true(json_equal(filled, expected));
    assert_int_equal(user_keep(kept, want, "nothing", &err), -EINVAL);
    assert_non_null(strstr(err, "keep: form: nothing in the answer fits"));
    json_decref(kept);
    json_decref(want);
    json_decref(filled);
    json_decref(request);
    json_decref(expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_what_is_said),
        cmocka_unit_test(answers_are_read),
        cmocka_unit_test(what_is_no_answer),
        cmocka_unit_test(what_was_kept_is_put_in),
        cmocka_unit_test(whom_it_trusts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
