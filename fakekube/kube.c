/* The fake API server as a whole: made from its part of a scenario, listening, telling what changes, freed. */
#include "fakekube/kube.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "fakekube/internal.h"
#include "fakekube/upstream_impl.h"
#include "lib/base/mem.h"
#include "lib/script/spec.h"

static const char *const hosts[] = {"kubernetes", "kubernetes.default", "kubernetes.default.svc",
                                    "kubernetes.default.svc.cluster.local", "localhost", "127.0.0.1", "10.96.0.1", NULL};

void kube_event(struct kube *k, const char *event, json_t *fields)
{
    events_emit(k->events, "kube", 0, 0, event, fields);
}

/* ---- what it is told ---- */

static int refuse(char **reterr, char *text)
{
    *reterr = text;
    return -EINVAL;
}

static int read_version(struct kube *k, char **reterr)
{
    const json_t *v = json_object_get(k->spec, "version");
    const char *text = v ? json_string_value(v) : "1.27";
    int minor = 0, patch = 16, n = 0;
    if (!text || sscanf(text, "1.%d%n", &minor, &n) != 1 || (text[n] && sscanf(text + n, ".%d", &patch) != 1))
        return refuse(reterr, xstrdup("kube.version: expected a release such as \"1.27\", in quotes"));
    k->minor = minor;
    k->version = xasprintf("1.%d.%d", minor, patch);
    return 0;
}

int kube_settings(struct kube *k, char **reterr)
{
    const struct spec_limit limits[] = {{"connections", false, 1000000, &k->limits.connections},
                                        {"header", true, 64 * 1024, &k->limits.header},
                                        {"body", true, 1024 * 1024 * 1024, &k->limits.body},
                                        {"watch", true, 1024 * 1024 * 1024, &k->limits.watch}};
    const json_t *tokens = json_object_get(k->spec, "tokens");
    const char *token;
    json_t *user;
    k->limits = (struct kube_limits){.body = 3 * 1024 * 1024, .watch = 8 * 1024 * 1024};
    int r = read_version(k, reterr);
    if (r == 0)
        r = spec_limits(json_object_get(k->spec, "limits"), "kube", limits, ARRAY_SIZE(limits), reterr);
    k->tokens = json_is_object(tokens) ? json_deep_copy(tokens) : NULL;
    k->anonymous = json_is_true(json_object_get(k->spec, "anonymous"));
    json_object_foreach (k->tokens, token, user)
        events_secret(k->events, token, "token");
    return r;
}

static int make_cluster(struct kube *k, char **reterr)
{
    struct cluster_options o = {.forbid = json_object_get(k->spec, "forbid"), .objects = json_object_get(k->spec, "objects"),
                                .rbac = json_is_true(json_object_get(k->spec, "rbac")),
                                .history = (size_t)json_integer_value(json_object_get(k->spec, "history"))};
    char *err = NULL;
    int r = cluster_new(&o, &k->cluster, &err);
    if (r < 0)
        *reterr = xasprintf("kube.objects: %s", err);
    free(err);
    return r;
}

/* ---- what changes ---- */

json_t *kube_object_shown(const char *plural, const json_t *object)
{
    json_t *o = object_copy(object);
    json_object_del(json_object_get(o, "metadata"), "managedFields");
    if (!strcmp(plural, "secrets"))
        json_object_del(o, "data");
    return o;
}

static void on_change(void *arg, const struct kube_change *c)
{
    static const char *const names[] = {"ADDED", "MODIFIED", "DELETED"};
    struct kube *k = arg;
    const struct kube_resource *r = resources_of_shelf(k->cluster->resources, c->shelf);
    if (!strcmp(kube_shelf_plural(c->shelf), "customresourcedefinitions"))
        openapi_forget(k);
    if (c->type == CHANGE_DELETED && !strcmp(kube_shelf_plural(c->shelf), "pods"))
        podlog_forget(k, c->key);
    if (!events_heard(k->events))
        return;
    const char *slash = strchr(c->key, '/');
    kube_event(k, "kube.changed", json_pack("{ss, ss, ss, so, ss, sI, so}", "type", names[c->type], "group", kube_shelf_group(c->shelf),
                                            "kind", r ? r->kind : kube_shelf_plural(c->shelf), "namespace",
                                            json_stringn(c->key, (size_t)(slash - c->key)), "name", slash + 1, "version",
                                            (json_int_t)c->version, "object", kube_object_shown(kube_shelf_plural(c->shelf), c->object)));
}

/* ---- connections ---- */

static void body(void *kube, struct http1 *h, const uint8_t *p, size_t n)
{
    struct open_answer *o = http1_layer(h)->conn->user;
    (void)kube;
    if (o && o->body)
        o->body(o, h, p, n);
}

static void drained(void *kube, struct http1 *h)
{
    struct open_answer *o = http1_layer(h)->conn->user;
    (void)kube;
    if (o && o->drained)
        o->drained(o, h);
}

static void build(void *arg, struct conn *c)
{
    struct kube *k = arg;
    struct http1_owner owner = {.request = kube_call_serve, .arg = k, .max_head = (size_t)k->limits.header,
                                .max_body = (size_t)k->limits.body};
    c->on_free = k->upstream ? kube_upstream_abandon : kube_abandon;
    if (!k->upstream) {
        owner.streams = podproxy_streams;
        owner.body = body;
        owner.drained = drained;
    }
    http1_server_push(c, &owner);
}

static void release(void *arg)
{
    struct kube *k = arg;
    kube_upstream_free(k->upstream);
    mover_free(k->mover);
    podlog_forget(k, NULL);
    kube_store_unwatch(k->changes);
    cluster_free(k->cluster);
    openapi_forget(k);
    json_decref(k->tokens);
    json_decref(k->spec);
    free(k->version);
    free(k);
}

static int side_open(struct kube *k, const struct kube_options *o, char **reterr)
{
    static const char *const alpn[] = {"http/1.1", NULL};
    struct http_side_options so = {.loop = o->loop, .events = o->events, .faults = o->faults, .pki = o->pki,
                                   .next_conn_id = o->next_conn_id, .who = "kube", .what = "the fake Kubernetes API",
                                   .spec = k->spec, .hosts = hosts, .alpn = alpn, .listeners = o->listeners,
                                   .max_conns = (unsigned)k->limits.connections, .build = build, .arg = k};
    return http_side_open(&so, &k->side, reterr);
}

int kube_start(const struct kube_options *o, struct kube **ret, char **reterr)
{
    struct kube *k = NEW(struct kube);
    *reterr = NULL;
    *k = (struct kube){.loop = o->loop, .events = o->events, .faults = o->faults, .spec = spec_without_nulls(o->spec),
                       .next_conn_id = o->next_conn_id};
    TAILQ_INIT(&k->streams);
    TAILQ_INIT(&k->logs);
    int r = kube_settings(k, reterr);
    if (r == 0)
        r = make_cluster(k, reterr);
    if (r == 0)
        r = side_open(k, o, reterr);
    if (r < 0) {
        if (!*reterr)
            *reterr = xasprintf("fake Kubernetes API: %s", strerror(-r));
        loop_defer(k->loop, release, k); /* behind what could be opened */
        return r;
    }
    k->changes = kube_store_watch(k->cluster->store, on_change, k);
    k->mover = mover_new(k);
    *ret = k;
    return 0;
}

struct kube *kube_free(struct kube *k)
{
    if (k) {
        k->mover = mover_free(k->mover);
        http_side_close(k->side, release, k);
    }
    return NULL;
}

json_t *kube_listeners(const struct kube *k)
{
    return http_side_listeners(k->side);
}

const char *kube_ca_pem(const struct kube *k)
{
    return http_side_ca_pem(k->side);
}

struct cluster *kube_cluster(const struct kube *k)
{
    return k->cluster;
}

void kube_leave(struct kube *k, bool (*left)(void *arg, const json_t *object), void *arg)
{
    k->left = left;
    k->left_arg = arg;
}

void kube_token(struct kube *k, const char *token, const char *user)
{
    if (!k->tokens)
        return;
    if (!user) {
        json_object_del(k->tokens, token);
        return;
    }
    events_secret(k->events, token, "token");
    json_object_set_new(k->tokens, token, json_string(user));
}

json_t *kube_state(const struct kube *k)
{
    json_t *count = json_object();
    const struct kube_resource *r;
    const struct stream *s;
    json_int_t watches = 0;
    for (size_t i = 0; (r = resources_at(k->cluster->resources, i)); i++)
        if (r->preferred && kube_shelf_count(r->shelf)) {
            _cleanup_(freep) char *name = kube_resource_text(r);
            json_object_set_new(count, name, json_integer((json_int_t)kube_shelf_count(r->shelf)));
        }
    for (s = TAILQ_FIRST(&k->streams); s; s = streams_next(s))
        watches++;
    return json_pack("{so, ss, sI, so, sI, sb}", "listeners", kube_listeners(k), "version", k->version, "resource_version",
                     (json_int_t)kube_store_version(k->cluster->store), "objects", count, "watches", watches, "listening",
                     !http_side_stopped(k->side));
}
