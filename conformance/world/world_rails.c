/* Calls of Rails: one connection each, as short-lived as they are. */
#include "conformance/world/world_rails.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "conformance/world/world_files.h"
#include "fakegitlab/jwt.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/net/dial.h"
#include "lib/proto/http2_client.h"

#define DEFAULT_TO WORLD_KAS_IP ":8153"

enum { TIMEOUT_MS = 5000, SECRET_LEN = 32, LIFE_S = 60, PREFIX = 5, HEAD_MAX = 8 };

struct calling {
    struct rails *rails;
    json_t *id;               /* owned */
    char *to, *method, *auth; /* owned; auth NULL: none */
    uint8_t *message;         /* owned */
    size_t n;
    struct dial *dial;        /* until it stands */
    struct conn *conn;        /* its own owner; NULL: not yet, or no longer */
    struct h2c *h2;
    struct timer *timer;
    bool told;
    TAILQ_ENTRY(calling) link;
};

struct rails {
    struct loop *loop;
    struct events *events;
    uint64_t *next_conn_id;
    const struct kas_secrets *secrets;
    size_t made;
    TAILQ_HEAD(, calling) calls;
};

static const char *text_or(const json_t *call, const char *key, const char *missing)
{
    const char *text = json_string_value(json_object_get(call, key));

    return text ? text : missing;
}

/* ---- what became of it ------------------------------------------------------------------------------------- */

static void tell(struct calling *c, const char *event, json_t *facts)
{
    if (!c->told)
        events_emit(c->rails->events, "rails", 0, 0, event, json_incref(facts));
    json_decref(facts);
    c->told = true;
    c->timer = timer_free(c->timer);
}

static void failed(struct calling *c, const char *reason)
{
    tell(c, "rails.failed", json_pack("{s:O,s:s}", "id", c->id, "reason", reason));
}

/* The status stands in the trailers, or in the head of an answer that is nothing else. */
static void status_read(struct calling *c, const struct h2_header *h, size_t n)
{
    const char *code = NULL, *message = "";

    for (size_t i = 0; i < n; i++)
        if (strcmp(h[i].name, "grpc-status") == 0)
            code = h[i].value;
        else if (strcmp(h[i].name, "grpc-message") == 0)
            message = h[i].value;
    if (code)
        tell(c, "rails.response", json_pack("{s:O,s:i,s:s}", "id", c->id, "code", atoi(code), "message", message));
}

static void on_response(void *arg, struct h2c_stream *s, const struct h2_header *h, size_t n, bool end)
{
    (void)s;
    (void)end;
    status_read(arg, h, n);
}

static void on_data(void *arg, struct h2c_stream *s, const uint8_t *p, size_t n)
{
    (void)arg; /* what KAS answers is not looked into */
    (void)s;
    (void)p;
    (void)n;
}

static void on_trailers(void *arg, struct h2c_stream *s, const struct h2_header *h, size_t n)
{
    (void)s;
    status_read(arg, h, n);
}

static void on_nothing(void *arg, struct h2c_stream *s)
{
    (void)arg;
    (void)s;
}

static void on_closed(void *arg, struct h2c_stream *s, uint32_t code)
{
    struct calling *c = arg;

    (void)s;
    (void)code;
    failed(c, "the stream ended without a status"); /* if nothing was told yet */
    if (c->conn && !c->conn->dead)
        conn_close(c->conn, LAYER_CLOSE);
}

static void on_ping(void *arg, const uint8_t data[8], bool ack)
{
    struct calling *c = arg;

    if (!ack && c->h2)
        h2c_ping(c->h2, data, true);
}

static void on_goaway(void *arg, uint32_t code, int32_t last, const char *debug)
{
    (void)arg;
    (void)code;
    (void)last;
    (void)debug;
}

static void on_gone(void *arg)
{
    ((struct calling *)arg)->h2 = NULL;
}

/* ---- the way there ----------------------------------------------------------------------------------------- */

static void freed(struct conn *conn)
{
    struct calling *c = conn->user;

    if (!c)
        return;
    c->conn = NULL;
    c->h2 = NULL;
    failed(c, "the connection ended");
}

static struct h2_header header(const char *name, const char *value)
{
    return (struct h2_header){.name = name, .value = value, .name_len = strlen(name), .value_len = strlen(value)};
}

static void connected(void *arg, struct conn *conn)
{
    struct calling *c = arg;
    struct h2c_owner owner = {.response = on_response, .data = on_data, .trailers = on_trailers, .end = on_nothing,
                              .closed = on_closed, .drained = on_nothing, .ping = on_ping, .goaway = on_goaway, .gone = on_gone, .arg = c};
    struct h2_header head[HEAD_MAX] = {header(":method", "POST"), header(":scheme", "http"), header(":path", c->method),
                                       header(":authority", c->to), header("content-type", "application/grpc"),
                                       header("te", "trailers")};
    size_t n = 6;
    struct h2c_stream *s;

    c->dial = NULL;
    c->conn = conn;
    conn->user = c;
    conn->on_free = freed;
    c->h2 = h2c_push(conn, &owner);
    if (c->auth)
        head[n++] = header("authorization", c->auth);
    s = h2c_request(c->h2, 1, head, n, c);
    if (!s)
        return;
    h2c_data(s, c->message, c->n);
    h2c_end(s);
}

static void not_connected(void *arg, int error)
{
    struct calling *c = arg;

    c->dial = NULL;
    failed(c, strerror(error));
}

static void too_late(void *arg)
{
    failed(arg, "no answer in time");
}

/* ---- a call ------------------------------------------------------------------------------------------------ */

/* "Bearer JWT", a new string; NULL: none. */
static char *authorization(const struct rails *r, const char *secret, const char *audience)
{
    unsigned char raw[SECRET_LEN + 4] = "another secret, and nobody knows";
    json_int_t now = (json_int_t)time(NULL);
    json_t *claims;
    struct jwt_key *key;
    char *jwt, *all;

    if (strcmp(secret, "none") == 0)
        return NULL;
    if (strcmp(secret, "good") == 0)
        (void)EVP_DecodeBlock(raw, (const unsigned char *)r->secrets->api, (int)strlen(r->secrets->api));
    key = jwt_key_new(raw, SECRET_LEN);
    claims = json_pack("{s:s,s:s,s:I,s:I,s:I}", "iss", "gitlab", "aud", audience, "iat", now, "nbf", now - 5, "exp",
                       now + LIFE_S);
    jwt = jwt_sign(key, claims);
    all = xasprintf("Bearer %s", jwt);
    events_secret(r->events, jwt, "jwt");
    free(jwt);
    json_decref(claims);
    jwt_key_free(key);
    OPENSSL_cleanse(raw, sizeof(raw));
    return all;
}

/* gRPC's frame of one message. */
static int message_make(struct calling *c, const json_t *message)
{
    uint8_t *bytes = NULL;
    size_t n = 0;

    if (message && !json_is_null(message) && action_bytes(message, &bytes, &n) < 0)
        return -EINVAL;
    c->n = PREFIX + n;
    c->message = xcalloc(1, c->n);
    for (size_t i = 0; i < 4; i++)
        c->message[4 - i] = (uint8_t)(n >> 8 * i);
    if (n)
        memcpy(c->message + PREFIX, bytes, n);
    free(bytes);
    return 0;
}

static struct calling *calling_free(struct calling *c)
{
    TAILQ_REMOVE(&c->rails->calls, c, link);
    dial_cancel(c->dial);
    timer_free(c->timer);
    if (c->h2)
        h2c_forget(c->h2);
    if (c->conn) {
        c->conn->user = NULL;
        conn_kill(c->conn, "the world ends");
    }
    json_decref(c->id);
    free(c->to);
    free(c->method);
    free(c->auth);
    free(c->message);
    free(c);
    return NULL;
}

static int start(struct calling *c, const json_t *call)
{
    const char *colon = strrchr(c->to, ':');
    _cleanup_(freep) char *host = colon ? xstrndup(c->to, (size_t)(colon - c->to)) : NULL;
    struct dial_options o = {.host = host, .port = (uint16_t)(colon ? atoi(colon + 1) : 0), .who = "rails",
                             .loop = c->rails->loop, .events = c->rails->events, .next_conn_id = c->rails->next_conn_id,
                             .build = connected, .failed = not_connected, .arg = c};
    int64_t ms = TIMEOUT_MS;

    (void)duration_parse(text_or(call, "timeout", ""), &ms);
    c->timer = timer_new(c->rails->loop, (uint64_t)ms, too_late, c);
    return host ? dial_start(&o, &c->dial) : -EINVAL;
}

int rails_call(struct rails *r, const json_t *call, char **reterr)
{
    const json_t *id = json_object_get(call, "id");
    struct calling *c = NEW(struct calling);
    int e;

    r->made++;
    c->rails = r;
    c->id = id ? json_incref((json_t *)id) : json_integer((json_int_t)r->made);
    c->to = xstrdup(text_or(call, "to", DEFAULT_TO));
    c->method = xstrdup(text_or(call, "method", "/"));
    c->auth = authorization(r, text_or(call, "secret", "good"), text_or(call, "audience", "gitlab-kas"));
    TAILQ_INSERT_TAIL(&r->calls, c, link);
    events_emit(r->events, "rails", 0, 0, "rails.request",
                json_pack("{s:O,s:s,s:s}", "id", c->id, "to", c->to, "method", c->method));
    e = message_make(c, json_object_get(call, "message"));
    if (!e)
        e = start(c, call);
    if (!e)
        return 0;
    *reterr = xasprintf("rails: to and message: expected HOST:PORT, the host an address, and bytes such as {hex: \"0801\"}");
    calling_free(c);
    return e;
}

struct rails *rails_new(struct loop *loop, struct events *events, uint64_t *next_conn_id, const struct kas_secrets *secrets)
{
    struct rails *r = NEW(struct rails);

    *r = (struct rails){.loop = loop, .events = events, .next_conn_id = next_conn_id, .secrets = secrets};
    TAILQ_INIT(&r->calls);
    return r;
}

struct rails *rails_free(struct rails *r)
{
    if (!r)
        return NULL;
    while (!TAILQ_EMPTY(&r->calls))
        calling_free(TAILQ_FIRST(&r->calls));
    free(r);
    return NULL;
}
