/* One request: who asks, what for, answered. What every answer of an API server has is added here. */
#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "fakekube/internal.h"
#include "fakekube/upstream_impl.h"
#include "lib/base/mem.h"

/* ---- parameters ---- */

char *kube_call_param(const struct call *c, const char *name)
{
    return uri_form_get(c->query, strlen(c->query), name);
}

bool kube_call_flag(const struct call *c, const char *name)
{
    _cleanup_(freep) char *v = kube_call_param(c, name);
    return v && (!*v || !strcmp(v, "true") || !strcmp(v, "1"));
}

bool kube_call_accepts(const struct call *c, const char *part)
{
    const char *accept = http1_header(c->request, "accept");
    return accept && strstr(accept, part);
}

/* ---- answers ---- */

json_t *kube_call_headers(const struct call *c, const char *content_type)
{
    uint8_t b[16] = {0};
    (void)c;
    (void)RAND_bytes(b, sizeof(b));
    json_t *h = json_object();
    json_object_set_new(h, "Audit-Id", json_sprintf("%02x%02x%02x%02x-%02x%02x-4%x%02x-8%x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
                                                    b[2], b[3], b[4], b[5], b[6] & 15, b[7], b[8] & 15, b[9], b[10], b[11], b[12],
                                                    b[13], b[14], b[15]));
    json_object_set_new(h, "Cache-Control", json_string("no-cache, private"));
    json_object_set_new(h, "Content-Type", json_string(content_type));
    return h;
}

void kube_reply_with(struct call *c, int code, const char *content_type, const json_t *more, const void *body, size_t len)
{
    if (c->status)
        return;
    c->status = code;
    json_t *headers = kube_call_headers(c, content_type), *v;
    const char *name;
    json_object_foreach ((json_t *)more, name, v)
        json_object_set(headers, name, v);
    http1_respond(c->http, code, NULL, headers, body, len, c->request->too_large);
    json_decref(headers);
}

void kube_reply_json(struct call *c, int code, json_t *json)
{
    _cleanup_(freep) char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    _cleanup_(freep) char *line = xasprintf("%s\n", text ? text : "null");
    json_decref(json);
    kube_reply_with(c, code, "application/json", NULL, line, strlen(line));
}

void kube_reply_status(struct call *c, json_t *status)
{
    kube_reply_json(c, status_code(status), status);
}

void kube_reply_no_page(struct call *c)
{
    kube_reply_with(c, 404, "text/plain; charset=utf-8", NULL, "404 page not found\n", 19);
}

void kube_reply_no_resource(struct call *c)
{
    kube_reply_status(c, status_make(404, "NotFound", "the server could not find the requested resource", json_object()));
}

/* A version of the core group, or any of a group that there is: whoever serves it does not know the rest. */
static bool is_served(const struct kube *k, const struct uri_path *p)
{
    const struct kube_resource *r;
    if (p->n && !strcmp(p->segments[0], "api"))
        return true;
    if (p->n > 2 && !strcmp(p->segments[0], "apis"))
        for (size_t i = 0; (r = resources_at(k->cluster->resources, i)); i++)
            if (!strcmp(r->group, p->segments[1]))
                return true;
    return false;
}

void kube_abandon(struct conn *c)
{
    struct open_answer *o = c->user;
    c->user = NULL;
    if (o)
        o->abandon(o);
}

/* ---- which resource ---- */

/* /api/v1/… and /apis/GROUP/VERSION/…: [namespaces/NS/]RESOURCE[/NAME[/SUB]]. NULL: none is meant. */
static const struct kube_resource *resource_meant(const struct kube *k, const struct uri_path *p, const char **ret_ns,
                                                  const char **ret_name, const char **ret_sub)
{
    size_t at = p->n > 2 && !strcmp(p->segments[0], "api") ? 2 : p->n > 3 && !strcmp(p->segments[0], "apis") ? 3 : 0;
    if (!at)
        return NULL;
    const char *group = at == 3 ? p->segments[1] : "", *version = p->segments[at - 1];
    size_t left = p->n - at;
    *ret_ns = NULL;
    if (left > 2 && !strcmp(p->segments[at], "namespaces")) {
        const struct kube_resource *r = resources_find(k->cluster->resources, group, version, p->segments[at + 2]);
        if (r && r->namespaced) {
            *ret_ns = p->segments[at + 1];
            at += 2;
            left -= 2;
        }
    }
    *ret_name = left > 1 ? p->segments[at + 1] : NULL;
    *ret_sub = left > 2 ? p->segments[at + 2] : NULL;
    if (left > 3 && strcmp(*ret_sub, "proxy")) /* behind it stands what is asked of the pod */
        return NULL;
    return resources_find(k->cluster->resources, group, version, p->segments[at]);
}

/* Secrets' values are nobody's business. */
static json_t *body_shown(const struct http1_request *r)
{
    json_t *body = json_loadb((const char *)r->body, r->body_len, 0, NULL);
    const char *kind = json_string_value(json_object_get(body, "kind"));
    if (!body)
        return json_stringn((const char *)r->body, r->body_len); /* NULL: no text */
    if (kind && !strcmp(kind, "Secret")) {
        json_object_del(body, "data");
        json_object_del(body, "stringData");
    }
    return body;
}

/* As it came, so that it can be asked of another server: conform compare-kube. */
static void tell_call(struct call *c)
{
    static const char *const kept[] = {"accept", "content-type", "user-agent"};
    const struct http1_request *r = c->request;
    json_t *headers = json_object();
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        json_object_set_new(headers, kept[i], json_string(http1_header(r, kept[i])));
    conn_event(c->conn, 0, "kube.call", json_pack("{ss, ss, so, so*}", "method", r->method, "target", r->target, "headers", headers,
                                                  "body", r->body_len ? body_shown(r) : NULL));
}

void kube_reply_unserved(struct call *c)
{
    struct uri_path path = {0};
    if (uri_path_read(c->request->path, &path) == 0 && is_served(c->k, &path))
        kube_reply_no_resource(c);
    else
        kube_reply_no_page(c);
    uri_path_done(&path);
}

/* Discovery, the version, schemas, probes; path NULL: it cannot be read. */
static void other_call(struct call *c, const struct uri_path *path)
{
    json_t *facts = events_heard(c->conn->events) || fault_asked(c) ? fault_facts(c, NULL) : NULL;
    if (facts && fault_takes(c, json_incref(facts))) {
        json_decref(facts);
        return;
    }
    if (!path || !route_call(c, path))
        kube_reply_unserved(c);
    if (facts) {
        json_object_set_new(facts, "status", json_integer(c->status));
        conn_event(c->conn, 0, "kube.request", facts);
    }
}

static void serve(struct call *c)
{
    if (!c->asked && events_wanted(c->k->events, "kube.call"))
        tell_call(c);
    struct uri_path path = {0};
    const char *ns = NULL, *name = NULL, *sub = NULL;
    int r = uri_path_read(c->request->path, &path);
    const struct kube_resource *resource = r ? NULL : resource_meant(c->k, &path, &ns, &name, &sub);
    if (r == -EINVAL)
        kube_reply_with(c, 400, "text/plain; charset=utf-8", NULL, "400 Bad Request", 15);
    else if (c->request->too_large)
        kube_reply_status(c, status_make(413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728", NULL));
    else if (c->k->upstream) {
        kube_call_guess(c);
        kube_upstream_call(c, resource, ns, name, sub);
    } else if (!kube_call_admit(c))
        (void)0;
    else if (resource)
        resource_call(c, resource, ns, name, sub);
    else
        other_call(c, r ? NULL : &path);
    uri_path_done(&path);
}

static void begin(void *kube, struct http1 *h, const struct http1_request *r, bool asked)
{
    const char *query = strchr(r->target, '?');
    struct call c = {.k = kube, .conn = http1_layer(h)->conn, .http = h, .request = r, .query = query ? query + 1 : "", .asked = asked};
    serve(&c);
    json_decref(c.impersonated);
}

void kube_call_serve(void *kube, struct http1 *h, const struct http1_request *r)
{
    begin(kube, h, r, false);
}

void kube_call_again(void *kube, struct http1 *h, const struct http1_request *r)
{
    begin(kube, h, r, true);
}
