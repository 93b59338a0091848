/* Verbs of faults on connections that are open: `frame`, `settings`, `ws_frame`, `fragment`, and `act`, which does any of
 * them at a layer.
 *
 * What a list was given may wait (`delay`): lists are kept until the KAS goes.
 */
#include <errno.h>
#include <string.h>

#include "fakekas/internal.h"
#include "lib/script/actions.h"

struct order {
    struct kas *kas;
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
static const struct action *keep(struct kas *k, json_t *what)
{
    struct kept *x = NEW(struct kept);
    *x = (struct kept){actions_new(what), what, k->kept};
    k->kept = x;
    return x->list;
}

void kas_kept_free(struct kas *k)
{
    while (k->kept) {
        struct kept *x = k->kept;
        k->kept = x->next;
        actions_free(x->list);
        json_decref(x->what);
        free(x);
    }
}

static bool own_action(void *arg, const struct action *a)
{
    struct link *l = arg;
    struct h2 *h = l->session ? grpc_session_h2(l->session) : NULL;
    return (l->ws && ws_act(l->ws, a)) || (h && h2_act(h, NULL, a));
}

static void nothing_waits(void *arg, bool carry_on)
{
    (void)arg;
    (void)carry_on;
}

static void at_call(void *arg, struct grpc_call *call)
{
    struct order *o = arg;
    if ((o->method && !method_is(grpc_call_method(call), o->method)) ||
        (o->stream && o->stream != grpc_call_stream(call)))
        return;
    o->met++;
    grpc_call_do(call, o->list);
}

static void at_link(struct link *l, struct order *o)
{
    struct layer *at = l->conn->bottom;
    if (!strcmp(o->layer, "grpc")) {
        if (l->session && grpc_session_h2(l->session))
            grpc_session_each_call(l->session, at_call, o);
        return;
    }
    while (at && strcmp(at->ops->name, o->layer) != 0)
        at = at->above;
    if (!at)
        return;
    o->met++;
    conn_act_all(l->conn, at, o->list, own_action, nothing_waits, l);
}

static int at_links(struct order *o, const json_t *args, char **reterr)
{
    json_int_t only = json_integer_value(json_object_get(args, "conn"));
    const char *transport = json_string_value(json_object_get(args, "transport"));
    struct link *l, *next;
    for (l = TAILQ_FIRST(&o->kas->links); l; l = next) {
        next = TAILQ_NEXT(l, entry);
        if (!l->conn->dead && (!only || (json_int_t)l->conn->id == only) &&
            (!transport || !strcmp(transport, l->listener->transport)))
            at_link(l, o);
    }
    if (o->met)
        return 0;
    *reterr = xasprintf("no open connection has %s %s", strcmp(o->layer, "grpc") ? "the layer" : "such a call at", o->layer);
    return -EINVAL;
}

static int verb_act(struct kas *k, const json_t *args, char **reterr)
{
    json_t *what = json_object_get(args, "do");
    struct order o = {.kas = k,
                      .layer = json_string_value(json_object_get(args, "layer")),
                      .method = json_string_value(json_object_get(args, "method")),
                      .stream = json_integer_value(json_object_get(args, "stream"))};
    if (!o.layer || !what) {
        *reterr = xstrdup("act: expected {layer: tcp|tls|http|ws|h2|grpc, do: {verb: …}}");
        return -EINVAL;
    }
    o.list = keep(k, json_incref(what));
    return at_links(&o, args, reterr);
}

int kas_layer_verb(struct kas *k, const char *verb, const json_t *args, char **reterr)
{
    static const struct {
        const char *verb, *layer;
    } verbs[] = {{"frame", "h2"}, {"settings", "h2"}, {"ws_frame", "ws"}, {"fragment", "ws"}};
    if (!strcmp(verb, "act"))
        return verb_act(k, args, reterr);
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        if (!strcmp(verb, verbs[i].verb)) {
            json_t *what = json_pack("{s:O}", verb, (json_t *)args);
            struct order o = {.kas = k, .layer = verbs[i].layer, .list = keep(k, what)};
            return at_links(&o, args, reterr);
        }
    return -ENOSYS;
}
