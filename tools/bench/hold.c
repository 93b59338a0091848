/* Many agents that connect and then wait: the load of ci/bench's memory rows.
 *
 *   hold grpc://127.0.0.1:8150 --count 5000 --tunnels 2 --token T     (also wss://host:port/path)
 *
 * Each agent is a connection with one GetConfiguration and some Connect streams. They are made one after the other,
 * each until its configuration has come, so that the server is the only thing that is measured. Prints one JSON line when all
 * stand, then waits for the end of standard input.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"

struct target {
    bool websocket, tls;
    char host[64], path[256], authorization[512];
    uint16_t port;
    int tunnels;
};

struct agent {
    int fd;
    SSL *ssl;               /* NULL: plain */
    nghttp2_session *h2;
    bool websocket, configured;
    struct buf out;
};

struct body {
    const uint8_t *p;
    size_t len, at;
};

static void die(const char *what)
{
    fprintf(stderr, "hold: %s: %s\n", what, strerror(errno));
    exit(3);
}

static void agent_write(struct agent *a, const void *p, size_t n)
{
    const uint8_t *at = p;
    while (n > 0) {
        ssize_t w = a->ssl ? SSL_write(a->ssl, at, (int)n) : write(a->fd, at, n);
        if (w <= 0)
            die("write");
        at += w;
        n -= (size_t)w;
    }
}

static size_t agent_read(struct agent *a, void *p, size_t n)
{
    ssize_t r = a->ssl ? SSL_read(a->ssl, p, (int)n) : read(a->fd, p, n);
    if (r <= 0)
        die("read");
    return (size_t)r;
}

/* One masked binary frame; a mask of zeros is a mask. */
static void frame_write(struct agent *a, const uint8_t *p, size_t n)
{
    uint8_t head[8] = {0x82};
    size_t len = 2;
    if (n < 126) {
        head[1] = (uint8_t)(0x80 | n);
    } else {
        head[1] = 0x80 | 126;
        head[2] = (uint8_t)(n >> 8);
        head[3] = (uint8_t)n;
        len = 4;
    }
    struct buf b = BUF_NULL;
    buf_add(&b, head, len);
    buf_add(&b, "\0\0\0\0", 4);
    buf_add(&b, p, n);
    agent_write(a, buf_data(&b), buf_len(&b));
    buf_done(&b);
}

static void flush(struct agent *a)
{
    const uint8_t *p;
    ssize_t n;
    while ((n = nghttp2_session_mem_send(a->h2, &p)) > 0)
        buf_add(&a->out, p, (size_t)n);
    if (buf_len(&a->out) > 0) {
        if (a->websocket)
            frame_write(a, buf_data(&a->out), buf_len(&a->out));
        else
            agent_write(a, buf_data(&a->out), buf_len(&a->out));
        buf_consume(&a->out, buf_len(&a->out));
    }
}

static ssize_t body_read(nghttp2_session *s, int32_t id, uint8_t *to, size_t n, uint32_t *flags,
                         nghttp2_data_source *source, void *user)
{
    (void)s, (void)id, (void)user;
    struct body *b = source->ptr;
    if (b->at == b->len)
        return NGHTTP2_ERR_DEFERRED; /* the stream stays open, as a tunnel does */
    size_t take = b->len - b->at < n ? b->len - b->at : n;
    memcpy(to, b->p + b->at, take);
    b->at += take;
    *flags = 0;
    return (ssize_t)take;
}

static int on_data(nghttp2_session *s, uint8_t flags, int32_t id, const uint8_t *p, size_t n, void *user)
{
    (void)s, (void)flags, (void)id, (void)p, (void)n;
    ((struct agent *)user)->configured = true;
    return 0;
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

static void upgrade(struct agent *a, const struct target *t)
{
    char text[2048];
    int n = snprintf(text, sizeof(text),
                     "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n"
                     "Sec-WebSocket-Protocol: ws-tunnel\r\n\r\n", t->path, t->host);
    agent_write(a, text, (size_t)n);
    /* One byte at a time until the head ends: what follows are frames, and they are not ours to lose. */
    for (size_t at = 0; at < sizeof(text) - 1;) {
        agent_read(a, text + at, 1);
        text[++at] = 0;
        if (at >= 4 && !memcmp(text + at - 4, "\r\n\r\n", 4)) {
            if (!strstr(text, " 101 "))
                die(text);
            return;
        }
    }
    die("endless head");
}

/* Frames of the server: small, unmasked; the payload goes to HTTP/2. */
static void frame_read(struct agent *a)
{
    uint8_t head[4];
    uint8_t payload[65536];
    agent_read(a, head, 1);
    agent_read(a, head + 1, 1);
    size_t len = head[1] & 0x7f, at = 0;
    if (len == 126) {
        agent_read(a, head + 2, 1);
        agent_read(a, head + 3, 1);
        len = (size_t)head[2] << 8 | head[3];
    }
    while (at < len)
        at += agent_read(a, payload + at, len - at);
    if (nghttp2_session_mem_recv(a->h2, payload, len) < 0)
        die("HTTP/2");
}

static void agent_connect(struct agent *a, const struct target *t, SSL_CTX *ctx)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(t->port)};
    inet_pton(AF_INET, t->host, &to.sin_addr);
    a->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (a->fd < 0 || connect(a->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        die("connect");
    int one = 1;
    struct timeval limit = {.tv_sec = 10};
    setsockopt(a->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(a->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (t->tls) {
        a->ssl = SSL_new(ctx);
        SSL_set_fd(a->ssl, a->fd);
        if (SSL_connect(a->ssl) != 1)
            die("TLS");
    }
    a->websocket = t->websocket;
    if (t->websocket)
        upgrade(a, t);
}

static void agent_start(struct agent *a, const struct target *t, const nghttp2_session_callbacks *callbacks)
{
    static const uint8_t empty[5] = {0};
    static const uint8_t descriptor[9] = {0, 0, 0, 0, 4, 0x0a, 0x02, 0x0a, 0x00};
    struct body config = {empty, sizeof(empty), 0};
    struct body *tunnels = xcalloc((size_t)t->tunnels + 1, sizeof(*tunnels));

    nghttp2_session_client_new(&a->h2, callbacks, a);
    nghttp2_submit_settings(a->h2, NGHTTP2_FLAG_NONE, NULL, 0);
    request(a, t, "/gitlab.agent.agent_configuration.rpc.AgentConfiguration/GetConfiguration", &config);
    for (int i = 0; i < t->tunnels; i++) {
        tunnels[i] = (struct body){descriptor, sizeof(descriptor), 0};
        request(a, t, "/gitlab.agent.reverse_tunnel.rpc.ReverseTunnel/Connect", &tunnels[i]);
    }
    flush(a);
    while (!a->configured) {
        if (a->websocket) {
            frame_read(a);
        } else {
            uint8_t p[16384];
            size_t n = agent_read(a, p, sizeof(p));
            if (nghttp2_session_mem_recv(a->h2, p, n) < 0)
                die("HTTP/2");
        }
        flush(a);
    }
    nghttp2_session_del(a->h2); /* only the server's memory is of interest from here on */
    buf_done(&a->out);
    free(tunnels);
}

static int target_parse(struct target *t, const char *address, const char *token)
{
    char scheme[8];
    unsigned port = 0;
    snprintf(t->path, sizeof(t->path), "/");
    if (sscanf(address, "%7[a-z]://%63[^:/]:%u%255s", scheme, t->host, &port, t->path) < 3)
        return -EINVAL;
    t->port = (uint16_t)port;
    t->websocket = scheme[0] == 'w';
    t->tls = scheme[strlen(scheme) - 1] == 's' && strcmp(scheme, "ws") != 0;
    snprintf(t->authorization, sizeof(t->authorization), "Bearer %s", token);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"count", 1, NULL, 'n'}, {"tunnels", 1, NULL, 't'},
                                            {"token", 1, NULL, 'k'}, {NULL, 0, NULL, 0}};
    struct target t = {.tunnels = 2};
    const char *token = "none";
    int count = 1, c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'n')
            count = atoi(optarg);
        else if (c == 't')
            t.tunnels = atoi(optarg);
        else if (c == 'k')
            token = optarg;
        else
            return 2;
    }
    if (optind >= argc || count < 1 || target_parse(&t, argv[optind], token) < 0) {
        fprintf(stderr, "usage: hold ws|wss|grpc|grpcs://HOST:PORT[/PATH] --count N --tunnels N --token T\n");
        return 2;
    }
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (t.tls && !t.websocket)
        SSL_CTX_set_alpn_protos(ctx, (const uint8_t *)"\x02h2", 3);
    nghttp2_session_callbacks *callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);

    struct agent *agents = xcalloc((size_t)count, sizeof(*agents));
    uint64_t began = clock_ns();
    for (int i = 0; i < count; i++) {
        agent_connect(&agents[i], &t, ctx);
        agent_start(&agents[i], &t, callbacks);
    }
    printf("{\"agents\":%d,\"seconds\":%.3f}\n", count, (double)(clock_ns() - began) / 1e9);
    fflush(stdout);
    while (getchar() != EOF)
        ;
    return 0;
}
