/* The API server over a connection without a socket: paths, discovery, answers, watches, who is let in, and that faults act. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fakekube/internal.h"
#include "lib/base/mem.h"
#include "lib/net/conn_test.h"
#include "lib/proto/pb_wire.h"

struct world {
    struct events *events;
    struct event_sub *sub;
    struct buf log, got;
    struct faults *faults;
    struct loop *loop;
    struct kube *k;
    struct conn *c;
    json_t *json; /* of the last answer */
};

static void on_event(void *arg, const json_t *event)
{
    _cleanup_(freep) char *text = json_dumps(event, JSON_COMPACT);
    buf_addf(&((struct world *)arg)->log, "%s\n", text);
}

static void connect_again(struct world *w)
{
    w->c = conn_fake_new(faults_moments(w->faults), w->events);
    w->k->loop = w->c->loop;
    struct http1_owner owner = {.request = kube_call_serve, .arg = w->k, .max_body = (size_t)w->k->limits.body};
    w->c->on_free = kube_abandon;
    http1_server_push(w->c, &owner);
    conn_fake_open(w->c);
}

static struct world *world_new(const char *faults, const char *spec)
{
    struct world *w = NEW(struct world);
    char *err = NULL;
    json_t *list = faults ? json_loads(faults, 0, NULL) : NULL, *s = json_loads(spec ? spec : "{\"statuses\":\"never\"}", 0, NULL);
    assert_non_null(s);
    assert_int_equal(events_open(NULL, NULL, &w->events), 0);
    w->sub = events_subscribe(w->events, on_event, w);
    w->faults = faults_new(list, w->events, 0);
    w->loop = loop_new();
    struct kube_options o = {.loop = w->loop, .events = w->events, .faults = w->faults, .spec = s};
    if (kube_start(&o, &w->k, &err) < 0)
        fail_msg("%s", err);
    connect_again(w);
    json_decref(list);
    json_decref(s);
    return w;
}

static void world_free(struct world *w)
{
    conn_fake_run(w->c); /* statuses that were to move; what is dead */
    conn_fake_free(w->c);
    w->k->loop = w->loop;
    kube_free(w->k);
    loop_free(w->loop);
    faults_free(w->faults);
    events_unsubscribe(w->sub);
    events_free(w->events);
    json_decref(w->json);
    buf_done(&w->log);
    buf_done(&w->got);
    free(w);
}

static const char *logged(struct world *w)
{
    buf_add(&w->log, "", 1);
    w->log.end--;
    return (const char *)buf_data(&w->log);
}

static const char *take(struct world *w)
{
    struct buf *out = conn_fake_out(w->c);
    buf_consume(&w->got, buf_len(&w->got));
    buf_add(&w->got, buf_data(out), buf_len(out));
    buf_consume(out, buf_len(out));
    buf_add(&w->got, "", 1);
    return (const char *)buf_data(&w->got);
}

static const char *ask_with(struct world *w, const char *method, const char *target, const char *headers, const char *body)
{
    _cleanup_(freep) char *text =
        xasprintf("%s %s HTTP/1.1\r\nHost: h\r\n%sContent-Length: %zu\r\n\r\n%s", method, target, headers, strlen(body), body);
    conn_fake_feed(w->c, text, strlen(text));
    return take(w);
}

/* The answer as JSON, of that status. */
static const json_t *ask(struct world *w, const char *method, const char *target, const char *headers, const char *body, int status)
{
    char line[32];
    const char *got = ask_with(w, method, target, headers, body), *text = strstr(got, "\r\n\r\n");
    snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
    if (strncmp(got, line, strlen(line)))
        fail_msg("%s %s: %s", method, target, got);
    json_decref(w->json);
    w->json = text ? json_loads(text + 4, JSON_DECODE_ANY, NULL) : NULL;
    return w->json;
}

static const json_t *get(struct world *w, const char *target)
{
    return ask(w, "GET", target, "", "", 200);
}

static const char *text_of(const json_t *o, const char *path)
{
    const char *v = json_string_value(object_get(o, path));
    return v ? v : "";
}

#define CM(name, value) "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"" name "\"},\"data\":{\"k\":\"" value "\"}}"
#define CMS "/api/v1/namespaces/default/configmaps"

static void test_paths(void **state)
{
    struct world *w = world_new(NULL, NULL);
    assert_string_equal(text_of(get(w, "/version"), "gitVersion"), "v1.27.16");
    assert_non_null(strstr(ask_with(w, "GET", "/readyz", "", ""), "\r\n\r\nok"));
    assert_non_null(strstr(ask_with(w, "GET", "/nothing", "", ""), "404 page not found"));
    assert_non_null(strstr(ask_with(w, "GET", "/apis/apps/v1/nothing", "", ""), "could not find the requested resource"));
    assert_non_null(strstr(ask_with(w, "GET", "/apis/none/v1", "", ""), "404 page not found"));
    ask(w, "POST", CMS, "", CM("a", "1"), 201);
    assert_string_equal(text_of(get(w, CMS "/a"), "data.k"), "1");
    assert_string_equal(text_of(get(w, CMS "?limit=500"), "kind"), "ConfigMapList");
    assert_int_equal(json_array_size(json_object_get(get(w, "/api/v1/configmaps"), "items")), 1);
    assert_int_equal(json_array_size(json_object_get(get(w, CMS "?labelSelector=a%3Db"), "items")), 0);
    assert_int_equal(json_array_size(json_object_get(get(w, CMS "?fieldSelector=metadata.name%3Da"), "items")), 1);
    ask(w, "GET", CMS "?labelSelector=a%20b", "", "", 400);
    ask(w, "GET", CMS "?limit=x", "", "", 400);
    assert_string_equal(text_of(ask(w, "GET", CMS "/b", "", "", 404), "message"), "configmaps \"b\" not found");
    assert_string_equal(text_of(ask(w, "PUT", CMS, "", "{}", 405), "reason"), "MethodNotAllowed");
    ask(w, "POST", CMS, "", "{", 400);
    ask(w, "PATCH", CMS "/a", "Content-Type: text/plain\r\n", "{}", 415);
    ask(w, "PATCH", CMS "/a", "Content-Type: application/merge-patch+json\r\n", "{\"data\":{\"k\":\"2\"}}", 200);
    ask(w, "PATCH", CMS "/c?fieldManager=m&force=true", "Content-Type: application/apply-patch+yaml\r\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata: {x: y}\n", 201);
    ask(w, "DELETE", CMS "/a?dryRun=All", "", "", 200);
    ask(w, "DELETE", CMS "/a", "", "", 200);
    ask(w, "DELETE", CMS "/a", "", "", 404);
    ask(w, "GET", "/api/v1/namespaces/default", "", "", 200);
    assert_non_null(strstr(logged(w), "\"event\":\"kube.request\",\"verb\":\"patch\",\"method\":\"PATCH\",\"path\":\"" CMS "/a\""));
    world_free(w);
    (void)state;
}

static void test_discovery(void **state)
{
    struct world *w = world_new(NULL, NULL);
    assert_string_equal(text_of(get(w, "/api"), "kind"), "APIVersions");
    const json_t *groups = json_object_get(get(w, "/apis"), "groups"), *v;
    assert_string_equal(text_of(json_array_get(groups, 0), "preferredVersion.groupVersion"), "apps/v1");
    v = json_object_get(get(w, "/apis/apps/v1"), "resources");
    bool found = false;
    for (size_t i = 0; i < json_array_size(v); i++)
        found |= !strcmp(text_of(json_array_get(v, i), "name"), "deployments/scale");
    assert_true(found);
    assert_string_equal(text_of(get(w, "/apis/batch"), "name"), "batch");
    v = ask(w, "GET", "/apis", "Accept: application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json\r\n", "", 200);
    assert_string_equal(text_of(v, "kind"), "APIGroupDiscoveryList");
    assert_string_equal(text_of(json_array_get(json_object_get(v, "items"), 0), "metadata.name"), "apps");
    world_free(w);
    (void)state;
}

/* How many definitions stand in gnostic's Document. */
static size_t count_definitions(const char *p, size_t n)
{
    struct pb_wire w = {(const uint8_t *)p, (const uint8_t *)p + n};
    struct pb_value v, one;
    size_t count = 0;
    while (pb_next(&w, &v) == 1)
        if (v.number == 9) {
            struct pb_wire inner = {v.p, v.p + v.n};
            while (pb_next(&inner, &one) == 1)
                count++;
        }
    return count;
}

static void test_openapi(void **state)
{
    struct world *w = world_new(NULL, NULL);
    const json_t *d = json_object_get(get(w, "/openapi/v2"), "definitions");
    size_t n = json_object_size(d);
    const json_t *deployment = json_object_get(d, "io.k8s.api.apps.v1.Deployment");
    assert_string_equal(json_string_value(json_object_get(object_get(deployment, "properties.metadata"), "$ref")),
                        "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
    assert_non_null(json_object_get(deployment, "x-kubernetes-group-version-kind"));
    const json_t *containers = object_get(json_object_get(d, "io.k8s.api.core.v1.PodSpec"), "properties.containers");
    assert_string_equal(text_of(containers, "x-kubernetes-patch-merge-key"), "name");
    const char *got = ask_with(w, "GET", "/openapi/v2", "Accept: application/com.github.proto-openapi.spec.v2@v1.0+protobuf\r\n", "");
    const char *body = strstr(got, "\r\n\r\n") + 4;
    assert_null(strstr(got, "spec.v2@"));
    assert_int_equal(count_definitions(body, buf_len(&w->got) - 1 - (size_t)(body - got)), n);
    got = text_of(object_get(get(w, "/openapi/v3"), "paths"), "apis/apps/v1"); /* its key has dots in no place */
    d = ask(w, "GET", "/openapi/v3/apis/apps/v1?hash=1", "", "", 200);
    assert_string_equal(text_of(d, "openapi"), "3.0.0");
    world_free(w);
    (void)state;
}

static size_t occurrences(const char *text, const char *what)
{
    size_t n = 0;
    for (; (text = strstr(text, what)); text++)
        n++;
    return n;
}

static void test_watch(void **state)
{
    struct world *w = world_new(NULL, NULL);
    char *err = NULL;
    json_t *cm = json_loads(CM("a", "1"), 0, NULL), *other = json_loads(CM("b", "1"), 0, NULL);
    assert_int_equal(kube_perform(w->k, "apply", cm, &err), 0);
    const char *got = ask_with(w, "GET", CMS "?watch=true&fieldSelector=metadata.name%3Da&allowWatchBookmarks=true", "", "");
    assert_non_null(strstr(got, "Transfer-Encoding: chunked"));
    assert_int_equal(occurrences(got, "{\"type\":\"ADDED\""), 1);
    json_object_set_new(json_object_get(cm, "data"), "k", json_string("2"));
    assert_int_equal(kube_perform(w->k, "apply", cm, &err), 0);
    assert_int_equal(kube_perform(w->k, "apply", other, &err), 0);
    got = take(w);
    assert_int_equal(occurrences(got, "\"type\":"), 1);
    assert_non_null(strstr(got, "{\"type\":\"MODIFIED\""));
    assert_int_equal(kube_perform(w->k, "bookmark", NULL, &err), 0);
    assert_non_null(strstr(take(w), "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"ConfigMap\""));
    json_t *which = json_pack("{ss, ss}", "kind", "ConfigMap", "name", "a");
    assert_int_equal(kube_perform(w->k, "delete", which, &err), 0);
    assert_non_null(strstr(take(w), "{\"type\":\"DELETED\""));
    assert_int_equal(kube_perform(w->k, "end_watches", NULL, &err), 0);
    assert_non_null(strstr(take(w), "0\r\n\r\n"));
    get(w, "/version"); /* the same connection */
    assert_int_equal(kube_perform(w->k, "compact", NULL, &err), 0);
    got = ask_with(w, "GET", CMS "?watch=1&resourceVersion=2", "", "");
    assert_non_null(strstr(got, "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\""));
    assert_non_null(strstr(got, "too old resource version: 2 ("));
    ask_with(w, "GET", CMS "?watch=1", "", "");
    conn_fake_eof(w->c); /* the client goes */
    json_decref(which);
    json_decref(other);
    json_decref(cm);
    world_free(w);
    (void)state;
}

static void test_a_watch_that_nobody_reads(void **state)
{
    struct world *w = world_new(NULL, NULL);
    json_t *cm = json_loads(CM("a", "1"), 0, NULL);
    ask_with(w, "GET", CMS "?watch=1", "", "");
    conn_fake_queue(w->c, 64 * 1024 * 1024);
    assert_int_equal(kube_perform(w->k, "apply", cm, NULL), 0);
    assert_int_equal(conn_fake_closed(w->c), FAKE_KILLED);
    json_decref(cm);
    world_free(w);
    (void)state;
}

static void test_who_is_let_in(void **state)
{
    struct world *w = world_new(NULL, "{\"statuses\":\"never\",\"tokens\":{\"secret\":\"system:serviceaccount:a:b\"},\"forbid\":[{\"verb\":\"get\",\"resource\":\"nodes\"}]}");
    assert_string_equal(text_of(ask(w, "GET", "/version", "", "", 401), "message"), "Unauthorized");
    ask(w, "GET", "/version", "Authorization: Bearer other\r\n", "", 401);
    ask(w, "GET", "/version", "Authorization: Bearer secret\r\n", "", 200);
    assert_string_equal(text_of(ask(w, "GET", "/api/v1/nodes/x", "Authorization: Bearer secret\r\n", "", 403), "message"),
                        "nodes \"x\" is forbidden: User \"system:serviceaccount:a:b\" cannot get resource \"nodes\" in API group \"\" at the "
                        "cluster scope");
    ask(w, "GET", CMS, "Authorization: Bearer secret\r\nImpersonate-User: gitlab:ci_job:1\r\nImpersonate-Group: a\r\nImpersonate-Group: b\r\n"
        "Impersonate-Extra-agent.gitlab.com%2fid: 7\r\n", "", 200);
    assert_non_null(strstr(logged(w), "\"impersonated\":{\"user\":\"gitlab:ci_job:1\",\"groups\":[\"a\",\"b\"],\"extra\":{"
                                                      "\"agent.gitlab.com/id\":[\"7\"]}}"));
    assert_null(strstr(logged(w), "Bearer secret"));
    ask(w, "GET", CMS, "Authorization: Bearer secret\r\nImpersonate-Group: a\r\n", "", 500);
    json_t *all = json_string("all");
    assert_int_equal(kube_perform(w->k, "revoke_token", all, NULL), 0);
    ask(w, "GET", "/version", "Authorization: Bearer secret\r\n", "", 401);
    json_decref(all);
    world_free(w);
    (void)state;
}

static void test_warnings_and_tables(void **state)
{
    struct world *w = world_new(NULL, NULL);
    const char *got = ask_with(w, "POST", CMS, "", "{\"metadata\":{\"name\":\"w\"},\"spec\":{}}");
    assert_non_null(strstr(got, "Warning: 299 - \"unknown field \\\"spec\\\"\"\r\n"));
    ask(w, "POST", CMS "?fieldValidation=Strict", "", "{\"metadata\":{\"name\":\"x\"},\"spec\":{}}", 400);
    const json_t *t = ask(w, "GET", CMS, "Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json\r\n", "", 200);
    assert_string_equal(text_of(t, "kind"), "Table");
    assert_int_equal(json_array_size(json_object_get(json_array_get(json_object_get(t, "rows"), 0), "cells")), 3);
    static const char pod[] = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\","
                              "\"image\":\"i\"}]}}";
    static const char waits[] = "{\"status\":{\"phase\":\"Running\",\"containerStatuses\":[{\"name\":\"c\",\"ready\":false,\"restartCount\":2,"
                                "\"state\":{\"waiting\":{\"reason\":\"CrashLoopBackOff\"}}}]}}";
    ask(w, "POST", "/api/v1/namespaces/default/pods", "", pod, 201);
    ask(w, "PATCH", "/api/v1/namespaces/default/pods/p/status", "Content-Type: application/merge-patch+json\r\n", waits, 200);
    t = ask(w, "GET", "/api/v1/namespaces/default/pods/p", "Accept: application/json;as=Table;v=v1;g=meta.k8s.io\r\n", "", 200);
    const json_t *cells = json_object_get(json_array_get(json_object_get(t, "rows"), 0), "cells");
    assert_string_equal(json_string_value(json_array_get(cells, 1)), "0/1");
    assert_string_equal(json_string_value(json_array_get(cells, 2)), "CrashLoopBackOff");
    assert_int_equal(json_integer_value(json_array_get(cells, 3)), 2);
    world_free(w);
    (void)state;
}

static void test_statuses_move(void **state)
{
    static const char body[] =
        "{\"metadata\":{\"name\":\"d\"},\"spec\":{\"replicas\":2,\"selector\":{\"matchLabels\":{\"a\":\"x\"}},\"template\":{\"metadata\":{\"labels\":{\"a\":"
        "\"x\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}";
    struct world *w = world_new(NULL, "{}");
    ask(w, "POST", "/apis/apps/v1/namespaces/default/deployments", "", body, 201);
    conn_fake_run(w->c);
    const json_t *d = get(w, "/apis/apps/v1/namespaces/default/deployments/d");
    assert_int_equal(json_integer_value(object_get(d, "status.availableReplicas")), 2);
    assert_int_equal(json_integer_value(object_get(d, "status.observedGeneration")), 1);
    assert_string_equal(text_of(json_array_get(object_get(d, "metadata.managedFields"), 1), "subresource"), "status");
    d = ask(w, "PATCH", "/apis/apps/v1/namespaces/default/deployments/d/scale", "Content-Type: application/merge-patch+json\r\n",
            "{\"spec\":{\"replicas\":5}}", 200);
    assert_string_equal(text_of(d, "kind"), "Scale");
    assert_int_equal(json_integer_value(object_get(d, "spec.replicas")), 5);
    d = get(w, "/apis/apps/v1/namespaces/default/deployments/d/scale");
    assert_string_equal(text_of(d, "status.selector"), "a=x");
    world_free(w);
    (void)state;
}

#define JOBS "/apis/batch/v1/namespaces/default/jobs"

static void test_statuses_take_their_time_or_fail(void **state)
{
    static const char job[] = "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"backoffLimit\":1,\"template\":{\"spec\":{\"restartPolicy\":\"Never\","
                              "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}";
    static const char pod[] = "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}";
    struct world *w = world_new(NULL, "{\"statuses\":[{\"when\":{\"kind\":\"Job\",\"name\":\"slow\"},\"after\":\"20ms\"},{\"when\":{\"kind\":\"Job\",\"name\":\"bad\"},"
                                      "\"becomes\":\"failed\"},{\"when\":{\"kind\":\"Pod\"},\"becomes\":\"waiting\"},{\"when\":{\"kind\":\"Job\",\"name\":\"own\"},"
                                      "\"status\":{\"active\":7}}]}");
    static const char *const names[] = {"slow", "bad", "own", "well"};
    for (size_t i = 0; i < 4; i++) {
        _cleanup_(freep) char *body = xasprintf(job, names[i]);
        ask(w, "POST", JOBS, "", body, 201);
    }
    ask(w, "POST", "/api/v1/namespaces/default/pods", "", pod, 201);
    conn_fake_run(w->c);
    assert_int_equal(json_integer_value(object_get(get(w, JOBS "/bad"), "status.failed")), 2);
    assert_string_equal(text_of(json_array_get(object_get(get(w, JOBS "/bad"), "status.conditions"), 0), "reason"), "BackoffLimitExceeded");
    assert_int_equal(json_integer_value(object_get(get(w, JOBS "/own"), "status.active")), 7);
    assert_int_equal(json_integer_value(object_get(get(w, JOBS "/well"), "status.succeeded")), 1);
    assert_int_equal(json_integer_value(object_get(get(w, JOBS "/slow"), "status.succeeded")), 1);
    assert_non_null(strstr(logged(w), "\"name\":\"slow\",\"version\":"));
    assert_non_null(strstr(logged(w), "\"active\":1")); /* it waited first */
    assert_null(object_get(get(w, JOBS "/slow"), "status.active"));
    const json_t *p = get(w, "/api/v1/namespaces/default/pods/p");
    assert_string_equal(text_of(p, "status.phase"), "Pending");
    assert_string_equal(text_of(json_array_get(object_get(p, "status.conditions"), 0), "message"), "containers with unready status: [c]");
    world_free(w);
    (void)state;
}

static void test_faults(void **state)
{
    struct world *w = world_new("[{\"at\":\"http.request\",\"when\":{\"path\":\"/version\"},\"do\":{\"respond\":{\"status\":503}}}]", NULL);
    ask(w, "GET", "/version", "", "", 503);
    get(w, "/api");
    world_free(w);
    (void)state;
}

static void test_faults_of_a_request(void **state)
{
    struct world *w = world_new(
        "[{\"at\":\"kube.request\",\"when\":{\"verb\":\"create\",\"resource\":\"configmaps\"},\"times\":1,\"do\":{\"refuse\":{\"message\":\"configmaps "
        "\\\"a\\\" is forbidden: exceeded quota: q\"}}},"
        "{\"at\":\"kube.request\",\"when\":{\"name\":\"slow\"},\"do\":[{\"delay\":\"20ms\"},\"pass\"]},"
        "{\"at\":\"kube.request\",\"when\":{\"path\":\"/version\"},\"times\":1,\"do\":{\"respond\":{\"status\":503,\"body\":\"no\"}}},"
        "{\"at\":\"kube.request\",\"when\":{\"user\":\"system:admin\",\"verb\":\"delete\"},\"do\":\"withhold\"}]",
        NULL);
    const json_t *no = ask(w, "POST", CMS, "", CM("a", "1"), 403);
    assert_string_equal(text_of(no, "reason"), "Forbidden");
    assert_string_equal(text_of(no, "message"), "configmaps \"a\" is forbidden: exceeded quota: q");
    assert_non_null(strstr(logged(w), "\"name\":\"a\",\"manager\":\"unknown\",\"status\":403,\"reason\":\"Forbidden\""));
    ask(w, "GET", CMS "/a", "", "", 404); /* nothing was done */
    ask(w, "POST", CMS, "", CM("a", "1"), 201);
    assert_string_equal(ask_with(w, "POST", CMS, "", CM("slow", "1")), ""); /* not yet */
    conn_fake_run(w->c);
    assert_non_null(strstr(take(w), "HTTP/1.1 201 Created"));
    assert_non_null(strstr(ask_with(w, "GET", "/version", "", ""), "HTTP/1.1 503 "));
    assert_non_null(strstr(logged(w), "\"event\":\"kube.request\",\"verb\":\"get\",\"method\":\"GET\",\"path\":\"/version\",\"user\":\"system:admin\",\"fault\":true"));
    get(w, "/version");
    assert_string_equal(ask_with(w, "DELETE", CMS "/a", "", ""), "");
    assert_string_equal(ask_with(w, "GET", "/version", "", ""), ""); /* it is deaf */
    world_free(w);
    (void)state;
}

static void test_a_request_dies_while_it_waits(void **state)
{
    struct world *w = world_new("[{\"at\":\"kube.request\",\"do\":[{\"delay\":\"1h\"},\"pass\"]}]", NULL);
    ask_with(w, "GET", CMS, "", "");
    conn_kill(w->c, "test");
    w->c = conn_fake_free(w->c);
    assert_non_null(strstr(logged(w), "\"fault\":true"));
    connect_again(w);
    world_free(w);
    (void)state;
}

static void test_mistakes(void **state)
{
    struct world *w = world_new(NULL, NULL);
    char *err = NULL;
    json_t *args = json_object();
    assert_true(kube_perform(w->k, "aply", args, &err) < 0);
    assert_non_null(strstr(err, "did you mean apply?"));
    free(err);
    assert_true(kube_perform(w->k, "apply", args, &err) < 0);
    free(err);
    assert_true(kube_perform(w->k, "delete", args, &err) < 0);
    free(err);
    assert_true(kube_perform(w->k, "set_certificate", args, &err) < 0);
    assert_string_equal(err, "set_certificate: the fake Kubernetes API does not speak TLS");
    free(err);
    struct kube *k;
    json_t *spec = json_pack("{ss}", "version", "nine");
    assert_true(kube_start(&(struct kube_options){.loop = w->loop, .events = w->events, .spec = spec}, &k, &err) < 0);
    assert_non_null(strstr(err, "kube.version: expected a release"));
    free(err);
    json_decref(spec);
    json_decref(args);
    world_free(w);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_discovery),
        cmocka_unit_test(test_openapi),
        cmocka_unit_test(test_watch),
        cmocka_unit_test(test_a_watch_that_nobody_reads),
        cmocka_unit_test(test_who_is_let_in),
        cmocka_unit_test(test_warnings_and_tables),
        cmocka_unit_test(test_statuses_move),
        cmocka_unit_test(test_statuses_take_their_time_or_fail),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_faults_of_a_request),
        cmocka_unit_test(test_a_request_dies_while_it_waits),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
