/* Verbs of faults on connections that are open: `frame`, `settings`, `ws_frame`, `fragment`, and `act`, which does any of
 * them at a layer.
 *
 * What a list was given may wait (`delay`): lists are kept until the server goes.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/net/conn.h"
#include "lib/proto/grpc.h"
#include "lib/proto/websocket.h"
#include "lib/script/actions.h"
#include "lib/script/verbs_impl.h"

struct order {
    struct verbs *verbs;
    const struct action *list;
    const char *layer, *method;
    json_int_t stream;
    size_t met;
};

struct kept {
    struct action *list;
    json_t *what; /* owned: the list's words stand in it */
    struct kept *next;
};

/* `what` is stolen. */
static const struct action *keep(struct verbs *v, json_t *what)
{
    struct kept *x = NEW(struct kept);
    *x = (struct kept){actions_new(what), what, v->kept};
    v->kept = x;
    return x->list;
}

void verbs_kept_free(struct verbs *v)
{
    while (v->kept) {
        struct kept *x = v->kept;
        v->kept = x->next;
        actions_free(x->list);
        json_decref(x->what);
        free(x);
    }
}

/* A list at one connection. It may wait, and the connection may meanwhile have got a session, or lost it: so it is
 * looked for when the time has come. */
struct at {
    struct verbs *verbs;
    uint64_t conn;
    const struct action *action;
    bool known;
};

static void do_own(void *arg, const struct verbs_conn *c)
{
    struct at *at = arg;
    struct h2 *h = c->session ? grpc_session_h2(c->session) : NULL;
    if (c->conn->id == at->conn)
        at->known = (c->ws && ws_act(c->ws, at->action)) || (h && h2_act(h, NULL, at->action));
}

static bool own_action(void *arg, const struct action *a)
{
    struct at *at = arg;
    at->action = a;
    at->known = false;
    at->verbs->owner->each(at->verbs->server, do_own, at);
    return at->known;
}

static void done(void *arg, bool carry_on)
{
    (void)carry_on; /* nothing waits for it */
    free(arg);
}

static void at_call(void *arg, struct grpc_call *call)
{
    struct order *o = arg;
    if ((o->method && !grpc_method_is(grpc_call_method(call), o->method)) ||
        (o->stream && o->stream != grpc_call_stream(call)))
        return;
    o->met++;
    grpc_call_do(call, o->list);
}

static void at_conn(void *arg, const struct verbs_conn *c)
{
    struct order *o = arg;
    struct layer *layer = c->conn->bottom;
    if (!strcmp(o->layer, "grpc")) {
        if (c->session && grpc_session_h2(c->session))
            grpc_session_each_call(c->session, at_call, o);
        return;
    }
    while (layer && strcmp(layer->ops->name, o->layer) != 0)
        layer = layer->above;
    if (!layer)
        return;
    struct at *at = NEW(struct at);
    *at = (struct at){.verbs = o->verbs, .conn = c->conn->id};
    o->met++;
    conn_act_all(c->conn, layer, o->list, own_action, done, at);
}

static int at_conns(struct order *o, const json_t *args, char **reterr)
{
    (void)verbs_each(o->verbs, args, at_conn, o);
    if (o->met)
        return 0;
    return verbs_refuse(reterr, xasprintf("no open connection has %s %s",
                                          strcmp(o->layer, "grpc") ? "the layer" : "such a call at", o->layer));
}

static int act(struct verbs *v, const json_t *args, char **reterr)
{
    json_t *what = json_object_get(args, "do");
    struct order o = {.verbs = v,
                      .layer = verbs_text(args, "layer", NULL),
                      .method = verbs_text(args, "method", NULL),
                      .stream = json_integer_value(json_object_get(args, "stream"))};
    if (!o.layer || !what)
        return verbs_refuse(reterr, xstrdup("act: expected {layer: tcp|tls|http|ws|h2|grpc, do: {verb: …}}"));
    o.list = keep(v, json_incref(what));
    return at_conns(&o, args, reterr);
}

int verb_act(struct verbs *v, const char *verb, const json_t *args, char **reterr)
{
    static const struct {
        const char *verb, *layer;
    } rows[] = {{"frame", "h2"}, {"settings", "h2"}, {"ws_frame", "ws"}, {"fragment", "ws"}};
    if (!strcmp(verb, "act"))
        return act(v, args, reterr);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (!strcmp(verb, rows[i].verb)) {
            json_t *what = args ? json_pack("{s:O}", verb, (json_t *)args) : json_pack("{s:{}}", verb);
            struct order o = {.verbs = v, .layer = rows[i].layer, .list = keep(v, what)};
            return at_conns(&o, args, reterr);
        }
    return -ENOSYS;
}
