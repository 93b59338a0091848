#include "tools/bench/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/base/buf.h"

void die(const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(3);
}

static void raw_write(struct client *c, const void *p, size_t n)
{
    const uint8_t *at = p;
    while (n > 0) {
        ssize_t w = c->ssl ? SSL_write(c->ssl, at, (int)n) : send(c->fd, at, n, MSG_NOSIGNAL);
        if (w <= 0)
            die("write");
        at += w;
        n -= (size_t)w;
    }
}

static size_t raw_read(struct client *c, void *p, size_t n)
{
    ssize_t r = c->ssl ? SSL_read(c->ssl, p, (int)n) : read(c->fd, p, n);
    if (r <= 0)
        die("read");
    return (size_t)r;
}

/* One masked binary frame; a mask of zeros is a mask. */
void client_send(struct client *c, const void *p, size_t n)
{
    if (!c->websocket) {
        raw_write(c, p, n);
        return;
    }
    uint8_t head[4] = {0x82, n < 126 ? (uint8_t)(0x80 | n) : 0x80 | 126, (uint8_t)(n >> 8), (uint8_t)n};
    struct buf b = BUF_NULL;
    if (n > UINT16_MAX)
        die("a frame beyond 64 KiB");
    buf_add(&b, head, n < 126 ? 2 : 4);
    buf_add(&b, "\0\0\0", 4);
    buf_add(&b, p, n);
    raw_write(c, buf_data(&b), buf_len(&b));
    buf_done(&b);
}

static void raw_read_all(struct client *c, uint8_t *p, size_t n)
{
    for (size_t at = 0; at < n;)
        at += raw_read(c, p + at, n - at);
}

/* The head of a frame of the server: unmasked, binary. */
static size_t frame_head(struct client *c)
{
    uint8_t head[8];
    raw_read_all(c, head, 2);
    size_t len = head[1] & 0x7f, more = len == 126 ? 2 : len == 127 ? 8 : 0;
    if (!more)
        return len;
    raw_read_all(c, head, more);
    len = 0;
    for (size_t i = 0; i < more; i++)
        len = len << 8 | head[i];
    return len;
}

size_t client_receive(struct client *c, void *p, size_t size)
{
    if (!c->websocket)
        return raw_read(c, p, size);
    while (!c->frame_left)
        c->frame_left = frame_head(c);
    size_t n = raw_read(c, p, c->frame_left < size ? c->frame_left : size);
    c->frame_left -= n;
    return n;
}

static void upgrade(struct client *c, const struct target *t)
{
    char text[2048];
    int n = snprintf(text, sizeof(text),
                     "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n"
                     "Sec-WebSocket-Protocol: ws-tunnel\r\n\r\n", t->path, t->host);
    raw_write(c, text, (size_t)n);
    /* One byte at a time until the head ends: what follows are frames, and they are not ours to lose. */
    for (size_t at = 0; at < sizeof(text) - 1;) {
        raw_read(c, text + at, 1);
        text[++at] = 0;
        if (at >= 4 && !memcmp(text + at - 4, "\r\n\r\n", 4)) {
            if (!strstr(text, " 101 "))
                die(text);
            return;
        }
    }
    die("endless head");
}

void client_connect(struct client *c, const struct target *t, SSL_CTX *ctx)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(t->port)};
    struct timeval limit = {.tv_sec = 20};
    int one = 1;
    *c = (struct client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .websocket = t->websocket};
    inet_pton(AF_INET, t->host, &to.sin_addr);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (t->tls) {
        c->ssl = SSL_new(ctx);
        SSL_set_fd(c->ssl, c->fd);
        if (SSL_connect(c->ssl) != 1)
            die("TLS");
    }
    if (t->websocket)
        upgrade(c, t);
}

/* As a process that is killed: what is being measured is the server. */
void client_close(struct client *c)
{
    struct linger at_once = {.l_onoff = 1}; /* no TIME_WAIT: the ports of the machine are few */
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    SSL_free(c->ssl);
    close(c->fd);
    *c = (struct client){.fd = -1};
}

int target_parse(struct target *t, const char *address, const char *token)
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

SSL_CTX *target_tls(const struct target *t)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    if (!t->websocket)
        SSL_CTX_set_alpn_protos(ctx, (const uint8_t *)"\x02h2", 3);
    return ctx;
}
