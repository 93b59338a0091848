/* pods/NAME/proxy: what answers there is a small HTTP server, the same in every pod.
 *
 *   GET  …/proxy/bytes/N   N bytes, 0123456789abcdef again and again, as fast as the client reads
 *   POST …/proxy/count     how many bytes came, and their sha256
 *   any  …/proxy/echo      with an Upgrade: 101, and then every byte comes back
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "fakekube/internal.h"
#include "lib/base/mem.h"

enum { PIECE = 32 * 1024, HIGH = 256 * 1024 };

static const char *rest_of(const struct call *c)
{
    const char *at = strstr(c->request->path, "/proxy/");
    return at ? at + strlen("/proxy") : "/";
}

/* ---- bytes ---- */

struct source {
    struct open_answer open; /* first */
    struct conn *conn;
    struct http1 *http;
    uint64_t left;
};

static void source_abandon(struct open_answer *o)
{
    free(o);
}

static void source_more(struct open_answer *o, struct http1 *http)
{
    struct source *s = (struct source *)o;
    uint8_t piece[PIECE];
    for (size_t i = 0; i < PIECE; i++)
        piece[i] = (uint8_t)"0123456789abcdef"[i % 16];
    while (s->left && !s->conn->dead && layer_queued(http1_layer(http)) < HIGH) {
        size_t n = s->left < PIECE ? (size_t)s->left : PIECE;
        s->left -= n;
        http1_write(http, piece, n);
    }
    if (s->left || s->conn->dead)
        return;
    s->conn->user = NULL;
    http1_end(http);
    free(s);
}

static void bytes(struct call *c, const char *number)
{
    char *end;
    uint64_t n = strtoull(number, &end, 10);
    if (!*number || *end || *number == '-') {
        kube_reply_status(c, status_bad_request("strconv.ParseUint: parsing \"%s\": invalid syntax", number));
        return;
    }
    struct source *s = NEW(struct source);
    *s = (struct source){.open = {.abandon = source_abandon, .drained = source_more}, .conn = c->conn, .http = c->http, .left = n};
    json_t *headers = kube_call_headers(c, "application/octet-stream");
    c->status = 200;
    c->conn->user = &s->open;
    http1_begin(c->http, 200, headers);
    json_decref(headers);
    if (!c->conn->dead)
        source_more(&s->open, c->http);
}

/* ---- count ---- */

struct count {
    struct open_answer open; /* first */
    struct kube *k;
    EVP_MD_CTX *digest; /* owned */
    uint64_t n;
};

static void count_abandon(struct open_answer *o)
{
    struct count *s = (struct count *)o;
    EVP_MD_CTX_free(s->digest);
    free(s);
}

static void count_body(struct open_answer *o, struct http1 *http, const uint8_t *p, size_t n)
{
    struct count *s = (struct count *)o;
    unsigned char raw[EVP_MAX_MD_SIZE];
    char hex[2 * EVP_MAX_MD_SIZE + 1] = "", text[256];
    unsigned len = 0;
    s->n += n;
    if (n ? EVP_DigestUpdate(s->digest, p, n) != 1 : EVP_DigestFinal_ex(s->digest, raw, &len) != 1)
        abort();
    if (n)
        return;
    for (unsigned i = 0; i < len; i++)
        snprintf(hex + 2 * i, 3, "%02x", raw[i]);
    snprintf(text, sizeof(text), "{\"bytes\":%llu,\"sha256\":\"%s\"}\n", (unsigned long long)s->n, hex);
    http1_layer(http)->conn->user = NULL;
    json_t *headers = json_pack("{ss}", "Content-Type", "application/json");
    http1_respond(http, 200, NULL, headers, text, strlen(text), false);
    json_decref(headers);
    count_abandon(o);
}

static void count(struct call *c)
{
    struct count *s = NEW(struct count);
    *s = (struct count){.open = {.abandon = count_abandon, .body = count_body}, .k = c->k, .digest = EVP_MD_CTX_new()};
    if (!s->digest || EVP_DigestInit_ex(s->digest, EVP_sha256(), NULL) != 1)
        abort();
    c->status = 200;
    c->conn->user = &s->open;
    if (!podproxy_streams(c->k, c->request)) /* it has no body, and none comes */
        count_body(&s->open, c->http, (const uint8_t *)"", 0);
}

bool podproxy_streams(void *kube, const struct http1_request *r)
{
    const char *at = strstr(r->path, "/proxy/");
    const char *length = http1_header(r, "content-length");
    bool body = http1_header(r, "transfer-encoding") || (length && strtoull(length, NULL, 10));
    (void)kube;
    return body && at && !strcmp(at, "/proxy/count") && !strcmp(r->method, "POST");
}

/* ---- echo ---- */

static void echo_bytes(struct layer *l, const uint8_t *p, size_t n)
{
    layer_down(l, p, n);
    conn_hold(l->conn, layer_queued(l) > HIGH);
}

static void echo_signal(struct layer *l, enum layer_signal s, const char *reason)
{
    (void)reason;
    if (s == LAYER_DRAINED)
        conn_hold(l->conn, false);
    else if (s == LAYER_EOF)
        layer_close_down(l, LAYER_CLOSE);
}

static void echo_free(struct layer *l)
{
    free(l);
}

static const struct layer_ops echo_ops = {.name = "echo", .bytes_up = echo_bytes, .signal = echo_signal, .free = echo_free};

static void echo(struct call *c)
{
    const char *upgrade = http1_header(c->request, "upgrade");
    if (!upgrade || !http1_header_has(c->request, "connection", "upgrade")) {
        kube_reply_status(c, status_bad_request("Upgrade request required"));
        return;
    }
    struct layer *l = NEW(struct layer);
    json_t *headers = json_pack("{ss, ss}", "Connection", "Upgrade", "Upgrade", upgrade);
    l->ops = &echo_ops;
    c->status = 101;
    http1_become(c->http, 101, "Switching Protocols", headers);
    conn_push(c->conn, l);
    json_decref(headers);
}

void podproxy_call(struct call *c, struct ask *a)
{
    const char *rest = rest_of(c);
    if (!kube_shelf_get(a->r->shelf, a->ns, a->name))
        kube_reply_status(c, status_not_found(a->r, a->name));
    else if (!strncmp(rest, "/bytes/", 7) && strcmp(c->request->method, "POST"))
        bytes(c, rest + 7);
    else if (!strcmp(rest, "/count") && !strcmp(c->request->method, "POST"))
        count(c);
    else if (!strcmp(rest, "/echo"))
        echo(c);
    else
        kube_reply_with(c, 404, "text/plain; charset=utf-8", NULL, "404 page not found\n", 19);
}
