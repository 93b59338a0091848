/* What `kubectl get` shows: meta.k8s.io/v1 Tables. Columns of the kinds that people look at most; name and age for the rest. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fakekube/internal.h"
#include "lib/base/mem.h"

struct column {
    const char *plural, *name, *type, *path; /* path of the value; "a/b": both, with a slash between; "#x": how many keys;
                                                      "@x": of a Pod's containers, see of_containers() */
};

static const struct column columns[] = {
    {"configmaps", "Data", "string", "#data"},
    {"daemonsets", "Desired", "integer", "status.desiredNumberScheduled"},
    {"daemonsets", "Ready", "integer", "status.numberReady"},
    {"deployments", "Ready", "string", "status.readyReplicas/spec.replicas"},
    {"deployments", "Up-to-date", "integer", "status.updatedReplicas"},
    {"deployments", "Available", "integer", "status.availableReplicas"},
    {"events", "Type", "string", "type"},
    {"events", "Reason", "string", "reason"},
    {"events", "Kind", "string", "involvedObject.kind"},
    {"events", "Object", "string", "involvedObject.name"},
    {"events", "Message", "string", "message"},
    {"jobs", "Completions", "string", "status.succeeded/spec.completions"},
    {"leases", "Holder", "string", "spec.holderIdentity"},
    {"namespaces", "Status", "string", "status.phase"},
    {"pods", "Ready", "string", "@ready"},
    {"pods", "Status", "string", "@status"},
    {"pods", "Restarts", "integer", "@restarts"},
    {"replicasets", "Desired", "integer", "spec.replicas"},
    {"replicasets", "Ready", "integer", "status.readyReplicas"},
    {"secrets", "Type", "string", "type"},
    {"secrets", "Data", "integer", "#data"},
    {"services", "Type", "string", "spec.type"},
    {"services", "Cluster-IP", "string", "spec.clusterIP"},
    {"statefulsets", "Ready", "string", "status.readyReplicas/spec.replicas"},
};

/* What the first container waits for, or ended with; else the phase. */
static const char *pod_status(const json_t *object, const json_t *statuses)
{
    const json_t *first = json_array_get(statuses, 0);
    const char *waits = json_string_value(object_get(first, "state.waiting.reason"));
    const char *ended = json_string_value(object_get(first, "state.terminated.reason"));
    const char *phase = json_string_value(object_get(object, "status.phase"));
    return object_text(object, "deletionTimestamp") ? "Terminating" : waits ? waits : ended ? ended : phase ? phase : "Unknown";
}

static json_t *of_containers(const json_t *object, const char *what)
{
    const json_t *statuses = object_get(object, "status.containerStatuses"), *one;
    size_t all = json_array_size(object_get(object, "spec.containers")), ready = 0, i;
    json_int_t restarts = 0;
    if (!strcmp(what, "status"))
        return json_string(pod_status(object, statuses));
    json_array_foreach ((json_t *)statuses, i, one) {
        ready += json_is_true(json_object_get(one, "ready"));
        restarts += json_integer_value(json_object_get(one, "restartCount"));
    }
    if (!statuses && !strcmp(pod_status(object, NULL), "Running"))
        ready = all; /* nobody plays its node */
    return !strcmp(what, "ready") ? json_sprintf("%zu/%zu", ready, all) : json_integer(restarts);
}

static json_t *plain(const json_t *object, const char *path)
{
    if (*path == '@')
        return of_containers(object, path + 1);
    if (*path == '#') {
        const json_t *v = object_get(object, path + 1);
        return json_integer((json_int_t)(json_object_size(v) + json_array_size(v)));
    }
    const json_t *v = object_get(object, path);
    return v ? json_incref((json_t *)v) : NULL;
}

static json_t *cell(const json_t *object, const struct column *c)
{
    const char *slash = strchr(c->path, '/');
    if (!slash) {
        json_t *v = plain(object, c->path);
        return v ? v : !strcmp(c->type, "integer") ? json_integer(0) : json_string("<none>");
    }
    _cleanup_(freep) char *first = xstrndup(c->path, (size_t)(slash - c->path));
    return json_sprintf("%lld/%lld", (long long)json_integer_value(object_get(object, first)),
                        (long long)json_integer_value(object_get(object, slash + 1)));
}

/* As duration.HumanDuration: "3m", "2d". */
static json_t *age(const json_t *object)
{
    struct tm tm = {0};
    const char *made = object_text(object, "creationTimestamp");
    if (!made || !strptime(made, "%Y-%m-%dT%H:%M:%SZ", &tm))
        return json_string("<unknown>");
    long s = (long)(time(NULL) - timegm(&tm));
    if (s < 120)
        return json_sprintf("%lds", s < 0 ? 0 : s);
    return s < 7200 ? json_sprintf("%ldm", s / 60) : s < 172800 ? json_sprintf("%ldh", s / 3600) : json_sprintf("%ldd", s / 86400);
}

static json_t *row_of(const struct kube_resource *r, const json_t *object)
{
    const char *name = object_text(object, "name");
    json_t *cells = json_pack("[s]", name ? name : "");
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
        if (!strcmp(columns[i].plural, r->plural))
            json_array_append_new(cells, cell(object, &columns[i]));
    json_array_append_new(cells, age(object));
    json_t *partial = json_pack("{ss, ss, sO}", "kind", "PartialObjectMetadata", "apiVersion", "meta.k8s.io/v1", "metadata",
                                json_object_get(object, "metadata"));
    return json_pack("{so, so}", "cells", cells, "object", partial);
}

static json_t *column_json(const char *name, const char *type, const char *format)
{
    return json_pack("{ss, ss, ss, ss, si}", "name", name, "type", type, "format", format, "description", name, "priority", 0);
}

json_t *kube_table(const struct kube_resource *r, const json_t *answer)
{
    json_t *definitions = json_pack("[o]", column_json("Name", "string", "name")), *rows = json_array(), *one;
    const json_t *items = json_object_get(answer, "items");
    size_t i;
    for (i = 0; i < ARRAY_SIZE(columns); i++)
        if (!strcmp(columns[i].plural, r->plural))
            json_array_append_new(definitions, column_json(columns[i].name, columns[i].type, ""));
    json_array_append_new(definitions, column_json("Age", "string", ""));
    json_array_foreach ((json_t *)items, i, one)
        json_array_append_new(rows, row_of(r, one));
    if (!json_is_array(items))
        json_array_append_new(rows, row_of(r, answer));
    json_t *metadata = json_is_array(items) ? json_incref(json_object_get(answer, "metadata"))
                                            : json_pack("{ss*}", "resourceVersion", object_text(answer, "resourceVersion"));
    return json_pack("{ss, ss, so, so, so}", "kind", "Table", "apiVersion", "meta.k8s.io/v1", "metadata", metadata,
                     "columnDefinitions", definitions, "rows", rows);
}
