/* A connection: its layers, its moments, its end. */
#include "lib/net/conn.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/net/tcp.h"

struct conn *conn_new(struct loop *loop, struct events *events, struct moments *moments)
{
    struct conn *c = NEW(struct conn);
    c->loop = loop;
    c->events = events;
    c->moments = moments;
    c->accepted_ns = clock_ns();
    return c;
}

void conn_push(struct conn *c, struct layer *l)
{
    l->conn = c;
    l->below = c->top;
    l->above = NULL;
    if (c->top)
        c->top->above = l;
    else
        c->bottom = l;
    c->top = l;
}

/* Moments */

const struct action *conn_moment(struct conn *c, int64_t stream, const char *moment, json_t *facts)
{
    const struct action *a = NULL;
    struct moments *m = c->dead ? NULL : c->moments;
    if (!m) {
        events_emit(c->events, c->who, c->id, stream, moment, facts);
        return NULL;
    }
    /* The event first: what the fault does comes after it in the log. */
    json_t *asked = facts ? json_incref(facts) : json_object();
    events_emit(c->events, c->who, c->id, stream, moment, facts);
    if (!c->dead) /* a subscriber may have ended it */
        a = m->at(m, c, stream, moment, asked);
    json_decref(asked);
    if (a)
        snprintf(c->at, sizeof c->at, "%s", moment);
    return a;
}

bool conn_asked(struct conn *c, const char *moment)
{
    return c->moments && !c->dead && c->moments->cares(c->moments, moment);
}

const struct action *conn_ask(struct conn *c, int64_t stream, const char *moment, json_t *facts)
{
    const struct action *a = conn_asked(c, moment) ? c->moments->at(c->moments, c, stream, moment, facts) : NULL;
    json_decref(facts);
    if (a)
        snprintf(c->at, sizeof c->at, "%s", moment);
    return a;
}

bool conn_cares(struct conn *c, const char *moment)
{
    return events_wanted(c->events, moment) || conn_asked(c, moment);
}

bool conn_heard(struct conn *c, const char *moment)
{
    return events_heard(c->events) || conn_asked(c, moment);
}

void conn_event(struct conn *c, int64_t stream, const char *event, json_t *facts)
{
    events_emit(c->events, c->who, c->id, stream, event, facts);
}

/* The end */

void conn_hold(struct conn *c, bool held)
{
    if (c->held == held || c->dead)
        return;
    c->held = held;
    if (c->hold)
        c->hold(c);
}

void conn_close(struct conn *c, enum layer_close how)
{
    if (c->dead)
        return;
    for (struct layer *l = c->top; l; l = l->below)
        if (l->ops->close) {
            l->ops->close(l, how);
            return;
        }
    conn_kill(c, "closed");
}

static void release(void *arg)
{
    struct conn *c = arg;
    if (c->release)
        c->release(c);
    else
        conn_free(c);
}

void conn_kill(struct conn *c, const char *why)
{
    if (c->dead)
        return;
    c->dead = true;
    if (c->sever)
        c->sever(c, why ? why : "closed");
    loop_defer(c->loop, release, c);
}

void conn_free(struct conn *c)
{
    c->dead = true;
    conn_act_abort(c);
    if (c->on_free)
        c->on_free(c);
    struct layer *l = c->top;
    while (l) {
        struct layer *below = l->below;
        c->top = below;
        if (below)
            below->above = NULL;
        l->ops->free(l);
        l = below;
    }
    free(c);
}
