/* What containers print: kept line by line for `kubectl logs`, also for who follows. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fakekube/internal.h"
#include "lib/base/mem.h"

/* A node keeps so much of a log and forgets what came first. */
enum { LINES_MAX = 10000 };

#define NO_NODE "Get \"https://10.96.0.20:10250/containerLogs/\": dial tcp 10.96.0.20:10250: connect: connection refused"

struct podlog {
    struct kube *k;
    char *pod, *container; /* owned; pod is "ns/name" */
    json_t *lines, *previous; /* owned: texts with their time before them; previous NULL: there was none */
    bool ended;
    TAILQ_HEAD(, follower) followers;
    TAILQ_ENTRY(podlog) link;
};

struct follower {
    struct open_answer open; /* first */
    struct podlog *log;
    struct conn *conn;
    struct http1 *http;
    bool timestamps;
    TAILQ_ENTRY(follower) link;
};

static struct podlog *log_find(const struct kube *k, const char *pod, const char *container)
{
    struct podlog *l;
    TAILQ_FOREACH (l, &k->logs, link)
        if (!strcmp(l->pod, pod) && (!container || !strcmp(l->container, container)))
            return l;
    return NULL;
}

static struct podlog *log_of(struct kube *k, const char *ns, const char *name, const char *container)
{
    _cleanup_(freep) char *pod = xasprintf("%s/%s", ns, name);
    return log_find(k, pod, container);
}

/* ---- who follows ---- */

static void follower_free(struct follower *f)
{
    TAILQ_REMOVE(&f->log->followers, f, link);
    free(f);
}

static void abandon(struct open_answer *o)
{
    follower_free((struct follower *)o);
}

static void followers_end(struct podlog *l)
{
    struct follower *f;
    while ((f = TAILQ_FIRST(&l->followers))) {
        f->conn->user = NULL;
        http1_end(f->http);
        follower_free(f);
    }
}

/* A line as it is kept: 30 letters of time and a blank, then what was printed. */
static void line_send(struct http1 *http, const json_t *line, bool timestamps)
{
    const char *text = json_string_value(line), *from = timestamps ? text : strchr(text, ' ') + 1;
    _cleanup_(freep) char *whole = xasprintf("%s\n", from);
    http1_write(http, whole, strlen(whole));
}

/* ---- what nodes tell ---- */

void kube_log_begin(struct kube *k, const char *ns, const char *name, const char *container)
{
    struct podlog *l = log_of(k, ns, name, container);
    if (l) {
        followers_end(l);
        json_decref(l->previous);
        l->previous = l->lines;
    } else {
        l = NEW(struct podlog);
        *l = (struct podlog){.k = k, .pod = xasprintf("%s/%s", ns, name), .container = xstrdup(container)};
        TAILQ_INIT(&l->followers);
        TAILQ_INSERT_TAIL(&k->logs, l, link);
    }
    l->lines = json_array();
    l->ended = false;
}

/* Bytes that are no UTF-8 become question marks: a log is text. */
static json_t *kept(const char *line, size_t n)
{
    char now[32];
    object_now(now);
    size_t len = strlen(now);
    _cleanup_(freep) char *text = xasprintf("%.*s.000000000Z %.*s", (int)(len ? len - 1 : 0), now, (int)n, line);
    json_t *s = json_string(text);
    for (char *p = text; !s && *p; p++)
        if ((unsigned char)*p >= 0x80)
            *p = '?';
    return s ? s : json_string(text);
}

void kube_log_line(struct kube *k, const char *ns, const char *name, const char *container, const char *line, size_t n)
{
    struct podlog *l = log_of(k, ns, name, container);
    struct follower *f, *next;
    if (!l)
        return;
    json_t *one = kept(line, n);
    json_array_append_new(l->lines, one);
    for (f = TAILQ_FIRST(&l->followers); f; f = next) {
        next = TAILQ_NEXT(f, link);
        if (!f->conn->dead)
            line_send(f->http, one, f->timestamps);
    }
    if (json_array_size(l->lines) > LINES_MAX)
        json_array_remove(l->lines, 0);
}

void kube_log_end(struct kube *k, const char *ns, const char *name, const char *container)
{
    struct podlog *l = log_of(k, ns, name, container);
    if (!l)
        return;
    l->ended = true;
    followers_end(l);
}

void podlog_forget(struct kube *k, const char *pod)
{
    struct podlog *l, *next;
    for (l = TAILQ_FIRST(&k->logs); l; l = next) {
        next = TAILQ_NEXT(l, link);
        if (pod && strcmp(l->pod, pod))
            continue;
        TAILQ_REMOVE(&k->logs, l, link);
        followers_end(l);
        json_decref(l->lines);
        json_decref(l->previous);
        free(l->pod);
        free(l->container);
        free(l);
    }
}

/* ---- the call ---- */

/* Why a container has not begun, as its status says: "ContainerCreating". NULL: it does not say. */
static const char *waiting_reason(const json_t *pod, const char *container)
{
    const json_t *list = json_object_get(json_object_get(pod, "status"), "containerStatuses"), *one;
    size_t i;
    json_array_foreach ((json_t *)list, i, one) {
        const char *name = json_string_value(json_object_get(one, "name"));
        if (name && !strcmp(name, container))
            return json_string_value(object_get(one, "state.waiting.reason"));
    }
    return NULL;
}

const char *podlog_container(const json_t *pod, const char *said)
{
    const json_t *list = json_object_get(json_object_get(pod, "spec"), "containers"), *one;
    size_t i;
    json_array_foreach ((json_t *)list, i, one) {
        const char *name = json_string_value(json_object_get(one, "name"));
        if (name && (!said || !strcmp(name, said)))
            return name;
    }
    return NULL;
}

static void refuse(struct call *c, const struct ask *a, const json_t *pod, const char *said)
{
    const char *container = podlog_container(pod, said), *reason = container ? waiting_reason(pod, container) : NULL;
    if (!container)
        kube_reply_status(c, status_bad_request("container %s is not valid for pod %s", said ? said : "", a->name));
    else if (reason)
        kube_reply_status(c, status_bad_request("container \"%s\" in pod \"%s\" is waiting to start: %s", container, a->name, reason));
    else
        kube_reply_status(c, status_make(500, "", NO_NODE, NULL));
}

static void send_all(struct call *c, const struct podlog *l, const json_t *lines)
{
    _cleanup_(freep) char *tail = kube_call_param(c, "tailLines");
    size_t n = json_array_size(lines), want = tail ? (size_t)strtoull(tail, NULL, 10) : n;
    bool timestamps = kube_call_flag(c, "timestamps"), follow = kube_call_flag(c, "follow") && !l->ended && lines == l->lines;
    json_t *headers = kube_call_headers(c, "text/plain");
    c->status = 200;
    http1_begin(c->http, 200, headers);
    json_decref(headers);
    for (size_t i = want < n ? n - want : 0; i < n && !c->conn->dead; i++)
        line_send(c->http, json_array_get(lines, i), timestamps);
    if (c->conn->dead)
        return;
    if (!follow) {
        http1_end(c->http);
        return;
    }
    struct follower *f = NEW(struct follower);
    struct podlog *log = (struct podlog *)l;
    *f = (struct follower){.open = {abandon}, .log = log, .conn = c->conn, .http = c->http, .timestamps = timestamps};
    TAILQ_INSERT_TAIL(&log->followers, f, link);
    c->conn->user = &f->open;
}

void podlog_call(struct call *c, struct ask *a)
{
    const json_t *pod = kube_shelf_get(a->r->shelf, a->ns, a->name);
    _cleanup_(freep) char *said = kube_call_param(c, "container");
    const char *container = podlog_container(pod, said && *said ? said : NULL);
    const struct podlog *l = container ? log_of(c->k, a->ns, a->name, container) : NULL;
    bool previous = kube_call_flag(c, "previous");
    if (!pod)
        kube_reply_status(c, status_not_found(a->r, a->name));
    else if (!l)
        refuse(c, a, pod, said);
    else if (previous && !l->previous)
        kube_reply_status(c, status_bad_request("previous terminated container \"%s\" in pod \"%s\" not found", container, a->name));
    else
        send_all(c, l, previous ? l->previous : l->lines);
}

/* ---- a scenario's word ---- */

int podlog_verb(struct kube *k, const json_t *args, char **reterr)
{
    const char *ns = json_string_value(json_object_get(args, "namespace")), *name = json_string_value(json_object_get(args, "name"));
    const struct kube_resource *pods = resources_find(k->cluster->resources, "", "v1", "pods");
    const json_t *pod = name ? kube_shelf_get(pods->shelf, ns ? ns : "default", name) : NULL, *line;
    const char *container = podlog_container(pod, json_string_value(json_object_get(args, "container")));
    size_t i;
    if (!container) {
        *reterr = xstrdup("log: expected {namespace, name, container, lines: [text], end} of a Pod that there is");
        return -EINVAL;
    }
    ns = ns ? ns : "default";
    if (!log_of(k, ns, name, container))
        kube_log_begin(k, ns, name, container);
    json_array_foreach (json_object_get(args, "lines"), i, line)
        if (json_is_string(line))
            kube_log_line(k, ns, name, container, json_string_value(line), json_string_length(line));
    if (json_is_true(json_object_get(args, "end")))
        kube_log_end(k, ns, name, container);
    return 0;
}
