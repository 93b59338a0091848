/* Calls go to the real API server, answers come back: at once whole, or bit by bit where it is a watch. */
#include "fakekube/upstream.h"

#include <errno.h>
#include <string.h>

#include "fakekube/upstream_impl.h"
#include "lib/base/mem.h"
#include "lib/net/tls_client.h"

enum { BEHIND_MAX = 64 * 1024 * 1024 };

/* One that is under way. */
struct relayed {
    struct kube_upstream *u;
    struct conn *conn;  /* of who asks; NULL: nobody (the world itself), or it has gone */
    struct http1 *http;
    struct upstream_ask *ask;
    char *group, *version, *plural; /* of the resource, which may go meanwhile; NULL: none whose changes are told */
    char *method, *path;
    json_t *facts;      /* of kube.request; NULL: none */
    bool watch, begun, dry_run;
    int status;
    json_t *headers;
    struct buf body;
    TAILQ_ENTRY(relayed) link;
};

static struct relayed *relayed_free(struct relayed *x)
{
    TAILQ_REMOVE(&x->u->under_way, x, link);
    upstream_ask_free(x->ask);
    if (x->conn)
        x->conn->user = NULL;
    free(x->group);
    free(x->version);
    free(x->plural);
    free(x->method);
    free(x->path);
    json_decref(x->facts);
    json_decref(x->headers);
    buf_done(&x->body);
    free(x);
    return NULL;
}

/* ---- what comes back ---- */

static json_t *headers_passed(const json_t *headers)
{
    static const char *const ours[] = {"connection", "content-length", "transfer-encoding", "date", "keep-alive"};
    json_t *out = json_copy((json_t *)headers);
    for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
        json_object_del(out, ours[i]);
    return out;
}

static void say(struct relayed *x, const json_t *answer)
{
    const char *reason = json_string_value(json_object_get(answer, "reason")), *text = json_string_value(json_object_get(answer, "message"));
    if (!x->facts || !x->conn)
        return;
    json_object_set_new(x->facts, "status", json_integer(x->status));
    if (x->status >= 400 && reason)
        json_object_set_new(x->facts, "reason", json_string(reason));
    if (x->status >= 400 && text)
        json_object_set_new(x->facts, "message", json_string(text));
    conn_event(x->conn, 0, "kube.request", x->facts);
    x->facts = NULL;
}

static void on_head(void *arg, int status, const json_t *headers)
{
    struct relayed *x = arg;
    x->status = status;
    x->headers = headers_passed(headers);
    if (!x->watch || status != 200 || !x->conn)
        return;
    say(x, NULL);
    x->begun = true;
    http1_begin(x->http, status, x->headers);
}

static void on_bytes(void *arg, const void *p, size_t n)
{
    struct relayed *x = arg;
    if (!x->begun)
        buf_add(&x->body, p, n);
    else if (x->conn)
        http1_write(x->http, p, n);
    if (x->begun && x->conn && layer_queued(http1_layer(x->http)) > BEHIND_MAX)
        conn_kill(x->conn, "a watch that does not read");
}

static void on_done(void *arg, const char *failed)
{
    struct relayed *x = arg;
    json_t *answer = x->begun ? NULL : json_loadb((const char *)buf_data(&x->body), buf_len(&x->body), 0, NULL);
    const struct kube_resource *r =
        x->plural ? resources_find(x->u->k->cluster->resources, x->group, x->version, x->plural) : NULL;
    x->ask = NULL; /* it is freed */
    if (failed && !x->begun) {
        x->status = 502;
        buf_done(&x->body);
        buf_addf(&x->body, "the real API server: %s\n", failed);
    }
    say(x, answer);
    if (r && !x->dry_run && x->status < 300 && answer)
        kube_upstream_changed(x->u, r, x->method, x->path, x->status, answer);
    if (x->conn && x->begun)
        http1_end(x->http);
    else if (x->conn)
        http1_respond(x->http, x->status, NULL, x->headers, buf_data(&x->body), buf_len(&x->body), false);
    json_decref(answer);
    relayed_free(x);
}

/* ---- what goes there ---- */

static json_t *headers_asked(const struct kube_upstream *u, const struct http1_request *r)
{
    static const char *const ours[] = {"host", "connection", "content-length", "transfer-encoding", "accept-encoding", "expect"};
    json_t *out = json_copy(r->headers);
    for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
        json_object_del(out, ours[i]);
    if (u->own_token)
        json_object_set_new(out, "authorization", json_sprintf("Bearer %s", u->token));
    return out;
}

static struct upstream_ask *ask_start(struct relayed *x, const char *target, const json_t *headers, const void *body, size_t n)
{
    struct kube *k = x->u->k;
    return upstream_ask_new(&(struct upstream_ask_options){
        .loop = k->loop, .events = k->events, .next_conn_id = x->u->next_conn_id, .host = x->u->host, .port = x->u->port,
        .tls = x->u->tls, .method = x->method, .target = target, .headers = headers, .body = body, .n = n, .head = on_head,
        .bytes = on_bytes, .done = on_done, .arg = x});
}

static struct relayed *relayed_new(struct kube_upstream *u, const struct kube_resource *r, const char *method, const char *path)
{
    struct relayed *x = NEW(struct relayed);
    x->u = u;
    x->group = xstrdup(r ? r->group : NULL);
    x->version = xstrdup(r ? r->version : NULL);
    x->plural = xstrdup(r ? r->plural : NULL);
    x->method = xstrdup(method);
    x->path = xstrdup(path);
    TAILQ_INSERT_TAIL(&u->under_way, x, link);
    return x;
}

void kube_upstream_call(struct call *c, const struct kube_resource *r, const char *ns, const char *name, const char *sub)
{
    const struct http1_request *q = c->request;
    struct kube_upstream *u = c->k->upstream;
    bool other = sub && strcmp(sub, "status"); /* what is answered is another kind */
    struct relayed *x = relayed_new(u, other ? NULL : r, q->method, q->path);
    json_t *headers = headers_asked(u, q);
    x->conn = c->conn;
    x->http = c->http;
    c->conn->user = x;
    c->status = 200; /* it will be answered */
    x->facts = r ? resource_call_facts(c, r, ns, name, sub, &x->watch, &x->dry_run) : NULL;
    x->ask = ask_start(x, q->target, headers, q->body, q->body_len);
    json_decref(headers);
}

void kube_upstream_ask(struct kube_upstream *u, const struct kube_resource *r, const char *method, const char *target,
                       const char *content_type, const json_t *body)
{
    _cleanup_(freep) char *path = xstrndup(target, strcspn(target, "?")), *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    struct relayed *x = relayed_new(u, r, method, path);
    json_t *headers = json_pack("{so, ss, ss}", "authorization", json_sprintf("Bearer %s", u->token), "accept", "application/json",
                                "content-type", content_type);
    x->ask = ask_start(x, target, headers, text, text ? strlen(text) : 0);
    json_decref(headers);
}

/* ---- ends ---- */

void kube_upstream_abandon(struct conn *c)
{
    struct relayed *x = c->user;
    if (x) {
        x->conn = NULL;
        if (x->watch)
            relayed_free(x);
    }
    c->user = NULL;
}

void kube_upstream_end_watches(struct kube_upstream *u)
{
    struct relayed *x, *next;
    for (x = TAILQ_FIRST(&u->under_way); x; x = next) {
        next = TAILQ_NEXT(x, link);
        if (x->begun && x->conn) {
            http1_end(x->http);
            relayed_free(x);
        }
    }
}

int kube_upstream_set(struct kube *k, const struct kube_upstream_options *o, char **reterr)
{
    struct kube_upstream *u = NEW(struct kube_upstream);
    TAILQ_INIT(&u->under_way);
    u->k = k;
    u->next_conn_id = k->next_conn_id;
    u->host = xstrdup(o->host);
    u->port = o->port;
    u->token = xstrdup(o->token);
    u->own_token = o->own_token;
    u->seen = json_object();
    k->upstream = u;
    /* What its own cluster does is nobody's business any more. */
    k->mover = mover_free(k->mover);
    k->changes = kube_store_unwatch(k->changes);
    if (o->plain)
        return 0;
    u->tls = tls_client_ctx(o->ca_file, !o->ca_file, reterr);
    return u->tls ? 0 : -EINVAL;
}

void kube_upstream_free(struct kube_upstream *u)
{
    struct relayed *x;
    if (!u)
        return;
    while ((x = TAILQ_FIRST(&u->under_way)))
        relayed_free(x);
    SSL_CTX_free(u->tls);
    json_decref(u->seen);
    free(u->host);
    free(u->token);
    free(u);
}
