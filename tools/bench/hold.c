/* Many agents that connect and then wait: the load of ci/bench's memory rows, and of reconnecting.
 *
 *   hold grpc://127.0.0.1:8150 --count 5000 --tunnels 2 --token T --again 5     (also wss://host:port/path)
 *
 * Each agent is a connection with one GetConfiguration and some Connect streams. They are made one after the other,
 * each until its configuration has come. Prints one JSON line when all stand; with --again SECONDS agents are then cut
 * off and come back, oldest first, for so long, and a second line tells how many did. Then it waits for the end of
 * standard input.
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

struct agent {
    struct client client;
    nghttp2_session *h2;
    bool configured;
};

struct body {
    const uint8_t *p;
    size_t len, at;
};

static void flush(struct agent *a)
{
    struct buf out = BUF_NULL;
    const uint8_t *p;
    ssize_t n;
    while ((n = nghttp2_session_mem_send(a->h2, &p)) > 0)
        buf_add(&out, p, (size_t)n);
    if (buf_len(&out) > 0)
        client_send(&a->client, buf_data(&out), buf_len(&out));
    buf_done(&out);
}

static ssize_t body_read(nghttp2_session *s, int32_t id, uint8_t *to, size_t n, uint32_t *flags,
                         nghttp2_data_source *source, void *user)
{
    (void)s, (void)id, (void)user, (void)flags;
    struct body *b = source->ptr;
    if (b->at == b->len)
        return NGHTTP2_ERR_DEFERRED; /* the stream stays open, as a tunnel does */
    size_t take = b->len - b->at < n ? b->len - b->at : n;
    memcpy(to, b->p + b->at, take);
    b->at += take;
    return (ssize_t)take;
}

static int on_data(nghttp2_session *s, uint8_t flags, int32_t id, const uint8_t *p, size_t n, void *user)
{
    (void)s, (void)flags, (void)id, (void)p, (void)n;
    ((struct agent *)user)->configured = true;
    return 0;
}

static int on_stream_close(nghttp2_session *s, int32_t id, uint32_t code, void *user)
{
    (void)s, (void)user;
    fprintf(stderr, "hold: stream %d was closed with %u: token, or not a KAS?\n", id, code);
    exit(3);
}

static void request(struct agent *a, const struct target *t, const char *path, struct body *body)
{
    const char *pairs[][2] = {{":method", "POST"}, {":scheme", "http"}, {":path", path}, {":authority", t->host},
                              {"content-type", "application/grpc"}, {"te", "trailers"},
                              {"authorization", t->authorization}};
    nghttp2_nv nv[ARRAY_SIZE(pairs)];
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
        nv[i] = (nghttp2_nv){(uint8_t *)(uintptr_t)pairs[i][0], (uint8_t *)(uintptr_t)pairs[i][1],
                             strlen(pairs[i][0]), strlen(pairs[i][1]), NGHTTP2_NV_FLAG_NONE};
    nghttp2_data_provider data = {.source.ptr = body, .read_callback = body_read};
    if (nghttp2_submit_request(a->h2, NULL, nv, ARRAY_SIZE(nv), &data, NULL) < 0)
        die("submit");
}

static void agent_start(struct agent *a, const struct target *t, int tunnels,
                        const nghttp2_session_callbacks *callbacks)
{
    static const uint8_t empty[5] = {0};
    static const uint8_t descriptor[9] = {0, 0, 0, 0, 4, 0x0a, 0x02, 0x0a, 0x00};
    struct body config = {empty, sizeof(empty), 0};
    struct body *bodies = xcalloc((size_t)tunnels + 1, sizeof(*bodies));
    uint8_t p[16384];

    a->configured = false;
    nghttp2_session_client_new(&a->h2, callbacks, a);
    nghttp2_submit_settings(a->h2, NGHTTP2_FLAG_NONE, NULL, 0);
    request(a, t, "/gitlab.agent.agent_configuration.rpc.AgentConfiguration/GetConfiguration", &config);
    for (int i = 0; i < tunnels; i++) {
        bodies[i] = (struct body){descriptor, sizeof(descriptor), 0};
        request(a, t, "/gitlab.agent.reverse_tunnel.rpc.ReverseTunnel/Connect", &bodies[i]);
    }
    flush(a);
    while (!a->configured) {
        size_t n = client_receive(&a->client, p, sizeof(p));
        if (nghttp2_session_mem_recv(a->h2, p, n) < 0)
            die("HTTP/2");
        flush(a);
    }
    nghttp2_session_del(a->h2); /* only the server's memory is of interest from here on */
    free(bodies);
}

struct options {
    int count, tunnels, again;
    const char *token;
};

static int parse(struct options *o, int argc, char **argv)
{
    static const struct option known[] = {{"count", 1, NULL, 'n'}, {"tunnels", 1, NULL, 't'}, {"token", 1, NULL, 'k'},
                                          {"again", 1, NULL, 'a'}, {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (c == 'n')
            o->count = atoi(optarg);
        else if (c == 't')
            o->tunnels = atoi(optarg);
        else if (c == 'k')
            o->token = optarg;
        else if (c == 'a')
            o->again = atoi(optarg);
        else
            return -EINVAL;
    }
    return optind < argc && o->count > 0 && o->tunnels >= 0 ? 0 : -EINVAL;
}

static double seconds_since(uint64_t began)
{
    return (double)(clock_ns() - began) / 1e9;
}

int main(int argc, char **argv)
{
    struct options o = {.count = 1, .tunnels = 2, .token = "none"};
    struct target t;
    if (parse(&o, argc, argv) < 0 || target_parse(&t, argv[optind], o.token) < 0) {
        fprintf(stderr, "usage: hold ws|wss|grpc|grpcs://IP:PORT[/PATH] --count N --tunnels N --token T "
                        "--again SECONDS\n");
        return 2;
    }
    SSL_CTX *ctx = target_tls(&t);
    nghttp2_session_callbacks *callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);

    struct agent *agents = xcalloc((size_t)o.count, sizeof(*agents));
    uint64_t began = clock_ns();
    for (int i = 0; i < o.count; i++) {
        client_connect(&agents[i].client, &t, ctx);
        agent_start(&agents[i], &t, o.tunnels, callbacks);
    }
    printf("{\"agents\":%d,\"seconds\":%.3f}\n", o.count, seconds_since(began));
    fflush(stdout);
    int again = 0;
    for (began = clock_ns(); o.again && seconds_since(began) < o.again; again++) {
        struct agent *a = &agents[again % o.count];
        client_close(&a->client);
        client_connect(&a->client, &t, ctx);
        agent_start(a, &t, o.tunnels, callbacks);
    }
    if (o.again)
        printf("{\"again\":%d,\"seconds\":%.3f}\n", again, seconds_since(began));
    fflush(stdout);
    while (getchar() != EOF)
        ;
    return 0;
}
