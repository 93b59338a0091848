/* Sockets with a time limit, OpenSSL upon them, http-parser for what comes. */
#include "conformance/kube/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <http_parser.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/proto/http_fields.h"

enum { PATIENCE_MS = 20000, CHUNK = 16384 };

struct kube_client {
    struct kube_client_options o;
    SSL_CTX *ctx; /* owned; NULL: plain */
    SSL *ssl;
    int fd; /* -1: not connected */
    http_parser parser;
    struct buf body;
    struct http_fields fields;
    bool head_only, head_done, done;
};

struct kube_client *kube_client_new(const struct kube_client_options *o)
{
    struct kube_client *c = NEW(struct kube_client);

    c->o = *o;
    c->fd = -1;
    c->ctx = o->tls ? SSL_CTX_new(TLS_client_method()) : NULL;
    return c;
}

static void disconnect(struct kube_client *c)
{
    SSL_free(c->ssl);
    c->ssl = NULL;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static void answer_forget(struct kube_client *c)
{
    buf_done(&c->body);
    http_fields_done(&c->fields);
}

struct kube_client *kube_client_free(struct kube_client *c)
{
    if (!c)
        return NULL;
    disconnect(c);
    answer_forget(c);
    SSL_CTX_free(c->ctx);
    free(c);
    return NULL;
}

/* ---- bytes ---- */

static int wait_for(struct kube_client *c, short events, uint64_t ms)
{
    struct pollfd p = {.fd = c->fd, .events = events};
    int n = poll(&p, 1, (int)ms);

    return n > 0 ? 0 : n == 0 ? -ETIMEDOUT : -errno;
}

static int tls_wait(struct kube_client *c, int n, uint64_t ms)
{
    int e = SSL_get_error(c->ssl, n);

    ERR_clear_error();
    if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE)
        return wait_for(c, e == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, ms);
    return -ECONNRESET;
}

/* > 0; 0: the peer has ended; -errno. */
static ssize_t get(struct kube_client *c, void *p, size_t size, uint64_t ms)
{
    for (;;) {
        ssize_t n = c->ssl ? SSL_read(c->ssl, p, (int)size) : recv(c->fd, p, size, 0);
        int e;
        if (n > 0)
            return n;
        if (c->ssl ? SSL_get_error(c->ssl, (int)n) == SSL_ERROR_ZERO_RETURN : n == 0)
            return 0;
        e = c->ssl ? tls_wait(c, (int)n, ms) : errno == EAGAIN ? wait_for(c, POLLIN, ms) : -errno;
        if (e)
            return e;
    }
}

static int put(struct kube_client *c, const uint8_t *p, size_t size)
{
    while (size) {
        ssize_t n = c->ssl ? SSL_write(c->ssl, p, (int)size) : send(c->fd, p, size, MSG_NOSIGNAL);
        int e = n > 0        ? 0
                : c->ssl     ? tls_wait(c, (int)n, PATIENCE_MS)
                : errno == EAGAIN ? wait_for(c, POLLOUT, PATIENCE_MS)
                                  : -errno;
        if (e)
            return e;
        p += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int connected(struct kube_client *c)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(c->o.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    if (c->fd >= 0)
        return 0;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS))
        return -errno;
    if (c->ctx) {
        c->ssl = SSL_new(c->ctx);
        SSL_set_fd(c->ssl, c->fd);
        SSL_set_connect_state(c->ssl);
    }
    return wait_for(c, POLLOUT, PATIENCE_MS);
}

/* ---- the answer ---- */

static int on_field(http_parser *p, const char *at, size_t n)
{
    http_fields_name(&((struct kube_client *)p->data)->fields, at, n);
    return 0;
}

static int on_value(http_parser *p, const char *at, size_t n)
{
    http_fields_value(&((struct kube_client *)p->data)->fields, at, n);
    return 0;
}

static int on_head(http_parser *p)
{
    struct kube_client *c = p->data;

    http_fields_end(&c->fields);
    c->head_done = true;
    return c->head_only;
}

static int on_body(http_parser *p, const char *at, size_t n)
{
    buf_add(&((struct kube_client *)p->data)->body, at, n);
    return 0;
}

static int on_complete(http_parser *p)
{
    struct kube_client *c = p->data;

    c->done = p->status_code >= 200;
    return 0;
}

static const http_parser_settings settings = {.on_header_field = on_field,
                                              .on_header_value = on_value,
                                              .on_headers_complete = on_head,
                                              .on_body = on_body,
                                              .on_message_complete = on_complete};

/* One piece more of what comes. */
static int step(struct kube_client *c, uint64_t ms)
{
    char bytes[CHUNK];
    ssize_t n = get(c, bytes, sizeof(bytes), ms);

    if (n < 0)
        return (int)n;
    (void)http_parser_execute(&c->parser, &settings, bytes, (size_t)n);
    if (HTTP_PARSER_ERRNO(&c->parser) != HPE_OK)
        return -EBADMSG;
    return n || c->done ? 0 : -ECONNRESET;
}

static int request_put(struct kube_client *c, const struct kube_ask *ask)
{
    struct buf b = BUF_NULL;
    const char *name;
    json_t *value;
    int e = connected(c);

    buf_addf(&b, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n", ask->method, ask->target, c->o.port);
    if (c->o.token)
        buf_addf(&b, "Authorization: Bearer %s\r\n", c->o.token);
    json_object_foreach ((json_t *)ask->headers, name, value)
        if (json_is_string(value))
            buf_addf(&b, "%s: %s\r\n", name, json_string_value(value));
    if (ask->n)
        buf_addf(&b, "Content-Length: %zu\r\n", ask->n);
    buf_add(&b, "\r\n", 2);
    if (ask->n)
        buf_add(&b, ask->body, ask->n);
    if (!e)
        e = put(c, buf_data(&b), buf_len(&b));
    buf_done(&b);
    answer_forget(c);
    http_fields_init(&c->fields, "");
    c->head_only = !strcmp(ask->method, "HEAD");
    c->head_done = c->done = false;
    http_parser_init(&c->parser, HTTP_RESPONSE);
    c->parser.data = c;
    return e;
}

static void answer_fill(struct kube_client *c, struct kube_answer *ret)
{
    ret->status = (int)c->parser.status_code;
    ret->content_type = xstrdup(json_string_value(json_object_get(c->fields.all, "content-type")));
    ret->n = buf_len(&c->body);
    ret->body = xstrndup("", 0);
    ret->body = xrealloc(ret->body, ret->n + 1);
    memcpy(ret->body, buf_data(&c->body), ret->n);
    ret->body[ret->n] = 0;
}

int kube_client_ask(struct kube_client *c, const struct kube_ask *ask, struct kube_answer *ret)
{
    bool kept = c->fd >= 0;
    int e = request_put(c, ask);

    while (!e && !c->done)
        e = step(c, PATIENCE_MS);
    if (e == -ECONNRESET && kept && !c->head_done) { /* it had been closed in the meantime */
        disconnect(c);
        return kube_client_ask(c, ask, ret);
    }
    if (!e)
        answer_fill(c, ret);
    if (e || !http_should_keep_alive(&c->parser))
        disconnect(c);
    return e;
}

int kube_client_open(struct kube_client *c, const struct kube_ask *ask, struct kube_answer *ret)
{
    int e = request_put(c, ask);

    while (!e && !c->head_done)
        e = step(c, PATIENCE_MS);
    if (!e)
        answer_fill(c, ret);
    return e;
}

int kube_client_drain(struct kube_client *c, uint64_t quiet_ms, struct kube_answer *ret)
{
    int e = 0;

    while (!e && !c->done)
        e = step(c, quiet_ms);
    kube_answer_done(ret);
    answer_fill(c, ret);
    return e == -ETIMEDOUT ? 0 : e;
}

void kube_answer_done(struct kube_answer *a)
{
    free(a->content_type);
    free(a->body);
    *a = (struct kube_answer){0};
}
