#include "conformance/refagent/kube.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "conformance/refagent/agent.h"
#include "conformance/refagent/gotext.h"
#include "conformance/refagent/grpc_status.h"
#include "conformance/refagent/http_reply.h"
#include "conformance/refagent/kube_account.h"
#include "conformance/refagent/tcp_dial.h"
#include "conformance/refagent/tls_client.h"
#include "grpctool.pb-c.h"
#include "kubernetes_api.pb-c.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

enum { PIECE = 32 * 1024, LARGE_PIECE = 256 * 1024 };

#define VIA "gitlab-agent/" AGENT_VERSION "/" AGENT_COMMIT

struct kube_request {
    struct agent *agent;
    const struct kube_events *ev;
    void *arg;
    struct go_url base;
    char *url, *method; /* for messages */
    struct kube_account account;
    struct buf head, body, held;
    bool has_header, sent;
    struct tcp_dial *dial;
    struct link *link;
    struct http_reply reply;
    struct timer *soon; /* an end that was found from within */
    char *error;
    int code;
};

/* Where the cluster is */

/* The first "server:" of a kubeconfig: enough for a file with one cluster. */
static char *server_from(const char *path)
{
    FILE *f = path ? fopen(path, "re") : NULL;
    char line[1024], server[1024];
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f))
        found = sscanf(line, " server: %1023s", server) == 1;
    if (f)
        fclose(f);
    return found ? xstrdup(server) : NULL;
}

static char *server(const struct agent *a)
{
    const char *host = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT");
    if (a->flags.server)
        return xasprintf("%s%s", strstr(a->flags.server, "://") ? "" : "http://", a->flags.server);
    char *s = server_from(a->flags.kubeconfig ? a->flags.kubeconfig : getenv("KUBECONFIG"));
    if (s)
        return s;
    if (host && port)
        return xasprintf("https://%s:%s", host, port);
    return xstrdup("http://localhost:8080");
}

/* The end */

static void on_soon(void *arg)
{
    struct kube_request *k = arg;
    k->soon = timer_free(k->soon);
    if (k->ev)
        k->ev->ended(k->arg, k->code, k->error);
}

static void end(struct kube_request *k, int code, char *error)
{
    if (k->soon) {
        free(error);
        return;
    }
    k->error = error;
    k->code = code;
    k->soon = timer_new(k->agent->loop, 0, on_soon, k);
}

/* "Get \"http://…\": why" */
static void fail(struct kube_request *k, const char *why)
{
    _cleanup_(freep) char *url = go_quote(k->url, strlen(k->url));
    for (char *c = k->method + 1; *k->method && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    end(k, GRPC_UNAVAILABLE, xasprintf("%s %s: %s", k->method, url, why));
}

/* The answer */

static void send_response(struct kube_request *k, Grpctool__HttpResponse *r)
{
    size_t n = grpctool__http_response__get_packed_size(r);
    _cleanup_(freep) uint8_t *p = xcalloc(n + 1, 1);
    grpctool__http_response__pack(r, p);
    if (k->ev)
        k->ev->message(k->arg, p, n);
}

static void send_head(struct kube_request *k)
{
    struct http_reply *h = &k->reply;
    Prototool__HttpResponse__HeaderEntry entry[HTTP_REPLY_HEADERS + 1], *entries[HTTP_REPLY_HEADERS + 1];
    Prototool__Values values[HTTP_REPLY_HEADERS + 1];
    char *value[HTTP_REPLY_HEADERS + 1];
    for (size_t i = 0; i <= h->n_headers; i++) {
        bool via = i == h->n_headers;
        values[i] = (Prototool__Values)PROTOTOOL__VALUES__INIT;
        value[i] = via ? (char *)"1.1 " VIA : h->headers[i].value;
        values[i].value = &value[i];
        values[i].n_value = 1;
        entry[i] = (Prototool__HttpResponse__HeaderEntry)PROTOTOOL__HTTP_RESPONSE__HEADER_ENTRY__INIT;
        entry[i].key = via ? (char *)"Via" : h->headers[i].name;
        entry[i].value = &values[i];
        entries[i] = &entry[i];
    }
    Prototool__HttpResponse response = PROTOTOOL__HTTP_RESPONSE__INIT;
    response.status_code = h->status;
    response.status = h->status_text;
    response.header = entries;
    response.n_header = h->n_headers + !mutant_is(k->agent, M_NO_VIA);
    Grpctool__HttpResponse__Header header = GRPCTOOL__HTTP_RESPONSE__HEADER__INIT;
    header.response = &response;
    Grpctool__HttpResponse r = GRPCTOOL__HTTP_RESPONSE__INIT;
    r.message_case = GRPCTOOL__HTTP_RESPONSE__MESSAGE_HEADER;
    r.header = &header;
    send_response(k, &r);
}

static void send_piece(struct kube_request *k, const uint8_t *p, size_t n)
{
    Grpctool__HttpResponse__Data data = GRPCTOOL__HTTP_RESPONSE__DATA__INIT;
    data.data.data = (uint8_t *)p;
    data.data.len = n;
    Grpctool__HttpResponse r = GRPCTOOL__HTTP_RESPONSE__INIT;
    r.message_case = GRPCTOOL__HTTP_RESPONSE__MESSAGE_DATA;
    r.data = &data;
    send_response(k, &r);
}

static void send_pieces(struct kube_request *k, const uint8_t *p, size_t n)
{
    size_t most = mutant_is(k->agent, M_LARGE_PIECES) ? LARGE_PIECE : PIECE;
    for (size_t at = 0; at < n; at += most)
        send_piece(k, p + at, n - at < most ? n - at : most);
}

static void on_reply_data(void *arg, const uint8_t *p, size_t n)
{
    struct kube_request *k = arg;
    if (!mutant_is(k->agent, M_HOLDS_ANSWERS) && !mutant_is(k->agent, M_LARGE_PIECES)) {
        send_pieces(k, p, n);
        return;
    }
    buf_add(&k->held, p, n);
    if (mutant_is(k->agent, M_LARGE_PIECES) && buf_len(&k->held) >= LARGE_PIECE) {
        send_pieces(k, buf_data(&k->held), buf_len(&k->held));
        buf_done(&k->held);
    }
}

static void send_trailer(struct kube_request *k)
{
    Grpctool__HttpResponse__Trailer trailer = GRPCTOOL__HTTP_RESPONSE__TRAILER__INIT;
    Grpctool__HttpResponse r = GRPCTOOL__HTTP_RESPONSE__INIT;
    r.message_case = GRPCTOOL__HTTP_RESPONSE__MESSAGE_TRAILER;
    r.trailer = &trailer;
    send_response(k, &r);
}

static void follow(struct kube_request *k, enum http_reply_state state)
{
    if (k->soon)
        return;
    if (state == HTTP_REPLY_BAD) {
        fail(k, "net/http: HTTP/1.x transport connection broken: malformed HTTP response");
    } else if (state == HTTP_REPLY_DONE) {
        send_pieces(k, buf_data(&k->held), buf_len(&k->held));
        send_trailer(k);
        end(k, GRPC_OK, NULL);
    }
}

static void on_reply_head(void *arg)
{
    send_head(arg);
}

static void on_data(void *arg, const uint8_t *p, size_t n)
{
    struct kube_request *k = arg;
    if (!k->soon)
        follow(k, http_reply_feed(&k->reply, p, n, on_reply_head, on_reply_data, k));
}

static void on_closed(void *arg, const char *error)
{
    struct kube_request *k = arg;
    if (http_reply_eof(&k->reply))
        follow(k, HTTP_REPLY_DONE);
    else if (!k->soon)
        fail(k, error);
}

/* The request */

static void send_request(struct kube_request *k)
{
    static const struct link_up up = {on_data, on_closed};
    link_set_up(k->link, up, k);
    buf_addf(&k->head, "Host: %s\r\nConnection: close\r\n", k->base.host);
    if (!mutant_is(k->agent, M_NO_VIA))
        buf_addf(&k->head, "Via: gRPC/1.0 " VIA "\r\n");
    if (k->account.token)
        buf_addf(&k->head, "Authorization: Bearer %s\r\n", k->account.token);
    if (buf_len(&k->body))
        buf_addf(&k->head, "Content-Length: %zu\r\n", buf_len(&k->body));
    buf_addf(&k->head, "\r\n");
    link_send(k->link, buf_data(&k->head), buf_len(&k->head));
    link_send(k->link, buf_data(&k->body), buf_len(&k->body));
}

static void on_tls(void *arg, const char *error, bool plain_http)
{
    (void)plain_http;
    struct kube_request *k = arg;
    if (error)
        fail(k, error);
    else
        send_request(k);
}

static void on_tcp(void *arg, int fd, const char *error)
{
    struct kube_request *k = arg;
    if (error) {
        fail(k, error);
        return;
    }
    k->dial = tcp_dial_free(k->dial);
    struct link *socket = k->link = tcp_link_new(k->agent, fd);
    if (!strcmp(k->base.scheme, "https")) {
        k->link = tls_start(k->agent, socket, k->base.hostname, false, on_tls, k);
        if (k->account.roots)
            tls_trust(k->link, k->account.roots);
    } else {
        send_request(k);
    }
    tcp_link_read(socket);
}

static bool hop_by_hop(const char *name)
{
    static const char *names[] = {"Connection",
                                  "Proxy-Connection",
                                  "Keep-Alive",
                                  "Proxy-Authenticate",
                                  "Proxy-Authorization",
                                  "Te",
                                  "Trailer",
                                  "Transfer-Encoding",
                                  "Upgrade",
                                  "Host",
                                  "Content-Length",
                                  "Authorization"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (!strcasecmp(names[i], name))
            return true;
    return false;
}

static void add_escaped(struct buf *b, const char *s)
{
    for (; *s; s++)
        buf_addf(b, isalnum((unsigned char)*s) || strchr("-_.~", *s) ? "%c" : "%%%02X", (unsigned char)*s);
}

static void take_header(struct kube_request *k, const Prototool__HttpRequest *r)
{
    struct buf target = BUF_NULL;
    buf_addf(&target, "%s", r->url_path);
    for (size_t i = 0, n = 0; i < r->n_query && !mutant_is(k->agent, M_DROPS_QUERY); i++)
        for (size_t v = 0; r->query[i]->value && v < r->query[i]->value->n_value; v++) {
            buf_addf(&target, "%c", n++ ? '&' : '?');
            add_escaped(&target, r->query[i]->key);
            buf_addf(&target, "=");
            add_escaped(&target, r->query[i]->value->value[v]);
        }
    _cleanup_(freep) char *path = xstrndup((const char *)buf_data(&target), buf_len(&target));
    buf_done(&target);
    k->method = xstrdup(r->method);
    k->url = xasprintf("%s://%s%s", k->base.scheme, k->base.host, path);
    buf_addf(&k->head, "%s %s HTTP/1.1\r\n", r->method, path);
    for (size_t i = 0; i < r->n_header; i++)
        for (size_t v = 0; r->header[i]->value && v < r->header[i]->value->n_value; v++)
            if (!hop_by_hop(r->header[i]->key) && !strpbrk(r->header[i]->value->value[v], "\r\n"))
                buf_addf(&k->head, "%s: %s\r\n", r->header[i]->key, r->header[i]->value->value[v]);
    k->has_header = true;
}

static void take_impersonation(struct kube_request *k, const Google__Protobuf__Any *extra)
{
    KubernetesApi__HeaderExtra *h = extra && !mutant_is(k->agent, M_ASKS_AS_ITSELF)
                                        ? kubernetes_api__header_extra__unpack(NULL, extra->value.len, extra->value.data)
                                        : NULL;
    const KubernetesApi__ImpersonationConfig *c = h ? h->imp_config : NULL;
    if (c && *c->username)
        buf_addf(&k->head, "Impersonate-User: %s\r\n", c->username);
    for (size_t i = 0; c && i < c->n_groups; i++)
        buf_addf(&k->head, "Impersonate-Group: %s\r\n", c->groups[i]);
    for (size_t i = 0; c && i < c->n_extra; i++)
        for (size_t v = 0; v < c->extra[i]->n_val; v++) {
            buf_addf(&k->head, "Impersonate-Extra-");
            add_escaped(&k->head, c->extra[i]->key);
            buf_addf(&k->head, ": %s\r\n", c->extra[i]->val[v]);
        }
    if (h)
        kubernetes_api__header_extra__free_unpacked(h, NULL);
}

static void start(struct kube_request *k)
{
    k->sent = true;
    unsigned port = *k->base.port                      ? (unsigned)atoi(k->base.port)
                    : !strcmp(k->base.scheme, "https") ? 443
                                                       : 80;
    k->dial = tcp_dial_start(k->agent->loop, k->base.hostname, port, on_tcp, k);
}

void kube_request_message(struct kube_request *k, const uint8_t *p, size_t n)
{
    Grpctool__HttpRequest *r = grpctool__http_request__unpack(NULL, n, p);
    if (!r)
        end(k, GRPC_INTERNAL, xstrdup("grpc: failed to unmarshal the received message"));
    else if (r->message_case == GRPCTOOL__HTTP_REQUEST__MESSAGE_HEADER && !k->has_header &&
             r->header->request) {
        take_header(k, r->header->request);
        take_impersonation(k, r->header->extra);
    } else if (r->message_case == GRPCTOOL__HTTP_REQUEST__MESSAGE_DATA)
        buf_add(&k->body, r->data->data.data, r->data->data.len);
    else if (r->message_case == GRPCTOOL__HTTP_REQUEST__MESSAGE_TRAILER && k->has_header && !k->sent)
        start(k);
    if (r)
        grpctool__http_request__free_unpacked(r, NULL);
}

struct kube_request *kube_request_new(struct agent *a, const struct kube_events *ev, void *arg)
{
    struct kube_request *k = NEW(struct kube_request);
    *k = (struct kube_request){.agent = a, .ev = ev, .arg = arg};
    _cleanup_(freep) char *base = server(a);
    free(go_url_parse(base, &k->base));
    if (!a->flags.server && !a->flags.kubeconfig && getenv("KUBERNETES_SERVICE_HOST"))
        k->account = kube_account_read();
    return k;
}

void kube_request_orphan(struct kube_request *k)
{
    k->ev = NULL;
    kube_request_free(k->agent->orphan);
    k->agent->orphan = k;
}

struct kube_request *kube_request_free(struct kube_request *k)
{
    if (!k)
        return NULL;
    tcp_dial_free(k->dial);
    link_free(k->link);
    timer_free(k->soon);
    http_reply_done(&k->reply);
    go_url_done(&k->base);
    buf_done(&k->head);
    buf_done(&k->body);
    buf_done(&k->held);
    kube_account_done(&k->account);
    free(k->url);
    free(k->method);
    free(k->error);
    free(k);
    return NULL;
}
