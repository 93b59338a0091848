/* One request: found in the table, its asker looked at, answered. What every answer of GitLab has is added here. */
#include <errno.h>
#include <openssl/rand.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "fakegitlab/internal.h"
#include "lib/script/version.h"

/* ---- request ids ---- */

/* splitmix64: ids must differ, nobody has to be kept from guessing them, and each call gets one. */
static uint64_t chance_next(struct gitlab *g)
{
    if (!g->chance && RAND_bytes((unsigned char *)&g->chance, sizeof(g->chance)) != 1)
        g->chance = 1;
    uint64_t z = g->chance += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

/* GitLab goes on with the id that it is asked with, where that is one; else it makes a ULID. */
static void name_request(struct call *c)
{
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const char *given = http1_header(c->request, "x-request-id");
    size_t n = given ? strlen(given) : 0;
    bool fine = n && n < sizeof(c->request_id);
    for (size_t i = 0; fine && i < n; i++)
        fine = (given[i] >= '0' && given[i] <= '9') || (given[i] >= 'A' && given[i] <= 'Z') ||
               (given[i] >= 'a' && given[i] <= 'z') || given[i] == '-' || given[i] == '_';
    if (fine) {
        memcpy(c->request_id, given, n + 1);
        return;
    }
    uint64_t ms = (uint64_t)store_now(), r[2] = {chance_next(c->g), chance_next(c->g)};
    for (int i = 9; i >= 0; i--, ms >>= 5)
        c->request_id[i] = letters[ms & 31];
    for (int i = 0; i < 16; i++)
        c->request_id[10 + i] = letters[r[i / 8] >> (5 * (i % 8)) & 31];
}

/* ---- answers ---- */

static void say(struct call *c)
{
    struct conn *conn = c->conn;
    if (!events_heard(conn->events))
        return;
    json_t *path = json_string(c->request->path);
    json_t *facts = json_pack("{ss, so, si, ss}", "method", c->request->method, "path",
                              path ? path : json_string("(not UTF-8)"), "status", c->status, "request_id",
                              c->request_id);
    if (c->route)
        json_object_set_new(facts, "route", json_string(c->route->path));
    json_object_update(facts, c->asker);
    if (c->why)
        json_object_set_new(facts, "why", json_string(c->why));
    conn_event(conn, 0, "gitlab.api", facts);
}

/* Headers as Rails and Grape send them. Held in one object a call, for lib/proto/http1 to write. */
static json_t *headers_of(const struct call *c, const char *content_type, const json_t *more)
{
    json_t *h = json_object(), *v;
    const char *name;
    if (content_type)
        json_object_set_new_nocheck(h, "Content-Type", json_string_nocheck(content_type));
    json_object_set_new_nocheck(h, "X-Request-Id", json_string_nocheck(c->request_id));
    json_object_set_new_nocheck(h, "X-Content-Type-Options", json_string_nocheck("nosniff"));
    json_object_set_new_nocheck(h, "Cache-Control", json_string_nocheck("max-age=0, private, must-revalidate"));
    json_object_foreach ((json_t *)more, name, v)
        json_object_set(h, name, v);
    return h;
}

static void answer(struct call *c, int status, const char *content_type, const json_t *more, const char *text,
                   size_t len)
{
    if (c->status)
        return;
    c->status = status;
    say(c); /* the answer itself comes behind it in the log */
    json_t *headers = headers_of(c, content_type, more);
    http1_respond(c->http, status, NULL, headers, text, len, c->request->too_large);
    json_decref(headers);
}

void reply_text_with(struct call *c, int status, const json_t *headers, const char *content_type, const char *text,
                     size_t len)
{
    answer(c, status, content_type, headers, text, len);
}

void reply_text(struct call *c, int status, const char *content_type, const char *text, size_t len)
{
    answer(c, status, content_type, NULL, text, len);
}

void reply_json_with(struct call *c, int status, const json_t *headers, json_t *json)
{
    _cleanup_(freep) char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(json);
    answer(c, status, "application/json", headers, text ? text : "null", text ? strlen(text) : 4);
}

void reply_json(struct call *c, int status, json_t *json)
{
    reply_json_with(c, status, NULL, json);
}

void reply_none(struct call *c, int status)
{
    answer(c, status, NULL, NULL, NULL, 0);
}

static void reply_words(struct call *c, int status, const char *key, const char *format, va_list ap)
{
    char *text = NULL;
    if (vasprintf(&text, format, ap) < 0)
        abort();
    json_t *words = json_string(text);
    reply_json(c, status, json_pack("{so}", key, words ? words : json_string("")));
    free(text);
}

void reply_message(struct call *c, int status, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    reply_words(c, status, "message", format, ap);
    va_end(ap);
}

void reply_error(struct call *c, int status, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    reply_words(c, status, "error", format, ap);
    va_end(ap);
}

void reply_unauthorized(struct call *c)
{
    reply_message(c, 401, "401 Unauthorized");
}

void reply_forbidden(struct call *c)
{
    reply_message(c, 403, "403 Forbidden");
}

void reply_not_found(struct call *c, const char *what)
{
    reply_message(c, 404, "404 %s%sNot Found", what ? what : "", what ? " " : "");
}

void reply_bad_request(struct call *c, const char *reason)
{
    reply_message(c, 400, "400 Bad request - %s", reason);
}

/* ---- which ---- */

/* Does the path of the request fit? Then *params are what stands for :names. */
static bool fits(const struct uri_path *path, const char *pattern, const char *params[4])
{
    size_t n_params = 0;
    for (size_t i = 0; i < path->n; i++) {
        if (*pattern != '/' || !pattern[1])
            return false;
        size_t len = strcspn(++pattern, "/");
        if (*pattern == ':')
            params[n_params++] = path->segments[i];
        else if (strncmp(path->segments[i], pattern, len) != 0 || path->segments[i][len])
            return false;
        pattern += len;
    }
    return !*pattern || (!strcmp(pattern, "/") && !path->n);
}

static bool method_fits(const char *wanted, const char *method)
{
    return !strcmp(wanted, "*") || !strcmp(wanted, method) || (!strcmp(wanted, "GET") && !strcmp(method, "HEAD"));
}

static bool has(const struct gitlab *g, const struct route *r)
{
    bool yes = true;
    if (r->versions && g->version)
        (void)version_in(r->versions, NULL, g->version, &yes);
    return yes;
}

/* Sets c->route, or says which methods there are for that path: *allow has them, comma between. */
static void find_route(struct call *c, struct buf *allow)
{
    for (size_t i = 0; i < gitlab_n_routes; i++) {
        const struct route *r = &gitlab_routes[i];
        const char *params[4] = {0};
        if (!fits(&c->path, r->path, params) || !has(c->g, r))
            continue;
        if (method_fits(r->method, c->request->method)) {
            c->route = r;
            memcpy(c->params, params, sizeof(params));
            return;
        }
        buf_addf(allow, "%s%s%s", buf_len(allow) ? ", " : "", r->method, strcmp(r->method, "GET") ? "" : ", HEAD");
    }
}

static void reply_not_allowed(struct call *c, struct buf *allow)
{
    json_t *headers = json_object();
    json_object_set_new(headers, "Allow", json_stringn((const char *)buf_data(allow), buf_len(allow)));
    reply_json_with(c, 405, headers, json_pack("{ss}", "error", "405 Not Allowed"));
    json_decref(headers);
}

static void reply_no_route(struct call *c)
{
    if (c->path.n && !strcmp(c->path.segments[0], "api"))
        reply_error(c, 404, "404 Not Found");
    else
        page_not_found(c);
}

/* An encoding that is none never reaches Grape: a middleware of GitLab says no. */
static void reply_malformed(struct call *c)
{
    c->why = "malformed path or query";
    reply_text(c, 400, "text/plain", "Bad Request", 11);
}

static bool keep_going(void *arg, const char *name, const char *value)
{
    (void)arg, (void)name, (void)value;
    return true;
}

static void serve(struct call *c)
{
    struct buf allow = BUF_NULL;
    int r = uri_path_read(c->request->path, &c->path);
    if (r == -EINVAL || (*c->query && !uri_form_each(c->query, strlen(c->query), keep_going, NULL))) {
        reply_malformed(c);
        return;
    }
    if (c->request->too_large) {
        c->why = "body too large";
        reply_message(c, 413, "413 Request Entity Too Large");
        return;
    }
    if (r == 0)
        find_route(c, &allow);
    if (!c->route && buf_len(&allow))
        reply_not_allowed(c, &allow);
    else if (!c->route)
        reply_no_route(c);
    else if (call_admit(c))
        c->route->answer(c);
    if (!c->status)
        reply_message(c, 500, "500 Internal Server Error");
    buf_done(&allow);
}

void call_serve(void *arg, struct http1 *h, const struct http1_request *r)
{
    const struct gitlab_listener *l = arg;
    const char *query = strchr(r->target, '?');
    struct call c = {.g = l->g, .listener = l, .conn = http1_layer(h)->conn, .http = h, .request = r,
                     .query = query ? query + 1 : ""};
    name_request(&c);
    peer_called(&c);
    serve(&c);
    web_session_done(&c.session);
    uri_path_done(&c.path);
    json_decref(c.body);
    json_decref(c.asker);
}
