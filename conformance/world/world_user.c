/* Requests of a user, and what is answered. */
#include "conformance/world/world_user.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "conformance/world/http_ask.h"
#include "conformance/world/user_kept.h"
#include "conformance/world/user_tls.h"
#include "conformance/world/world_files.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/script/size.h"

#define DEFAULT_TO WORLD_KAS_IP ":8154"

enum { TIMEOUT_MS = 60000 };

struct asking {
    struct tunnel_user *user;
    struct http_ask *ask; /* owned */
    json_t *id, *keep, *request; /* owned; keep NULL: nothing */
    bool in_line;         /* the next of the list follows it */
    TAILQ_ENTRY(asking) link;
};

struct tunnel_user {
    struct loop *loop;
    struct events *events;
    const json_t *requests;
    const char *ca_pem;   /* borrowed */
    json_t *kept;         /* owned: name -> text, from answers */
    size_t next, made;
    TAILQ_HEAD(, asking) asking;
};

/* ---- bytes ------------------------------------------------------------------------------------------------- */

static void header_put(struct buf *b, const char *name, const json_t *value)
{
    json_t *one;
    size_t i;

    if (json_is_string(value))
        buf_addf(b, "%s: %s\r\n", name, json_string_value(value));
    else if (json_is_integer(value))
        buf_addf(b, "%s: %lld\r\n", name, (long long)json_integer_value(value));
    json_array_foreach((json_t *)value, i, one) header_put(b, name, one);
}

/* Said by the scenario, if only as null? */
static bool is_said(const json_t *headers, const char *name)
{
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)headers, key, v) if (strcasecmp(key, name) == 0) return true;
    return false;
}

static const char *text_or(const json_t *request, const char *key, const char *missing)
{
    const char *text = json_string_value(json_object_get(request, key));

    return text ? text : missing;
}

/* A text, or a value that becomes JSON. New string, NULL: no body. */
static char *body_of(const json_t *request)
{
    const json_t *body = json_object_get(request, "body");

    if (!body || json_is_null(body))
        return NULL;
    return json_is_string(body) ? xstrdup(json_string_value(body)) : json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* A body of which only the length matters. */
static uint64_t upload_of(const json_t *request)
{
    const json_t *v = json_object_get(request, "upload");
    int64_t n = json_integer_value(v);

    if (json_is_string(v) && !size_parse(json_string_value(v), &n))
        n = 0;
    return n > 0 ? (uint64_t)n : 0;
}

char *tunnel_user_request_bytes(const json_t *request, const char *to, size_t *ret_len, char **reterr)
{
    const json_t *headers = json_object_get(request, "headers");
    const char *method = text_or(request, "method", "GET"), *path = text_or(request, "path", "/"), *name;
    _cleanup_(freep) char *body = body_of(request);
    struct buf b = BUF_NULL;
    json_t *value;
    char *bytes;

    if (strpbrk(method, " \r\n") || strpbrk(path, " \r\n")) {
        *reterr = xstrdup("user: a method and a path are words without blanks");
        return NULL;
    }
    buf_addf(&b, "%s %s HTTP/%s\r\n", method, path, text_or(request, "version", "1.1"));
    if (!is_said(headers, "host"))
        buf_addf(&b, "Host: %s\r\n", to);
    json_object_foreach((json_t *)headers, name, value) header_put(&b, name, value);
    if ((body || upload_of(request)) && !is_said(headers, "content-length") && !is_said(headers, "transfer-encoding"))
        buf_addf(&b, "Content-Length: %" PRIu64 "\r\n", upload_of(request) + (body ? strlen(body) : 0));
    buf_addf(&b, "\r\n%s", body ? body : "");
    *ret_len = buf_len(&b);
    bytes = xstrndup((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return bytes;
}

/* ---- asking ------------------------------------------------------------------------------------------------ */

static struct asking *asking_free(struct asking *a)
{
    TAILQ_REMOVE(&a->user->asking, a, link);
    http_ask_free(a->ask);
    json_decref(a->id);
    json_decref(a->keep);
    json_decref(a->request);
    free(a);
    return NULL;
}

static void next_in_line(struct tunnel_user *u);

/* As text, with U+FFFD for each byte that is none. New reference. */
static json_t *body_text(const char *p, size_t n)
{
    json_t *text = json_stringn(p, n);
    struct buf b = BUF_NULL;

    if (text)
        return text;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)p[i] < 0x80)
            buf_add(&b, p + i, 1);
        else
            buf_add(&b, "\xEF\xBF\xBD", 3);
    text = json_stringn((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return text;
}

static void failed(struct tunnel_user *u, json_t *id, const char *reason)
{
    events_emit(u->events, "user", 0, 0, "user.failed", json_pack("{s:O,s:s}", "id", id, "reason", reason));
}

static void keep(struct asking *a, const struct http_answer *r)
{
    _cleanup_(freep) char *body = xstrndup(r->body ? r->body : "", r->n), *err = NULL;

    if (a->keep && user_keep(a->user->kept, a->keep, body, &err) < 0)
        failed(a->user, a->id, err);
}

static void tell(struct asking *a, const char *event, const struct http_answer *r)
{
    json_t *facts = json_pack("{s:O,s:i,s:O}", "id", a->id, "status", r->status, "headers", r->headers);

    if (strcmp(event, "user.head") != 0)
        json_object_set_new(facts, "length", json_integer((json_int_t)r->length));
    if (json_is_true(json_object_get(a->request, "digest")) && r->sha256)
        json_object_set_new(facts, "sha256", json_string(r->sha256));
    else if (strcmp(event, "user.head") != 0)
        json_object_set_new(facts, "body", body_text(r->body, r->n));
    events_emit(a->user->events, "user", 0, 0, event, facts);
}

static void begun(void *arg, const struct http_answer *r)
{
    tell(arg, "user.head", r);
}

/* Has what it waits for come? Then it hangs up. */
static bool enough(void *arg, const struct http_answer *r)
{
    struct asking *a = arg;
    const json_t *stop = json_object_get(a->request, "stop_at");

    return r->n && memmem(r->body, r->n, json_string_value(stop), json_string_length(stop));
}

static void answered(void *arg, const struct http_answer *r)
{
    struct asking *a = arg;
    struct tunnel_user *u = a->user;
    bool in_line = a->in_line;

    if (r->failed) {
        failed(u, a->id, r->failed);
    } else {
        keep(a, r); /* before a step sees the answer */
        tell(a, r->stopped ? "user.stopped" : "user.response", r);
    }
    asking_free(a);
    if (in_line)
        next_in_line(u);
}

static int64_t timeout_of(const json_t *request)
{
    int64_t ms = TIMEOUT_MS;

    (void)duration_parse(text_or(request, "timeout", ""), &ms);
    return ms;
}

static void more_options(struct http_ask_options *o, const json_t *request)
{
    const json_t *slow = json_object_get(request, "slow"), *bytes = json_object_get(slow, "bytes");
    int64_t n = json_integer_value(bytes), ms = 0;

    o->upload = upload_of(request);
    o->say = json_string_value(json_object_get(request, "say"));
    if (json_is_string(bytes))
        (void)size_parse(json_string_value(bytes), &n);
    (void)duration_parse(text_or(slow, "every", ""), &ms);
    o->slow_bytes = n > 0 ? (size_t)n : 0;
    o->slow_ms = ms > 0 ? (uint64_t)ms : 1;
    if (json_object_get(request, "stop_at")) {
        o->begun = begun;
        o->enough = enough;
    }
}

static int ask_filled(struct tunnel_user *u, const json_t *request, bool in_line, char **reterr)
{
    const char *to = text_or(request, "to", DEFAULT_TO), *colon = strrchr(to, ':');
    _cleanup_(freep) char *host = colon ? xstrndup(to, (size_t)(colon - to)) : NULL, *bytes = NULL;
    const json_t *id = json_object_get(request, "id");
    const char *tls = json_string_value(json_object_get(request, "tls"));
    struct http_ask_options o = {.loop = u->loop, .host = host, .done = answered};
    struct asking *a;

    u->made++;
    bytes = colon ? tunnel_user_request_bytes(request, to, &o.n, reterr) : NULL;
    if (!bytes) {
        if (!colon)
            *reterr = xstrdup("user: to: expected HOST:PORT");
        return -EINVAL;
    }
    o.tls = tls ? user_tls_new(tls, u->ca_pem, reterr) : NULL;
    if (tls && !o.tls)
        return -EINVAL;
    a = NEW(struct asking);
    a->user = u;
    a->in_line = in_line;
    a->id = id ? json_incref((json_t *)id) : json_integer((json_int_t)u->made);
    a->keep = json_incref(json_object_get(request, "keep"));
    a->request = json_incref((json_t *)request);
    TAILQ_INSERT_TAIL(&u->asking, a, link);
    events_emit(u->events, "user", 0, 0, "user.request",
                json_pack("{s:O,s:s,s:s,s:s}", "id", a->id, "to", to, "method", text_or(request, "method", "GET"), "path",
                          text_or(request, "path", "/")));
    o.port = (uint16_t)atoi(colon + 1);
    o.request = bytes;
    o.head = strcmp(text_or(request, "method", "GET"), "HEAD") == 0;
    o.timeout_ms = (uint64_t)timeout_of(request);
    more_options(&o, request);
    o.arg = a;
    a->ask = http_ask_new(&o);
    SSL_CTX_free(o.tls);
    return 0;
}

static int ask(struct tunnel_user *u, const json_t *request, bool in_line, char **reterr)
{
    json_t *filled = user_put_in(request, u->kept);
    int e = ask_filled(u, filled, in_line, reterr);

    json_decref(filled);
    return e;
}

static void next_in_line(struct tunnel_user *u)
{
    const json_t *request = json_array_get(u->requests, u->next);
    _cleanup_(freep) char *err = NULL;

    if (!request)
        return;
    u->next++;
    if (ask(u, request, true, &err) < 0)
        events_emit(u->events, "user", 0, 0, "user.failed",
                    json_pack("{s:I,s:s}", "id", (json_int_t)u->made, "reason", err ? err : ""));
}

struct tunnel_user *tunnel_user_new(struct loop *loop, struct events *events, const json_t *part, const char *ca_pem)
{
    struct tunnel_user *u = NEW(struct tunnel_user);

    u->loop = loop;
    u->events = events;
    u->ca_pem = ca_pem;
    u->kept = json_object();
    u->requests = json_object_get(part, "requests");
    TAILQ_INIT(&u->asking);
    return u;
}

void tunnel_user_begin(struct tunnel_user *u)
{
    next_in_line(u);
}

int tunnel_user_request(struct tunnel_user *u, const json_t *request, char **reterr)
{
    const json_t *times = json_object_get(request, "times");
    json_int_t n = json_is_integer(times) ? json_integer_value(times) : 1;
    int e = 0;

    for (json_int_t i = 0; i < n && !e; i++)
        e = ask(u, request, false, reterr);
    return e;
}

struct tunnel_user *tunnel_user_free(struct tunnel_user *u)
{
    if (!u)
        return NULL;
    while (!TAILQ_EMPTY(&u->asking))
        asking_free(TAILQ_FIRST(&u->asking));
    json_decref(u->kept);
    free(u);
    return NULL;
}
