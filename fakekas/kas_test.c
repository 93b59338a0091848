/* A whole fake KAS on a loop; a thread with blocking sockets is its client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fakekas/kas.h"
#include "lib/base/mem.h"

#define SETTINGS "\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00\x40\x00"
#define UPGRADE                                                                                             \
    "GET /any?x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"                       \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

struct run {
    struct loop *loop;
    struct events *events;
    struct pki *pki;
    struct kas *kas;
    uint64_t ids;
    int done[2];
    uint16_t port;
    const char *send;
    size_t send_len, want; /* bytes wanted; 0: until the other side ends */
    char got[4096];
    ssize_t n;
    bool eof;
};

static const struct kas_listener_spec loopback[] = {{"ws", NULL, 0}, {"grpc", NULL, 0}, {NULL, NULL, 0}};

static int begin(struct run *r, json_t *spec, const struct kas_listener_spec *l, char **err)
{
    *r = (struct run){0};
    r->loop = loop_new();
    assert_int_equal(events_open(NULL, NULL, &r->events), 0);
    r->pki = pki_new();
    struct kas_options o = {.loop = r->loop,
                            .events = r->events,
                            .pki = r->pki,
                            .next_conn_id = &r->ids,
                            .spec = spec,
                            .listeners = l};
    int ret = kas_start(&o, &r->kas, err);
    json_decref(spec);
    return ret;
}

static void end(struct run *r)
{
    kas_free(r->kas);
    loop_free(r->loop);
    pki_free(r->pki);
    events_free(r->events);
}

static uint16_t port_of(const struct run *r, size_t i)
{
    json_t *l = kas_listeners(r->kas);
    const char *address = json_string_value(json_object_get(json_array_get(l, i), "address"));
    uint16_t port = (uint16_t)atoi(strrchr(address, ':') + 1);
    json_decref(l);
    return port;
}

static void *client(void *arg)
{
    struct run *r = arg;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(r->port)};
    struct timeval tv = {.tv_sec = 5};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    r->n = -1;
    if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
        send(fd, r->send, r->send_len, MSG_NOSIGNAL) >= 0) {
        r->n = 0;
        while ((size_t)r->n < sizeof(r->got) - 1 && (!r->want || (size_t)r->n < r->want)) {
            ssize_t n = recv(fd, r->got + r->n, sizeof(r->got) - 1 - (size_t)r->n, 0);
            r->eof = n == 0;
            if (n <= 0)
                break;
            r->n += n;
        }
    }
    close(fd);
    (void)!write(r->done[1], "x", 1);
    return NULL;
}

static void client_done(void *arg, int events, int error)
{
    (void)events;
    (void)error;
    loop_stop(arg);
}

static void talk(struct run *r, size_t listener, const char *send, size_t n, size_t want)
{
    pthread_t t;
    assert_int_equal(pipe(r->done), 0);
    r->port = port_of(r, listener);
    r->send = send;
    r->send_len = n;
    r->want = want;
    memset(r->got, 0, sizeof(r->got));
    struct watch *w = watch_new(r->loop, r->done[0], client_done, r->loop);
    watch_set(w, WATCH_READ);
    assert_int_equal(pthread_create(&t, NULL, client, r), 0);
    loop_run(r->loop);
    pthread_join(t, NULL);
    watch_free(w);
    close(r->done[0]);
    close(r->done[1]);
}

static struct run *fine(struct run *r, json_t *spec)
{
    char *err = NULL;
    if (begin(r, spec, loopback, &err) < 0)
        fail_msg("%s", err);
    return r;
}

static bool contains(const struct run *r, const char *p, size_t n)
{
    return memmem(r->got, (size_t)r->n, p, n) != NULL;
}

static void websocket_opens_with_settings(void **state)
{
    static const char ask[] = UPGRADE "Sec-WebSocket-Protocol: ws-tunnel\r\n\r\n";
    struct run r;
    (void)state;
    fine(&r, NULL);
    talk(&r, 0, ask, strlen(ask), 210);
    assert_non_null(strstr(r.got, "HTTP/1.1 101 Switching Protocols\r\n"));
    assert_non_null(strstr(r.got, "Sec-Websocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    assert_non_null(strstr(r.got, "Server: gitlab-kas/v14.7.0/00000000\r\n"));
    assert_true(contains(&r, "\x82\x0f" SETTINGS, 17)); /* one binary frame, byte for byte */
    end(&r);
}

static void no_subprotocol_is_closed_with_1002(void **state)
{
    static const char ask[] = UPGRADE "\r\n", said[] = "\x03\xea"
                                                       "Expecting \"ws-tunnel\" subprotocol, got \"\"";
    struct run r;
    (void)state;
    fine(&r, NULL);
    talk(&r, 0, ask, strlen(ask), 150 + sizeof(said));
    assert_non_null(strstr(r.got, " 101 "));
    assert_true(contains(&r, said, sizeof(said) - 1));
    end(&r);
}

static void raw_grpc_says_settings_and_ends(void **state)
{
    static const char ask[] = UPGRADE "\r\n";
    struct run r;
    (void)state;
    fine(&r, NULL);
    talk(&r, 1, ask, strlen(ask), 0);
    assert_int_equal(r.n, 15);
    assert_memory_equal(r.got, SETTINGS, 15);
    assert_true(r.eof); /* an agent that is left waiting reports a time-out instead */
    end(&r);
}

static void raw_grpc_at_a_websocket_port(void **state)
{
    static const char ask[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    struct run r;
    (void)state;
    fine(&r, NULL);
    talk(&r, 0, ask, strlen(ask), 0);
    assert_non_null(strstr(r.got, "HTTP/1.1 426 Upgrade Required\r\n"));
    assert_true(r.eof);
    end(&r);
}

static void later_versions_speak_both(void **state)
{
    static const char ask[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
    struct run r;
    (void)state;
    fine(&r, json_pack("{ss}", "version", "16.5"));
    talk(&r, 0, ask, sizeof(ask) - 1, 15);
    assert_memory_equal(r.got, SETTINGS, 15);
    end(&r);
}

static void stopped_behind_a_front(void **state)
{
    static const char ask[] = "GET /-/kubernetes-agent/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    struct run r;
    char *err = NULL;
    (void)state;
    fine(&r, json_pack("{ss}", "front", "omnibus"));
    assert_int_equal(kas_perform(r.kas, "stop", NULL, &err), 0);
    talk(&r, 0, ask, strlen(ask), 12);
    assert_non_null(strstr(r.got, "HTTP/1.1 502"));
    talk(&r, 1, "", 0, 1);
    assert_int_equal(r.n, -1); /* no NGINX stands before raw gRPC: refused */
    assert_int_equal(kas_perform(r.kas, "start", NULL, &err), 0);
    talk(&r, 0, ask, strlen(ask), 12);
    assert_non_null(strstr(r.got, "HTTP/1.1 426"));
    end(&r);
}

static void refused(const char *why, json_t *spec, const struct kas_listener_spec *l)
{
    struct run r;
    char *err = NULL;
    if (begin(&r, spec, l, &err) == 0)
        fail_msg("started in spite of: %s", why);
    if (!err || !strstr(err, why))
        fail_msg("\"%s\" is not in \"%s\"", why, err ? err : "(nothing)");
    free(err);
    r.kas = NULL;
    end(&r);
}

static void bad_specs(void **state)
{
    static const struct kas_listener_spec wss[] = {{"wss", NULL, 0}, {NULL, NULL, 0}},
                                          tcp[] = {{"tcp", NULL, 0}, {NULL, NULL, 0}},
                                          nowhere[] = {{"ws", "example", 0}, {NULL, NULL, 0}};
    (void)state;
    refused("kas.version", json_pack("{ss}", "version", "newest"), loopback);
    refused("kas.version", json_pack("{sf}", "version", 14.7), loopback);
    refused("kas.front", json_pack("{ss}", "front", "apache"), loopback);
    refused("did you mean both?", json_pack("{ss}", "speaks", "boht"), loopback);
    refused("kas.max_connection_age", json_pack("{ss}", "max_connection_age", "soon"), loopback);
    refused("did you mean observability?", json_pack("{s{s{}}}", "config", "obsrvability"), loopback);
    refused("did you mean expired?", json_pack("{s{ss}}", "certificate", "kind", "expird"), wss);
    refused("is no transport", NULL, tcp);
    refused("no numeric address", NULL, nowhere);
}

static void port_taken(void **state)
{
    struct run r;
    (void)state;
    fine(&r, NULL);
    struct kas_listener_spec again[] = {{"ws", NULL, port_of(&r, 0)}, {NULL, NULL, 0}};
    refused("is taken", NULL, again);
    end(&r);
}

static void perform(struct run *r, const char *verb, json_t *args, const char *why)
{
    char *err = NULL;
    int e = kas_perform(r->kas, verb, args, &err);
    json_decref(args);
    if (!why) {
        assert_int_equal(e, 0);
        assert_null(err);
        return;
    }
    assert_int_equal(e, -EINVAL);
    if (!err || !strstr(err, why))
        fail_msg("%s: \"%s\" is not in \"%s\"", verb, why, err ? err : "(nothing)");
    free(err);
}

static void verbs(void **state)
{
    struct run r;
    (void)state;
    fine(&r, NULL);
    perform(&r, "push_confg", NULL, "did you mean push_config?");
    perform(&r, "frobnicate", NULL, "is no verb");
    perform(&r, "push_config", json_pack("{s{si}}", "config", "gitopz", 1), "did you mean gitops?");
    perform(&r, "push_config",
            json_pack("{s{s{s{ss}}}}", "config", "observability", "logging", "level", "debug"), NULL);
    perform(&r, "goaway", json_pack("{ss}", "code", "CALM"), "no HTTP/2 error code");
    perform(&r, "goaway", json_pack("{si}", "conn", 77), "no connection 77");
    perform(&r, "close_streams", json_pack("{ss}", "code", "Unavaiable"), "gRPC code");
    perform(&r, "revoke_token", json_pack("{ss}", "token", "nobody's"), "no such agent");
    perform(&r, "set_status", json_string("gone"), "\"gone\" is none");
    perform(&r, "fault_on", json_string("x"), "no fault");
    perform(&r, "restart", json_pack("{ss}", "down", "a while"), "no duration");
    perform(&r, "restart", NULL, NULL);
    perform(&r, "tunnel_request", json_pack("{si}", "body", 3), "expected");
    perform(&r, "tunnel_request", json_object(), NULL); /* waits for a tunnel; freed with the KAS */
    json_t *s = kas_state(r.kas);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(s, "tunnels"), "requests_waiting")),
                     1);
    json_decref(s);
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(websocket_opens_with_settings),
        cmocka_unit_test(no_subprotocol_is_closed_with_1002),
        cmocka_unit_test(raw_grpc_says_settings_and_ends),
        cmocka_unit_test(raw_grpc_at_a_websocket_port),
        cmocka_unit_test(later_versions_speak_both),
        cmocka_unit_test(stopped_behind_a_front),
        cmocka_unit_test(bad_specs),
        cmocka_unit_test(port_taken),
        cmocka_unit_test(verbs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
