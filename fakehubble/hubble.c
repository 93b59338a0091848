/* See hubble.h: start, end, and what a step can ask of it. */
#include "fakehubble/hubble.h"

#include <errno.h>
#include <string.h>

#include "fakehubble/internal.h"
#include "lib/base/mem.h"

static void build(void *arg, struct conn *c)
{
    struct hubble *h = arg;
    grpc_serve(h->grpc, c);
}

/* The session of a connection stands in the connection, for verbs on its calls. */
static void session_changed(void *arg, struct grpc_session *s, bool open)
{
    (void)arg;
    h2_conn(grpc_session_h2(s))->user = open ? s : NULL;
}

static struct grpc_session *session_of(struct conn *c)
{
    return c->user;
}

/* Before anything listens: a mistake in a flow is told where it stands. */
static int flows_check(const json_t *flows, char **reterr)
{
    size_t i;
    json_t *flow;

    if (flows && !json_is_array(flows)) {
        *reterr = xstrdup("hubble.flows: expected a list of flows");
        return -EINVAL;
    }
    json_array_foreach ((json_t *)flows, i, flow) {
        _cleanup_(freep) char *why = NULL;
        json_t *made = hubble_flow_make(flow, &why);
        json_decref(made);
        if (made)
            continue;
        *reterr = xasprintf("hubble.flows[%zu]: %s", i, why);
        return -EINVAL;
    }
    return 0;
}

static int side_open(struct hubble *h, const struct hubble_options *o, char **reterr)
{
    static const char *const hosts[] = {"hubble-relay", "hubble-relay.gitlab-managed-apps.svc.cluster.local", "localhost",
                                        "127.0.0.1", NULL};
    static const char *const alpn[] = {"h2", NULL};
    bool tls = json_is_true(json_object_get(h->spec, "tls"));
    const struct http_side_listener listeners[] = {{tls ? "https" : "http", o->host, o->port}, {0}};
    struct http_side_options s = {.loop = h->loop, .events = h->events, .faults = h->faults, .pki = o->pki,
                                  .next_conn_id = o->next_conn_id, .who = "hubble", .what = "the fake Hubble relay",
                                  .spec = h->spec, .hosts = hosts, .alpn = alpn, .listeners = listeners, .build = build,
                                  .session = session_of, .arg = h};

    if (tls && !o->pki) {
        *reterr = xstrdup("hubble.tls: there is no authority for its certificate here");
        return -EINVAL;
    }
    return http_side_open(&s, &h->side, reterr);
}

int hubble_start(const struct hubble_options *o, struct hubble **ret, char **reterr)
{
    struct hubble *h = NEW(struct hubble);
    struct grpc_server_options g = {.methods = hubble_methods, .session = session_changed, .arg = h};
    int r;

    *reterr = NULL;
    *h = (struct hubble){.loop = o->loop, .events = o->events, .faults = o->faults, .kept = json_array(),
                         .spec = o->spec ? json_deep_copy(o->spec) : json_object()};
    TAILQ_INIT(&h->followers);
    h->to_come = json_incref(json_object_get(h->spec, "flows"));
    h->grpc = grpc_server_new(&g);
    r = flows_check(h->to_come, reterr);
    if (r == 0)
        r = side_open(h, o, reterr);
    if (r < 0) {
        hubble_free(h);
        return r;
    }
    if (events_heard(h->events))
        events_want(h->events, "grpc.message");
    *ret = h;
    return 0;
}

static void release(void *arg)
{
    struct hubble *h = arg;

    grpc_server_free(h->grpc);
    json_decref(h->kept);
    json_decref(h->to_come);
    json_decref(h->spec);
    free(h);
}

struct hubble *hubble_free(struct hubble *h)
{
    if (h && h->side)
        http_side_close(h->side, release, h); /* behind its connections */
    else if (h)
        loop_defer(h->loop, release, h); /* behind what could be opened */
    return NULL;
}

json_t *hubble_listeners(const struct hubble *h)
{
    return http_side_listeners(h->side);
}

static int verb_flow(struct hubble *h, const json_t *args, char **reterr)
{
    json_t *flow = hubble_flow_make(args, reterr);

    if (!flow)
        return -EINVAL;
    hubble_happens(h, flow);
    return 0;
}

int hubble_perform(void *hubble, const char *verb, const json_t *args, char **reterr)
{
    static const char *const own[] = {"flow"};
    struct hubble *h = hubble;
    char *unused = NULL, **err = reterr ? reterr : &unused;

    *err = NULL;
    events_emit(h->events, "hubble", 0, 0, "hubble.verb", json_pack("{sssO*}", "verb", verb, "args", args));
    int r = strcmp(verb, own[0]) == 0 ? verb_flow(h, args, err) : http_side_perform(h->side, verb, args, err);
    if (r == -ENOSYS) {
        *err = verbs_unknown(verb, own, ARRAY_SIZE(own), "the fake Hubble relay");
        r = -EINVAL;
    }
    free(unused);
    return r;
}
