/* Watches: a line of JSON for each change, as long as the client stays, or `timeoutSeconds`. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fakekube/internal.h"
#include "lib/base/mem.h"

enum { TIMEOUT_MAX_S = 3600, BOOKMARK_MS = 60000 };

struct stream {
    struct open_answer open; /* first */
    struct kube *k;
    struct conn *conn;
    struct http1 *http;
    struct kube_resource as;       /* the resource itself may go before it ends */
    char *group, *version, *kind;  /* owned */
    struct kube_shelf *shelf;
    char *ns;                      /* owned; NULL: all */
    struct selector *labels, *fields; /* owned */
    bool bookmarks, table;
    struct timer *timeout, *bookmark;
    struct kube_store_watch *watch;
    uint64_t sent;
    TAILQ_ENTRY(stream) link;
};

static void stream_free(struct stream *s)
{
    TAILQ_REMOVE(&s->k->streams, s, link);
    kube_store_unwatch(s->watch);
    timer_free(s->timeout);
    timer_free(s->bookmark);
    selector_free(s->labels);
    selector_free(s->fields);
    free(s->group);
    free(s->version);
    free(s->kind);
    free(s->ns);
    free(s);
}

static void ended(struct stream *s, const char *why)
{
    conn_event(s->conn, 0, "kube.watch_ended", json_pack("{ss, ss, sI}", "resource", kube_shelf_plural(s->shelf), "why", why, "sent",
                                                        (json_int_t)s->sent));
}

static void end(struct stream *s, const char *why)
{
    ended(s, why);
    s->conn->user = NULL;
    http1_end(s->http);
    stream_free(s);
}

static void abandon(struct open_answer *o)
{
    struct stream *s = (struct stream *)o;
    ended(s, "the client has gone");
    stream_free(s);
}

/* ---- lines ---- */

/* Takes object. */
static void send_line(struct stream *s, const char *type, json_t *object)
{
    json_t *line = json_pack("{ss, so}", "type", type, "object", object);
    _cleanup_(freep) char *text = json_dumps(line, JSON_COMPACT);
    size_t n = text ? strlen(text) : 0;
    json_decref(line);
    if (s->conn->dead || !n)
        return;
    text[n] = '\n'; /* the NUL is not sent */
    s->sent++;
    http1_write(s->http, text, n + 1);
}

static bool fits(const struct stream *s, const json_t *object)
{
    return selector_fits_labels(s->labels, json_object_get(json_object_get(object, "metadata"), "labels")) &&
           selector_fits_fields(s->fields, object);
}

/* As somebody sees it who knows only what fits: what no longer fits is gone. */
static void on_change(void *arg, const struct kube_change *c)
{
    static const char *const names[] = {"ADDED", "MODIFIED", "DELETED"};
    struct stream *s = arg;
    if (c->shelf != s->shelf || s->conn->dead)
        return;
    size_t n = s->ns ? strlen(s->ns) : 0;
    if (s->ns && (strncmp(c->key, s->ns, n) || c->key[n] != '/'))
        return;
    bool is = c->type != CHANGE_DELETED && fits(s, c->object), was = c->before && fits(s, c->before);
    if (!is && !was)
        return;
    enum change_type type = !is ? CHANGE_DELETED : was ? CHANGE_MODIFIED : CHANGE_ADDED;
    json_t *seen = object_seen(&s->as, c->object);
    json_t *table = s->table ? kube_table(&s->as, seen) : NULL;
    if (table)
        json_decref(seen);
    send_line(s, names[type], table ? table : seen);
    /* A client that does not read is let go, as a real server does when its buffer is full. */
    if (layer_queued(http1_layer(s->http)) > (size_t)s->k->limits.watch) {
        ended(s, "the client does not read");
        conn_kill(s->conn, "a watch that does not read");
    }
}

static bool send_present(void *arg, const char *key, const json_t *object)
{
    struct stream *s = arg;
    (void)key;
    if (fits(s, object)) {
        json_t *seen = object_seen(&s->as, object), *table = s->table ? kube_table(&s->as, seen) : NULL;
        if (table)
            json_decref(seen);
        send_line(s, "ADDED", table ? table : seen);
    }
    return !s->conn->dead;
}

static void send_bookmark(struct stream *s)
{
    _cleanup_(freep) char *api = *s->group ? xasprintf("%s/%s", s->group, s->version) : xstrdup(s->version);
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, kube_store_version(s->k->cluster->store));
    send_line(s, "BOOKMARK", json_pack("{ss, ss, s{ss, ss?}}", "kind", s->kind, "apiVersion", api, "metadata", "resourceVersion", text,
                                       "creationTimestamp", NULL));
}

/* ---- beginning ---- */

static void on_timeout(void *arg)
{
    end(arg, "timeoutSeconds are over");
}

static void on_bookmark(void *arg)
{
    struct stream *s = arg;
    timer_free(s->bookmark);
    s->bookmark = timer_new(s->k->loop, BOOKMARK_MS, on_bookmark, s);
    send_bookmark(s);
}

/* 410 stands in the stream, not before it. */
static void send_expired(struct stream *s, uint64_t version)
{
    json_t *status = status_expired("too old resource version: %" PRIu64 " (%" PRIu64 ")", version,
                                    kube_store_oldest(s->k->cluster->store));
    send_line(s, "ERROR", status);
    end(s, "too old");
}

static struct stream *stream_new(struct call *c, struct ask *a)
{
    struct stream *s = NEW(struct stream);
    _cleanup_(freep) char *timeout = kube_call_param(c, "timeoutSeconds");
    long seconds = timeout ? strtol(timeout, NULL, 10) : 0;
    s->open.abandon = abandon;
    s->k = c->k;
    s->conn = c->conn;
    s->http = c->http;
    s->group = xstrdup(a->r->group);
    s->version = xstrdup(a->r->version);
    s->kind = xstrdup(a->r->kind);
    s->as = (struct kube_resource){.group = s->group, .version = s->version, .kind = s->kind, .type = a->r->type,
                                   .shelf = a->r->shelf, .plural = kube_shelf_plural(a->r->shelf)};
    s->shelf = a->r->shelf;
    s->ns = xstrdup(a->ns);
    s->labels = a->labels;
    s->fields = a->fields;
    a->labels = a->fields = NULL;
    s->bookmarks = kube_call_flag(c, "allowWatchBookmarks");
    s->table = kube_call_accepts(c, "as=Table");
    if (seconds > 0 && seconds <= TIMEOUT_MAX_S)
        s->timeout = timer_new(c->k->loop, (uint64_t)seconds * 1000, on_timeout, s);
    if (s->bookmarks)
        s->bookmark = timer_new(c->k->loop, BOOKMARK_MS, on_bookmark, s);
    TAILQ_INSERT_TAIL(&c->k->streams, s, link);
    c->conn->user = &s->open;
    return s;
}

void watch_call(struct call *c, struct ask *a)
{
    char *end_of = NULL;
    uint64_t version = strtoull(a->resource_version, &end_of, 10);
    bool from_now = !*a->resource_version || !strcmp(a->resource_version, "0");
    if (*end_of) {
        kube_reply_status(c, status_make(422, "Invalid", "ListOptions.meta.k8s.io \"\" is invalid: resourceVersion: Invalid value", NULL));
        return;
    }
    struct stream *s = stream_new(c, a);
    json_t *headers = kube_call_headers(c, "application/json");
    c->status = 200;
    http1_begin(c->http, 200, headers);
    json_decref(headers);
    if (c->conn->dead)
        return;
    if (from_now)
        kube_shelf_each(s->shelf, s->ns, NULL, send_present, s);
    else if (kube_shelf_since(s->shelf, version, on_change, s) < 0) {
        send_expired(s, version);
        return;
    }
    if (!s->conn->dead)
        s->watch = kube_store_watch(c->k->cluster->store, on_change, s);
}

void streams_end(struct kube *k)
{
    struct stream *s;
    while ((s = TAILQ_FIRST(&k->streams)))
        end(s, "the server ends it");
}

void streams_bookmark(struct kube *k)
{
    struct stream *s;
    TAILQ_FOREACH (s, &k->streams, link)
        if (s->bookmarks)
            send_bookmark(s);
}

const struct stream *streams_next(const struct stream *s)
{
    return TAILQ_NEXT(s, link);
}
