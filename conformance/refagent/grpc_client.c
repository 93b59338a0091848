#include "conformance/refagent/grpc_channel.h"

#include <string.h>

#include "conformance/refagent/agent.h"
#include "conformance/refagent/backoff.h"
#include "conformance/refagent/gotext.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"

#define CONNECT_DEADLINE_MS 20000 /* of one attempt, or the back-off if that is longer */

static void attempt(struct channel *c);

/* Transports */

static void transport_free(struct transport *t)
{
    if (t->channel->current == t)
        t->channel->current = NULL;
    LIST_REMOVE(t, next);
    h2_free(t->h2);
    free(t->goaway);
    free(t);
}

void transport_maybe_free(struct transport *t)
{
    if (t->draining && TAILQ_EMPTY(&t->calls))
        transport_free(t);
}

/* States */

static void fail_waiting(struct channel *c)
{
    struct call_list failed = TAILQ_HEAD_INITIALIZER(failed);
    TAILQ_CONCAT(&failed, &c->waiting, next);
    for (struct call *call; (call = TAILQ_FIRST(&failed));) {
        TAILQ_REMOVE(&failed, call, next);
        TAILQ_INSERT_HEAD(&c->waiting, call, next); /* where call_finish() looks for it */
        call_finish(call, GRPC_UNAVAILABLE, c->error);
    }
}

static void on_backoff(void *arg)
{
    struct channel *c = arg;
    c->backoff = timer_free(c->backoff);
    c->retries++;
    c->state = CHANNEL_IDLE;
    channel_pump_later(c);
}

/* The attempt has failed. */
static void fail(struct channel *c, const char *error)
{
    free(c->error);
    c->error = xstrdup(error);
    c->deadline = timer_free(c->deadline);
    c->dial = dial_free(c->dial);
    if (c->current)
        transport_free(c->current);
    c->state = CHANNEL_FAILURE;
    bool at_once = mutant_is(c->agent, M_RETRIES_AT_ONCE);
    c->backoff = timer_new(c->agent->loop, at_once ? 10 : c->backoff_ms, on_backoff, c);
    fail_waiting(c);
}

static void on_ready(void *arg)
{
    struct transport *t = arg;
    struct channel *c = t->channel;
    c->state = CHANNEL_READY;
    c->retries = 0;
    c->deadline = timer_free(c->deadline);
    channel_pump_later(c);
}

static void on_goaway(void *arg, uint32_t code, const uint8_t *debug, size_t n, int32_t last)
{
    (void)last; /* HTTP/2 itself resets what the server will not serve */
    struct transport *t = arg;
    struct channel *c = t->channel;
    if (mutant_is(c->agent, M_IGNORES_GOAWAY))
        return;
    _cleanup_(freep) char *name = go_h2_code(code);
    _cleanup_(freep) char *q = n ? go_quote((const char *)debug, n) : NULL;
    free(t->goaway);
    t->goaway = xasprintf("code: %s%s%s", name, q ? ", debug data: " : "", q ? q : "");
    if (t->draining || c->current != t || c->state != CHANNEL_READY)
        return;
    t->draining = true;
    c->current = NULL;
    c->state = CHANNEL_IDLE;
    channel_pump_later(c); /* which also takes it away if nobody is on it */
}

static void on_closed(void *arg, const char *why)
{
    struct transport *t = arg;
    struct channel *c = t->channel;
    if (c->current == t && c->state == CHANNEL_CONNECTING) {
        fail(c, "connection closed before server preface received");
        return;
    }
    _cleanup_(freep) char *text = xstrdup(why);
    if (t->goaway) {
        _cleanup_(freep) char *q = go_quote(why, strlen(why));
        free(text);
        text = xasprintf("closing transport due to: connection error: desc = %s, received prior goaway: %s",
                         q, t->goaway);
    }
    if (c->current == t) {
        c->current = NULL;
        c->state = CHANNEL_IDLE;
    }
    t->draining = false; /* its last call must not free it under our hands */
    for (struct call *call; (call = TAILQ_FIRST(&t->calls));)
        call_finish(call, GRPC_UNAVAILABLE, text);
    transport_free(t);
    channel_pump_later(c);
}

/* Connecting */

static void on_dialled(void *arg, struct link *link, const char *error)
{
    static const struct h2_events events = {on_ready, on_goaway, on_closed};
    struct channel *c = arg;
    if (error) {
        fail(c, error);
        return;
    }
    c->dial = dial_free(c->dial);
    struct transport *t = NEW(struct transport);
    t->channel = c;
    TAILQ_INIT(&t->calls);
    LIST_INSERT_HEAD(&c->transports, t, next);
    c->current = t;
    t->h2 = h2_new(c->agent, link, &events, t);
}

static void on_deadline(void *arg)
{
    fail(arg, "failed to receive server preface within timeout");
}

static void attempt(struct channel *c)
{
    c->state = CHANNEL_CONNECTING;
    c->backoff_ms = backoff_channel(c->retries, random_u64);
    uint64_t deadline = c->backoff_ms > CONNECT_DEADLINE_MS ? c->backoff_ms : CONNECT_DEADLINE_MS;
    c->dial = dial_start(c->agent, deadline, on_dialled, c);
    /* Dialling notices the deadline itself; a little later it is the preface that is missing. */
    c->deadline = timer_new(c->agent->loop, deadline + 1, on_deadline, c);
}

static void pump(void *arg)
{
    struct channel *c = arg;
    c->pumping = false;
    if (c->gone) {
        free(c);
        return;
    }
    struct transport *t, *next;
    for (t = LIST_FIRST(&c->transports); t; t = next) {
        next = LIST_NEXT(t, next);
        transport_maybe_free(t);
    }
    if (TAILQ_EMPTY(&c->waiting))
        return;
    if (c->state == CHANNEL_IDLE && !c->agent->stopping)
        attempt(c);
    else if (c->state == CHANNEL_FAILURE)
        fail_waiting(c);
    for (struct call *call; c->state == CHANNEL_READY && (call = TAILQ_FIRST(&c->waiting));)
        if (!call_open(call, c->current))
            call_finish(call, GRPC_UNAVAILABLE, "transport is closing");
}

void channel_pump_later(struct channel *c)
{
    if (c->pumping)
        return;
    c->pumping = true;
    loop_defer(c->agent->loop, pump, c);
}

struct channel *channel_new(struct agent *a)
{
    struct channel *c = NEW(struct channel);
    c->agent = a;
    TAILQ_INIT(&c->waiting);
    return c;
}

struct channel *channel_free(struct channel *c)
{
    if (!c)
        return NULL;
    c->dial = dial_free(c->dial);
    c->deadline = timer_free(c->deadline);
    c->backoff = timer_free(c->backoff);
    while (!LIST_EMPTY(&c->transports))
        transport_free(LIST_FIRST(&c->transports));
    free(c->error);
    c->error = NULL;
    c->gone = true;
    channel_pump_later(c);
    return NULL;
}
