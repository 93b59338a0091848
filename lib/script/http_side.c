/* See http_side.h. */
#include "lib/script/http_side.h"

#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"

struct side_listener {
    struct http_side *side;
    const char *transport; /* static */
    bool tls;
    struct listener *listener; /* owned */
};

struct http_side {
    struct http_side_options o; /* listeners: not kept */
    struct tls_setup tls;
    struct side_listener *listeners; /* owned */
    size_t n;
    bool stopped;
    struct verbs verbs;
    void (*gone)(void *arg);
    void *gone_arg;
};

static void say(struct http_side *s, const char *what, json_t *fields)
{
    _cleanup_(freep) char *event = xasprintf("%s.%s", s->o.who, what);
    events_emit(s->o.events, s->o.who, 0, 0, event, fields);
}

/* ---- connections ---- */

static void build(void *arg, struct conn *c)
{
    struct side_listener *l = arg;
    struct http_side *s = l->side;
    if (l->tls) {
        struct tls_options tls = {.ctx = s->tls.ctx, .alpn = s->o.alpn};
        tls_setup_fill(&s->tls, &tls);
        tls_layer_push(c, &tls);
    }
    s->o.build(s->o.arg, c);
}

static struct tls_source source_of(const struct http_side *s)
{
    return (struct tls_source){.part = s->o.who, .spec = s->o.spec, .pki = s->o.pki, .hosts = s->o.hosts};
}

static int listen_on(struct http_side *s, const struct http_side_listener *from, struct side_listener *l, char **reterr)
{
    int r = 0;
    l->side = s;
    l->tls = !strcmp(from->transport, "https");
    l->transport = l->tls ? "https" : "http";
    if (!l->tls && strcmp(from->transport, "http") != 0) {
        *reterr = xasprintf("\"%s\" is no transport of %s; expected http or https", from->transport, s->o.what);
        return -EINVAL;
    }
    struct tls_source source = source_of(s);
    if (l->tls && !s->tls.ctx)
        r = tls_setup_make(&s->tls, &source, reterr);
    if (r < 0)
        return r;
    struct listener_options lo = {.host = from->host, .port = from->port, .who = s->o.who, .loop = s->o.loop,
                                  .events = s->o.events, .next_conn_id = s->o.next_conn_id, .build = build, .arg = l,
                                  .max_conns = s->o.max_conns,
                                  .moments = s->o.faults ? faults_moments(s->o.faults) : NULL};
    r = listener_open(&lo, &l->listener);
    if (r < 0) {
        _cleanup_(freep) char *what = xasprintf("%s listener", from->transport);
        *reterr = listener_explain(what, &lo, r);
    }
    return r;
}

static void release(void *arg)
{
    struct http_side *s = arg;
    verbs_done(&s->verbs);
    tls_setup_done(&s->tls);
    free(s->listeners);
    if (s->gone)
        s->gone(s->gone_arg);
    free(s);
}

void http_side_close(struct http_side *s, void (*gone)(void *arg), void *arg)
{
    verbs_end(&s->verbs);
    for (size_t i = 0; i < s->n; i++)
        s->listeners[i].listener = listener_free(s->listeners[i].listener);
    s->gone = gone;
    s->gone_arg = arg;
    loop_defer(s->o.loop, release, s); /* behind its connections */
}

/* ---- away and back ---- */

static void close_one(void *arg, struct conn *c)
{
    (void)arg;
    conn_close(c, LAYER_CLOSE);
}

static void stop(void *side, bool keep)
{
    struct http_side *s = side;
    if (s->stopped)
        return;
    s->stopped = true;
    say(s, "stopped", NULL);
    for (size_t i = 0; i < s->n; i++) {
        listener_pause(s->listeners[i].listener);
        if (!keep)
            listener_each(s->listeners[i].listener, close_one, NULL);
    }
}

static int start(void *side, char **reterr)
{
    struct http_side *s = side;
    for (size_t i = 0; i < s->n && s->stopped; i++) {
        int r = listener_resume(s->listeners[i].listener);
        if (r < 0) {
            *reterr = xasprintf("cannot listen again on %s: %s", listener_address(s->listeners[i].listener), strerror(-r));
            return r;
        }
    }
    if (s->stopped)
        say(s, "started", NULL);
    s->stopped = false;
    return 0;
}

static int fill_backlog(void *side, char **reterr)
{
    struct http_side *s = side;
    for (size_t i = 0; i < s->n; i++) {
        int r = listener_fill(s->listeners[i].listener);
        if (r < 0) {
            *reterr = xasprintf("fill_backlog: %s: %s", listener_address(s->listeners[i].listener), strerror(-r));
            return r;
        }
    }
    s->stopped = true; /* `start` and `restart` end it */
    return 0;
}

static int set_certificate(void *side, const json_t *args, char **reterr)
{
    struct http_side *s = side;
    struct tls_source source = source_of(s);
    if (s->tls.ctx)
        return tls_setup_renew(&s->tls, &source, args, reterr);
    *reterr = xasprintf("set_certificate: %s does not speak TLS", s->o.what);
    return -EINVAL;
}

static void failed(void *side, const char *why)
{
    say(side, "failed", json_pack("{ss}", "why", why));
}

/* ---- connections, for verbs ---- */

struct each {
    const struct side_listener *listener;
    struct grpc_session *(*session)(struct conn *c);
    verbs_conn_fn fn;
    void *arg;
};

static void each_conn(void *arg, struct conn *c)
{
    const struct each *e = arg;
    e->fn(e->arg, &(struct verbs_conn){.conn = c, .transport = e->listener->transport,
                                       .session = e->session ? e->session(c) : NULL});
}

static void each(void *side, verbs_conn_fn fn, void *arg)
{
    struct http_side *s = side;
    for (size_t i = 0; i < s->n; i++)
        listener_each(s->listeners[i].listener, each_conn, &(struct each){&s->listeners[i], s->o.session, fn, arg});
}

static const struct verbs_owner owner = {.each = each, .stop = stop, .start = start, .fill_backlog = fill_backlog,
                                         .set_certificate = set_certificate, .failed = failed};

int http_side_perform(struct http_side *s, const char *verb, const json_t *args, char **reterr)
{
    return verbs_perform(&s->verbs, verb, args, reterr);
}

/* ---- the whole ---- */

int http_side_open(const struct http_side_options *o, struct http_side **ret, char **reterr)
{
    struct http_side *s = NEW(struct http_side);
    size_t n = 0;
    s->o = *o;
    s->verbs = (struct verbs){.owner = &owner, .server = s, .loop = o->loop, .faults = o->faults};
    while (o->listeners && o->listeners[n].transport)
        n++;
    s->listeners = xcalloc(n ? n : 1, sizeof(*s->listeners));
    for (size_t i = 0; i < n; i++) {
        int r = listen_on(s, &o->listeners[i], &s->listeners[i], reterr);
        if (r < 0) {
            http_side_close(s, NULL, NULL);
            return r;
        }
        s->n++;
    }
    s->o.listeners = NULL;
    *ret = s;
    return 0;
}

json_t *http_side_listeners(const struct http_side *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->n; i++)
        json_array_append_new(list, json_pack("{ssss}", "transport", s->listeners[i].transport, "address",
                                              listener_address(s->listeners[i].listener)));
    return list;
}

const char *http_side_ca_pem(const struct http_side *s)
{
    return s->tls.ca_pem;
}

bool http_side_stopped(const struct http_side *s)
{
    return s->stopped;
}
