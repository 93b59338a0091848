#include "fakekas/k8s_proxy.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "fakekas/k8s_auth.h"
#include "fakekas/tunnels.h"
#include "lib/base/clock.h"
#include "lib/proto/uri.h"

#define DEFAULT_PREFIX "/k8s-proxy/"

void k8s_proxy_event(struct k8s_proxy *p, struct conn *c, const char *event, json_t *fields)
{
    kas_event(p->kas, c, 0, event, fields);
}

/* ---- what the agent is told ---- */

/* "content-type" -> "Content-Type", as Go writes each name. */
static char *canonical(const char *name)
{
    char *out = xstrdup(name);
    for (char *c = out; *c; c++)
        if (c == out || c[-1] == '-')
            *c = (char)toupper((unsigned char)*c);
    return out;
}

/* Of one hop, or for KAS alone. */
static bool stays_here(const char *name)
{
    static const char *const names[] = {"authorization",      "host",    "connection",          "proxy-connection", "keep-alive", "te",
                                        "proxy-authenticate", "trailer", "proxy-authorization", "transfer-encoding", "upgrade"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}

bool k8s_is_upgrade(const struct http1_request *r)
{
    return http1_header(r, "upgrade") && http1_header_has(r, "connection", "upgrade");
}

/* Through whom it went already, and then us. */
static void add_via(json_t *headers, const char *server)
{
    if (!*server)
        return;
    json_t *had = json_object_get(headers, "Via"), *own = json_sprintf("gRPC/1.0 %s", server);
    if (!had)
        json_object_set_new(headers, "Via", own);
    else if (json_is_array(had))
        json_array_append_new(had, own);
    else
        json_object_set_new(headers, "Via", json_pack("[O, o]", had, own));
}

static json_t *headers_for(const struct k8s_proxy *p, const struct http1_request *r)
{
    json_t *out = json_object(), *v;
    const char *name;
    json_object_foreach (r->headers, name, v) {
        _cleanup_(freep) char *as = canonical(name);
        if (!stays_here(name) && !http1_header_has(r, "connection", name))
            json_object_set(out, as, v);
    }
    if (k8s_is_upgrade(r) && p->kas->traits.k8s_upgrades) {
        json_object_set_new(out, "Upgrade", json_string(http1_header(r, "upgrade")));
        json_object_set_new(out, "Connection", json_string("upgrade"));
    }
    add_via(out, p->kas->traits.server);
    return out;
}

static bool add_query(void *arg, const char *name, const char *value)
{
    json_t *had = json_object_get(arg, name);
    if (had)
        json_array_append_new(had, json_string(value));
    else
        json_object_set_new(arg, name, json_pack("[s]", value));
    return true;
}

static json_t *length_of(const struct http1_request *r)
{
    const char *length = http1_header(r, "content-length");
    if (http1_header(r, "transfer-encoding"))
        return json_integer(-1);
    return json_integer(length ? strtoll(length, NULL, 10) : 0);
}

/* NULL: the path or the query cannot be read. */
static json_t *args_for(const struct k8s_proxy *p, const struct http1_request *r, int64_t agent_id, const struct job *job)
{
    const struct kas_traits *t = &p->kas->traits;
    const char *query = strchr(r->target, '?'), *path = r->path + strlen(p->prefix) - 1;
    _cleanup_(freep) char *decoded = uri_decode(path, strlen(path), false);
    json_t *form = json_object();
    if (!decoded || (query && !uri_form_each(query + 1, strlen(query + 1), add_query, form))) {
        json_decref(form);
        return NULL;
    }
    json_t *args = json_pack("{ss, ss, so, so}", "method", r->method, "path", decoded, "query", form, "headers", headers_for(p, r));
    json_t *as = job_impersonation(job, agent_id, job_agent(job, agent_id), t->k8s_tiers);
    if (t->k8s_impersonates && (json_object_size(as) || !t->k8s_marks_401))
        json_object_set_new(args, "extra", json_pack("{sO}", "imp_config", as));
    json_decref(as);
    if (t->request_length && !p->kas->permissive)
        json_object_set_new(args, "content_length", length_of(r));
    return args;
}

/* ---- who may ---- */

static void refuse_job(struct k8s_proxy *p, struct http1 *h, int answer)
{
    const char *message = answer == 401   ? "Unauthorized: CI job token"
                          : answer == 403 ? "Forbidden: CI job token"
                          : answer == 404 ? "Not found: agents for CI job token"
                                          : "Failed to get allowed agents for CI job token";
    _cleanup_(freep) char *why = xasprintf("HTTP status code: %d for path /api/v4/job/allowed_agents", answer);
    bool trouble = answer != 401 && answer != 403 && (answer != 404 || !p->kas->traits.not_found_rule);
    k8s_refuse(p, h, trouble ? 500 : answer, message, trouble ? NULL : why);
}

static bool prefix_fits(struct k8s_proxy *p, struct http1 *h, const struct http1_request *r)
{
    if (!strncmp(r->path, p->prefix, strlen(p->prefix)))
        return true;
    k8s_refuse(p, h, 400, "Bad request: URL does not start with expected prefix", NULL);
    return false;
}

static void request(void *arg, struct http1 *h, const struct http1_request *r)
{
    struct k8s_proxy *p = arg;
    const struct kas_traits *t = &p->kas->traits;
    const json_t *authorization = json_object_get(r->headers, "authorization");
    _cleanup_(freep) char *why = NULL;
    const char *token;
    int64_t agent_id;
    if (t->k8s_prefix_first && !prefix_fits(p, h, r))
        return;
    if (k8s_auth_read(authorization, &agent_id, &token, &why) < 0) {
        bool none = t->k8s_marks_401 && !authorization; /* there may be a cookie in its place */
        k8s_refuse(p, h, 401, "Unauthorized", none ? "no valid credentials provided" : why);
        return;
    }
    const struct job *job = jobs_by_token(p->jobs, token);
    if (!job || job->answer != 200) {
        refuse_job(p, h, job ? job->answer : 401);
        return;
    }
    if (!job_agent(job, agent_id) || !agents_by_id(p->kas->agents, agent_id)) {
        k8s_refuse(p, h, 403, "Forbidden: agentId is not allowed", NULL);
        return;
    }
    if (!t->k8s_prefix_first && !prefix_fits(p, h, r))
        return;
    json_t *args = args_for(p, r, agent_id, job);
    if (args)
        k8s_request_begin(p, h, r, agent_id, args);
    else
        http1_respond(h, 400, NULL, NULL, "400 Bad Request", 15, true);
}

/* ---- the endpoint ---- */

static bool streams(void *arg, const struct http1_request *r)
{
    (void)arg, (void)r;
    return true;
}

static void build(void *arg, struct conn *c)
{
    struct k8s_proxy *p = arg;
    struct http1_owner owner = {.request = request, .streams = streams, .body = k8s_request_body, .drained = k8s_request_drained,
                                .eof_ends = true, .arg = p, .max_head = (size_t)p->kas->limits.header};
    c->on_free = k8s_request_abandoned;
    http1_server_push(c, &owner);
}

static void release(void *arg)
{
    struct k8s_proxy *p = arg;
    jobs_free(p->jobs);
    json_decref(p->spec);
    free(p);
}

int k8s_proxy_open(struct kas *k, const struct http_side_listener *listeners, struct k8s_proxy **ret, char **reterr)
{
    static const char *const alpn[] = {"http/1.1", NULL};
    struct k8s_proxy *p = NEW(struct k8s_proxy);
    const json_t *given = json_object_get(k->spec, "kubernetes_api"), *prefix;
    p->kas = k;
    p->spec = json_is_object(given) ? json_deep_copy(given) : json_object();
    if (!json_object_get(p->spec, "certificate") && json_object_get(k->spec, "certificate"))
        json_object_set(p->spec, "certificate", json_object_get(k->spec, "certificate"));
    prefix = json_object_get(p->spec, "url_path_prefix");
    p->prefix = json_is_string(prefix) ? json_string_value(prefix) : DEFAULT_PREFIX;
    size_t n = strlen(p->prefix);
    p->find_ms = k->traits.k8s_find_ms;
    if (p->find_ms && json_is_string(json_object_get(p->spec, "patience")))
        (void)duration_parse(json_string_value(json_object_get(p->spec, "patience")), &p->find_ms);
    struct http_side_options o = {.loop = k->loop, .events = k->events, .faults = k->faults, .pki = k->pki,
                                  .next_conn_id = k->next_conn_id, .who = "k8s", .what = "the Kubernetes API endpoint of the fake KAS",
                                  .spec = p->spec, .hosts = kas_usual_hosts, .alpn = alpn, .listeners = listeners,
                                  .max_conns = (unsigned)k->limits.connections, .build = build, .arg = p};
    int r = n && p->prefix[0] == '/' && p->prefix[n - 1] == '/' ? 0 : -EINVAL;
    if (r < 0)
        *reterr = xstrdup("kas.kubernetes_api.url_path_prefix: expected a path that begins and ends with a slash, such as /k8s-proxy/");
    if (r == 0)
        r = jobs_new(json_object_get(p->spec, "jobs"), k->events, &p->jobs, reterr);
    if (r == 0)
        r = http_side_open(&o, &p->side, reterr);
    if (r < 0) {
        loop_defer(k->loop, release, p); /* behind what could be opened */
        return r;
    }
    *ret = p;
    return 0;
}

void k8s_proxy_close(struct k8s_proxy *p)
{
    if (p)
        http_side_close(p->side, release, p);
}

json_t *k8s_proxy_listeners(const struct k8s_proxy *p)
{
    return http_side_listeners(p->side);
}

int k8s_proxy_set_job(struct k8s_proxy *p, const json_t *args, char **reterr)
{
    const char *token = json_string_value(json_object_get(args, "token"));
    const char *status = json_string_value(json_is_string(args) ? args : json_object_get(args, "status"));
    struct job *j = !p ? NULL : token ? jobs_by_token(p->jobs, token) : jobs_first(p->jobs);
    if (j && job_set_status(j, status ? status : "") == 0)
        return 0;
    *reterr = xstrdup(!p   ? "set_job: this KAS has no Kubernetes API endpoint; say kas.kubernetes_api"
                      : !j ? "set_job: no job has this token"
                           : "set_job: expected running, success, failed, canceled, not-found or unavailable");
    return -EINVAL;
}
