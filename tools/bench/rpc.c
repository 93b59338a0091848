/* Unary calls inside one connection, as many at once as asked for: the load that h2load cannot make, in WebSocket.
 *
 *   rpc wss://127.0.0.1:443/-/kubernetes-agent/ --calls 200000 --at-once 100 --token T --path /service/Method
 *
 * Each call sends an empty message and is done when its stream is closed; it counts if it ended with grpc-status 0.
 * One after the other (--at-once 1), each is timed from its HEADERS to its end, and the median is printed too.
 */
#include <errno.h>
#include <getopt.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "tools/bench/client.h"

struct load {
    struct client client;
    nghttp2_session *h2;
    nghttp2_nv head[7];
    long calls, started, ended, good;
    uint64_t began; /* of the last call, ns */
    uint64_t *took; /* of each call, ns; NULL unless there is one at a time */
};

static ssize_t body_read(nghttp2_session *s, int32_t id, uint8_t *to, size_t n, uint32_t *flags,
                         nghttp2_data_source *source, void *user)
{
    (void)s, (void)id, (void)n, (void)source, (void)user;
    memset(to, 0, 5); /* an empty message, not compressed */
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    return 5;
}

static void call(struct load *l)
{
    nghttp2_data_provider body = {.read_callback = body_read};
    if (l->started == l->calls)
        return;
    if (nghttp2_submit_request(l->h2, NULL, l->head, ARRAY_SIZE(l->head), &body, NULL) < 0)
        die("submit");
    l->started++;
    l->began = l->took ? clock_ns() : 0;
}

static int on_header(nghttp2_session *s, const nghttp2_frame *f, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
    (void)s, (void)f, (void)flags;
    struct load *l = user;
    if (name_len == 11 && !memcmp(name, "grpc-status", 11))
        l->good += value_len == 1 && *value == '0';
    return 0;
}

static int on_stream_close(nghttp2_session *s, int32_t id, uint32_t code, void *user)
{
    (void)s, (void)id, (void)code;
    struct load *l = user;
    if (l->took)
        l->took[l->ended] = clock_ns() - l->began;
    l->ended++;
    call(l);
    return 0;
}

static void flush(struct load *l)
{
    struct buf out = BUF_NULL;
    const uint8_t *p;
    ssize_t n = 1;
    while (n > 0) {
        while (buf_len(&out) < 32768 && (n = nghttp2_session_mem_send(l->h2, &p)) > 0)
            buf_add(&out, p, (size_t)n);
        if (buf_len(&out))
            client_send(&l->client, buf_data(&out), buf_len(&out));
        buf_consume(&out, buf_len(&out));
    }
    buf_done(&out);
}

static void fill_head(struct load *l, const struct target *t, const char *path)
{
    const char *pairs[][2] = {{":method", "POST"}, {":scheme", "http"}, {":path", path}, {":authority", t->host},
                              {"content-type", "application/grpc"}, {"te", "trailers"},
                              {"authorization", t->authorization}};
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
        l->head[i] = (nghttp2_nv){(uint8_t *)(uintptr_t)pairs[i][0], (uint8_t *)(uintptr_t)pairs[i][1],
                                  strlen(pairs[i][0]), strlen(pairs[i][1]),
                                  NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

static void run(struct load *l, int at_once)
{
    uint8_t p[65536];
    for (int i = 0; i < at_once; i++)
        call(l);
    flush(l);
    while (l->ended < l->calls) {
        size_t n = client_receive(&l->client, p, sizeof(p));
        if (nghttp2_session_mem_recv(l->h2, p, n) < 0)
            die("HTTP/2");
        flush(l);
    }
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void tell(struct load *l, uint64_t ns)
{
    printf("{\"calls\":%ld,\"good\":%ld,\"seconds\":%.3f", l->calls, l->good, (double)ns / 1e9);
    if (l->took) {
        qsort(l->took, (size_t)l->ended, sizeof(*l->took), by_size);
        printf(",\"median_us\":%.2f", (double)l->took[l->ended / 2] / 1e3);
    }
    puts("}");
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"calls", 1, NULL, 'n'}, {"at-once", 1, NULL, 'm'}, {"token", 1, NULL, 'k'},
                                          {"path", 1, NULL, 'p'}, {NULL, 0, NULL, 0}};
    const char *token = "none", *path = "/gitlab.agent.agent_registrar.rpc.AgentRegistrar/Register";
    struct load l = {.calls = 100000};
    struct target t;
    int c, at_once = 100;
    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (c == 'n')
            l.calls = atol(optarg);
        else if (c == 'm')
            at_once = atoi(optarg);
        else if (c == 'k')
            token = optarg;
        else if (c == 'p')
            path = optarg;
        else
            return 2;
    }
    if (optind >= argc || l.calls < 1 || at_once < 1 || target_parse(&t, argv[optind], token) < 0) {
        fprintf(stderr, "usage: rpc ws|wss|grpc|grpcs://IP:PORT[/PATH] --calls N --at-once N --token T --path P\n");
        return 2;
    }
    nghttp2_session_callbacks *callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    client_connect(&l.client, &t, target_tls(&t));
    nghttp2_session_client_new(&l.h2, callbacks, &l);
    nghttp2_submit_settings(l.h2, NGHTTP2_FLAG_NONE, NULL, 0);
    nghttp2_session_set_local_window_size(l.h2, NGHTTP2_FLAG_NONE, 0, 1 << 30);
    fill_head(&l, &t, path);

    if (at_once == 1)
        l.took = xcalloc((size_t)l.calls, sizeof(*l.took));
    uint64_t began = clock_ns();
    run(&l, at_once);
    tell(&l, clock_ns() - began);
    free(l.took);
    return l.good == l.calls ? 0 : 1;
}
