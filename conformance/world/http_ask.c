/* A client of one request: connect, write, read to the end of the answer. */
#include "conformance/world/http_ask.h"

#include <arpa/inet.h>
#include <errno.h>
#include <http_parser.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/proto/http_fields.h"

enum { BODY_KEPT = 256 * 1024, HEAD_KEPT = 64 * 1024, UPLOAD_PIECE = 64 * 1024 };

struct http_ask {
    struct http_ask_options o;
    int fd; /* -1: closed */
    SSL *ssl; /* owned; NULL: plain */
    struct watch *watch;
    struct timer *timer, *pause;
    EVP_MD_CTX *digest; /* owned */
    uint64_t length, to_upload;
    http_parser parser;
    struct buf request, body;
    struct http_fields fields;
    bool complete;
    bool upgraded; /* what comes is no longer HTTP, up to its end */
    bool in_body, begun, stopped;
    const char *failed; /* to be told when the timer fires */
};

static struct http_answer answer_so_far(const struct http_ask *a)
{
    return (struct http_answer){.status = (int)a->parser.status_code,
                                .headers = a->fields.all,
                                .body = (const char *)buf_data(&a->body),
                                .n = buf_len(&a->body),
                                .length = a->length,
                                .stopped = a->stopped};
}

static void digest_text(EVP_MD_CTX *ctx, char out[2 * EVP_MAX_MD_SIZE + 1])
{
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (EVP_DigestFinal_ex(ctx, raw, &n) != 1)
        abort();
    *out = '\0';
    for (unsigned i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", raw[i]);
}

static void finish(struct http_ask *a, const char *failed)
{
    struct http_answer answer = answer_so_far(a);
    char digest[2 * EVP_MAX_MD_SIZE + 1];

    digest_text(a->digest, digest);
    answer.sha256 = digest;
    answer.failed = failed;
    if (failed)
        answer.status = 0;
    a->watch = watch_free(a->watch);
    a->timer = timer_free(a->timer);
    a->pause = timer_free(a->pause);
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
    a->o.done(a->o.arg, &answer); /* may free us */
}

static int on_field(http_parser *p, const char *at, size_t n)
{
    struct http_ask *a = p->data;

    http_fields_name(&a->fields, at, n);
    return buf_len(&a->fields.name) > HEAD_KEPT;
}

static int on_value(http_parser *p, const char *at, size_t n)
{
    struct http_ask *a = p->data;

    http_fields_value(&a->fields, at, n);
    return buf_len(&a->fields.value) > HEAD_KEPT;
}

static int on_head(http_parser *p)
{
    struct http_ask *a = p->data;

    http_fields_end(&a->fields);
    a->in_body = p->status_code >= 200;
    return a->o.head;
}

static int on_body(http_parser *p, const char *at, size_t n)
{
    struct http_ask *a = p->data;
    size_t room = BODY_KEPT - buf_len(&a->body);

    buf_add(&a->body, at, n < room ? n : room);
    a->length += n;
    if (EVP_DigestUpdate(a->digest, at, n) != 1)
        abort();
    return 0;
}

static int on_complete(http_parser *p)
{
    struct http_ask *a = p->data;

    a->upgraded = p->status_code == 101;
    a->complete = p->status_code >= 200; /* else an answer is still to come */
    if (a->complete)
        http_parser_pause(p, 1);
    return 0;
}

static const http_parser_settings settings = {.on_header_field = on_field,
                                              .on_header_value = on_value,
                                              .on_headers_complete = on_head,
                                              .on_body = on_body,
                                              .on_message_complete = on_complete};

static void go_on(void *arg)
{
    struct http_ask *a = arg;

    a->pause = timer_free(a->pause);
    watch_set(a->watch, WATCH_READ);
}

static void read_on(struct http_ask *a)
{
    if (a->o.slow_bytes && a->length) {
        watch_set(a->watch, 0);
        a->pause = timer_new(a->o.loop, a->o.slow_ms, go_on, a);
    } else {
        watch_set(a->watch, WATCH_READ);
    }
}

/* What who asks wants to know on the way. false: it has enough. */
static bool tell(struct http_ask *a, bool head)
{
    struct http_answer so_far = answer_so_far(a);

    if (head && !a->begun && a->o.begun)
        a->o.begun(a->o.arg, &so_far);
    if (head && !a->begun && a->upgraded && a->o.say)
        buf_add(&a->request, a->o.say, strlen(a->o.say));
    a->begun |= head;
    a->stopped = head && a->o.enough && a->o.enough(a->o.arg, &so_far);
    return !a->stopped;
}

/* n 0: the peer has ended, which may be how the answer ends. */
static void read_answer(struct http_ask *a, const char *p, size_t n)
{
    size_t read = a->upgraded ? 0 : http_parser_execute(&a->parser, &settings, p, n);

    if (a->upgraded)
        (void)on_body(&a->parser, p + read, n - read);
    if (!tell(a, a->upgraded || a->in_body))
        finish(a, NULL);
    else if (a->upgraded && n && buf_len(&a->request))
        watch_set(a->watch, WATCH_WRITE);
    else if (a->upgraded && n)
        watch_set(a->watch, WATCH_READ);
    else if (a->upgraded || a->complete)
        finish(a, NULL);
    else if (HTTP_PARSER_ERRNO(&a->parser) != HPE_OK)
        finish(a, http_errno_description(HTTP_PARSER_ERRNO(&a->parser)));
    else if (!n)
        finish(a, "EOF");
    else
        read_on(a);
}

/* ---- bytes in and out ---- */

/* What became of n bytes: n >= 0 as it is; < 0: -EAGAIN and the watch is set, or *ret_failed says why. */
static ssize_t plain(struct http_ask *a, ssize_t n, int waits_for, const char **ret_failed)
{
    if (n >= 0)
        return n;
    if (errno == EAGAIN || errno == EINTR)
        watch_set(a->watch, waits_for);
    else
        *ret_failed = strerror(errno);
    return -EAGAIN;
}

static ssize_t secured(struct http_ask *a, int n, const char **ret_failed)
{
    int e = n > 0 ? SSL_ERROR_NONE : SSL_get_error(a->ssl, n);
    long verified = SSL_get_verify_result(a->ssl);
    const char *reason;

    if (e == SSL_ERROR_NONE)
        return n;
    if (e == SSL_ERROR_ZERO_RETURN)
        return 0;
    if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE) {
        watch_set(a->watch, e == SSL_ERROR_WANT_READ ? WATCH_READ : WATCH_WRITE);
        return -EAGAIN;
    }
    reason = verified != X509_V_OK ? X509_verify_cert_error_string(verified) : ERR_reason_error_string(ERR_peek_error());
    *ret_failed = reason ? reason : "TLS: the connection ended";
    ERR_clear_error();
    return -EAGAIN;
}

static ssize_t put(struct http_ask *a, const char **ret_failed)
{
    const void *p = buf_data(&a->request);
    size_t n = buf_len(&a->request);

    if (a->ssl)
        return secured(a, SSL_write(a->ssl, p, (int)n), ret_failed);
    return plain(a, send(a->fd, p, n, MSG_NOSIGNAL), WATCH_WRITE, ret_failed);
}

static ssize_t get(struct http_ask *a, char *p, size_t n, const char **ret_failed)
{
    if (a->ssl)
        return secured(a, SSL_read(a->ssl, p, (int)n), ret_failed);
    return plain(a, recv(a->fd, p, n, 0), WATCH_READ, ret_failed);
}

static const char *not_connected(const struct http_ask *a)
{
    int error = 0;
    socklen_t size = sizeof(error);

    if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        return strerror(errno);
    return error ? strerror(error) : NULL;
}

/* The next piece of a body that is made as it goes. */
static void upload_more(struct http_ask *a)
{
    static const char pattern[] = "0123456789abcdef";
    uint64_t done = a->o.upload - a->to_upload, n = a->to_upload < UPLOAD_PIECE ? a->to_upload : UPLOAD_PIECE;

    if (buf_len(&a->request) || !n)
        return;
    uint8_t *to = buf_reserve(&a->request, n);
    for (uint64_t i = 0; i < n; i++)
        to[i] = (uint8_t)pattern[(done + i) % 16];
    buf_added(&a->request, n);
    a->to_upload -= n;
}

static void on_socket(void *arg, int events, int error)
{
    struct http_ask *a = arg;
    bool asking = buf_len(&a->request) > 0;
    const char *failed = asking ? not_connected(a) : NULL;
    char bytes[16384];
    size_t room = a->o.slow_bytes && a->o.slow_bytes < sizeof(bytes) && !a->ssl ? a->o.slow_bytes : sizeof(bytes);
    ssize_t n = failed ? -EAGAIN : asking ? put(a, &failed) : get(a, bytes, room, &failed);

    (void)events;
    (void)error;
    if (failed) {
        finish(a, failed);
    } else if (n >= 0 && asking) {
        buf_consume(&a->request, (size_t)n);
        upload_more(a);
        watch_set(a->watch, buf_len(&a->request) ? WATCH_WRITE : WATCH_READ);
    } else if (n >= 0) {
        read_answer(a, bytes, (size_t)n);
    }
}

static void on_timer(void *arg)
{
    struct http_ask *a = arg;

    finish(a, a->failed ? a->failed : "no answer in time");
}

static int connect_start(struct http_ask *a)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(a->o.port)};

    if (inet_pton(AF_INET, a->o.host, &to.sin_addr) != 1)
        return EINVAL;
    a->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (a->fd < 0 || (connect(a->fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS))
        return errno;
    return 0;
}

/* OpenSSL reads a record at a time, and we read as much: no byte waits where the watch does not see it. */
static SSL *tls_start(const struct http_ask *a, SSL_CTX *ctx)
{
    SSL *ssl = SSL_new(ctx);

    if (!ssl || SSL_set_fd(ssl, a->fd) != 1)
        abort(); /* only memory can lack */
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), a->o.host);
    SSL_set_connect_state(ssl);
    return ssl;
}

struct http_ask *http_ask_new(const struct http_ask_options *o)
{
    struct http_ask *a = NEW(struct http_ask);
    int e;

    a->o = *o;
    a->fd = -1;
    http_fields_init(&a->fields, "<no UTF-8>");
    a->to_upload = o->upload;
    a->digest = EVP_MD_CTX_new();
    if (!a->digest || EVP_DigestInit_ex(a->digest, EVP_sha256(), NULL) != 1)
        abort();
    buf_add(&a->request, o->request, o->n);
    http_parser_init(&a->parser, HTTP_RESPONSE);
    a->parser.data = a;
    e = connect_start(a);
    if (e) {
        a->failed = strerror(e);
    } else {
        a->ssl = o->tls ? tls_start(a, o->tls) : NULL;
        a->watch = watch_new(o->loop, a->fd, on_socket, a);
        watch_set(a->watch, WATCH_WRITE);
    }
    a->timer = timer_new(o->loop, e ? 0 : o->timeout_ms, on_timer, a);
    return a;
}

struct http_ask *http_ask_free(struct http_ask *a)
{
    if (!a)
        return NULL;
    watch_free(a->watch);
    timer_free(a->timer);
    timer_free(a->pause);
    EVP_MD_CTX_free(a->digest);
    SSL_free(a->ssl);
    if (a->fd >= 0)
        close(a->fd);
    buf_done(&a->request);
    buf_done(&a->body);
    http_fields_done(&a->fields);
    free(a);
    return NULL;
}
