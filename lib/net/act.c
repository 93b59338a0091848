/* Doing actions: the verbs that every layer has, and lists of verbs with waiting between them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/net/shape.h"
#include "lib/net/tcp.h"

/* A list under way. On the connection's chain from the start, so that whatever happens while a verb is done (the
 * connection dies, the stream is freed and cancels) finds it. */
struct acting {
    struct conn *conn;
    struct layer *layer;
    const struct action *next;
    own_action_fn own;
    acted_fn done;
    void *arg;
    bool carry_on, cancelled, running;
    char at[32];
    struct timer *timer;
    struct acting *chain;
};

static void say(struct conn *c, const char *event, const char *at, const char *verb, const char *reason)
{
    if (!c->events)
        return;
    json_t *facts = json_object();
    if (at && *at)
        json_object_set_new(facts, "at", json_string(at));
    json_object_set_new(facts, "verb", json_string(verb));
    if (reason)
        json_object_set_new(facts, "reason", json_string(reason));
    conn_event(c, 0, event, facts);
}

int action_delay(const json_t *args, int64_t *ret_ms)
{
    if (json_is_object(args)) {
        const json_t *ms = json_object_get(args, "ms");
        args = ms ? ms : json_object_get(args, "for");
    }
    if (json_is_string(args))
        return duration_parse(json_string_value(args), ret_ms);
    double ms = json_is_number(args) ? json_number_value(args) : -1;
    if (!(ms >= 0 && ms < 1e12))
        return -EINVAL;
    *ret_ms = (int64_t)(ms + 0.5);
    return 0;
}

/* The layer that `{layer: NAME}` names, else `otherwise`. NULL: there is none of that name. */
static struct layer *layer_chosen(struct conn *c, struct layer *otherwise, const json_t *args)
{
    const char *name = json_string_value(json_object_get(args, "layer"));
    if (!name)
        return otherwise;
    for (struct layer *l = c->bottom; l; l = l->above)
        if (strcmp(l->ops->name, name) == 0)
            return l;
    return NULL;
}

static void close_at(struct layer *l, enum layer_close how)
{
    if (l->ops->close)
        l->ops->close(l, how);
    else
        layer_close_down(l, how);
}

static const char *send_bytes(struct layer *l, const json_t *args)
{
    _cleanup_(freep) uint8_t *bytes = NULL;
    size_t n;
    if (action_bytes(args, &bytes, &n) < 0)
        return "send wants text, {text}, {hex}, {base64} or a list of them";
    if (l->below)
        layer_down(l, bytes, n);
    else if (l->ops->bytes_down) /* the bottom itself: there is nothing beneath but the wire */
        l->ops->bytes_down(l, bytes, n);
    return NULL;
}

static bool is_common(const char *verb)
{
    static const char *const verbs[] = {"reset", "close", "half_close", "stall", "send", "shape", "delay"};
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        if (strcmp(verb, verbs[i]) == 0)
            return true;
    return false;
}

bool conn_act(struct conn *c, struct layer *l, const struct action *a)
{
    const char *verb = a->verb, *wrong = NULL;
    if (!is_common(verb))
        return false;
    if (c->dead)
        return true;
    bool reset = strcmp(verb, "reset") == 0, stall = strcmp(verb, "stall") == 0;
    struct layer *at = layer_chosen(c, reset ? c->bottom : l, a->args);
    if (!at)
        wrong = "no such layer on this connection";
    else if (reset)
        close_at(at, LAYER_RESET);
    else if (strcmp(verb, "close") == 0)
        close_at(at, LAYER_CLOSE);
    else if (strcmp(verb, "half_close") == 0)
        close_at(at, LAYER_CLOSE_HALF);
    else if (strcmp(verb, "send") == 0)
        wrong = send_bytes(at, a->args);
    else if (strcmp(verb, "shape") == 0)
        wrong = shape_apply(c, a->args) < 0 ? "shape wants {latency, jitter, bandwidth, slice, trickle, …}" : NULL;
    else if (stall)
        c->stalled = true; /* the socket layer looks at it before it reads or sends */
    if (wrong)
        say(c, "fault.unknown", c->at, verb, wrong);
    return true;
}

/* Lists */

static void unchain(struct acting *x)
{
    struct acting **p = &x->conn->acting;
    while (*p && *p != x)
        p = &(*p)->chain;
    if (*p)
        *p = x->chain;
}

static void acting_end(struct acting *x)
{
    unchain(x);
    x->timer = timer_free(x->timer);
    if (!x->cancelled)
        x->done(x->arg, x->carry_on);
    free(x);
}

static void act_on(struct acting *x);

static void on_delay(void *arg)
{
    struct acting *x = arg;
    x->timer = timer_free(x->timer);
    say(x->conn, "fault.done", x->at, "delay", NULL);
    act_on(x);
}

/* true: waits now, on_delay() goes on. */
static bool start_delay(struct acting *x, const struct action *a)
{
    int64_t ms;
    if (action_delay(a->args, &ms) < 0) {
        say(x->conn, "fault.unknown", x->at, "delay", "delay wants a duration: \"2s\", or milliseconds");
        return false;
    }
    x->timer = timer_new(x->conn->loop, (uint64_t)ms, on_delay, x);
    return true;
}

/* Does one that is not `delay`. */
static void act_one(struct acting *x, const struct action *a)
{
    struct conn *c = x->conn;
    bool was = x->carry_on;
    x->carry_on = false;
    if (conn_act(c, x->layer, a) || (x->own && x->own(x->arg, a))) {
        say(c, "fault.done", x->at, a->verb, NULL);
        x->carry_on = was && strcmp(a->verb, "shape") == 0; /* takes nobody's place */
    } else if (strcmp(a->verb, "pass") == 0) {
        x->carry_on = !c->stalled;
    } else {
        say(c, "fault.unknown", x->at, a->verb, "nobody here knows this verb");
    }
}

static void act_on(struct acting *x)
{
    x->running = true;
    while (x->next && !x->conn->dead && !x->cancelled) {
        const struct action *a = x->next;
        x->next = a->next;
        if (strcmp(a->verb, "delay") != 0) {
            act_one(x, a);
        } else if (start_delay(x, a)) {
            x->running = false;
            return;
        }
    }
    if (x->conn->dead)
        x->carry_on = false;
    acting_end(x);
}

void conn_act_all(struct conn *c, struct layer *l, const struct action *list, own_action_fn own, acted_fn done,
                  void *arg)
{
    if (!list) {
        done(arg, true);
        return;
    }
    struct acting *x = NEW(struct acting);
    *x = (struct acting){.conn = c, .layer = l, .next = list, .own = own, .done = done, .arg = arg, .carry_on = true};
    memcpy(x->at, c->at, sizeof x->at);
    x->chain = c->acting;
    c->acting = x;
    act_on(x);
}

void conn_act_cancel(struct conn *c, void *arg)
{
    for (struct acting *x = c->acting, *next; x; x = next) {
        next = x->chain;
        if (x->arg != arg)
            continue;
        x->cancelled = true;
        if (!x->running) /* else act_on() ends it as soon as its verb returns */
            acting_end(x);
    }
}

void conn_act_abort(struct conn *c)
{
    while (c->acting) {
        c->acting->carry_on = false;
        acting_end(c->acting);
    }
}
