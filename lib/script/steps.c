#include "lib/script/steps.h"

#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/script/actions.h"
#include "lib/script/match.h"

struct steps {
    json_t *list;             /* owned reference */
    struct loop *loop;        /* borrowed */
    struct events *events;    /* borrowed */
    struct event_sub *sub;
    struct timer *timer;      /* running while a step is due and has not acted */
    perform_fn perform;
    void *arg;
    size_t current;           /* the step that is waited for; = size when all is done */
    json_int_t seen;          /* events that fitted it */
};

static const json_t *step(const struct steps *s, const char *key)
{
    return json_object_get(json_array_get(s->list, s->current), key);
}

static void act(void *arg);

/* A timer even for "at once": the event that was waited for comes from the middle of a layer's work, and the verbs
 * may kill that very connection. */
static void make_due(struct steps *s)
{
    int64_t ms = 0;
    const json_t *after = step(s, "after");
    if (json_is_string(after) && duration_parse(json_string_value(after), &ms) < 0)
        ms = 0;
    s->timer = timer_new(s->loop, (uint64_t)(ms > 0 ? ms : 0), act, s);
}

static void fail(struct steps *s, size_t n, const char *verb, int error, const char *reason)
{
    events_emit(s->events, "script", 0, 0, "step.failed",
                json_pack("{s:I, s:s, s:s, s:s}", "step", (json_int_t)n, "verb", verb, "error", strerror(-error),
                          "reason", reason ? reason : ""));
}

static bool perform_one(struct steps *s, size_t n, const struct action *a)
{
    char *err = NULL;
    int r = s->perform(s->arg, a->verb, a->args, &err);
    if (r < 0)
        fail(s, n, a->verb, r, err);
    free(err);
    return r >= 0;
}

static void act(void *arg)
{
    struct steps *s = arg;
    s->timer = timer_free(s->timer);
    struct action *list = actions_new(step(s, "do"));
    size_t n = ++s->current;
    s->seen = 0;

    json_t *did = json_array();
    for (const struct action *a = list; a; a = a->next)
        if (perform_one(s, n, a))
            json_array_append_new(did, json_string(a->verb));
    actions_free(list);
    events_emit(s->events, "script", 0, 0, "step.done", json_pack("{s:I, s:o}", "step", (json_int_t)n, "did", did));

    if (!steps_done(s) && !s->timer && !step(s, "on"))
        make_due(s);
}

static void heard(void *arg, const json_t *event)
{
    struct steps *s = arg;
    const json_t *on = steps_done(s) || s->timer ? NULL : step(s, "on");
    if (!on || !match(on, event, NULL))
        return;
    const json_t *count = step(s, "count");
    if (++s->seen >= (json_is_integer(count) ? json_integer_value(count) : 1))
        make_due(s);
}

struct steps *steps_start(const json_t *list, struct loop *loop, struct events *events, perform_fn fn, void *arg)
{
    struct steps *s = NEW(struct steps);
    s->list = json_is_array(list) ? json_incref((json_t *)list) : json_array();
    s->loop = loop;
    s->events = events;
    s->perform = fn;
    s->arg = arg;
    if (steps_done(s))
        return s;
    s->sub = events_subscribe(events, heard, s);
    if (!step(s, "on"))
        make_due(s);
    return s;
}

bool steps_done(const struct steps *s)
{
    return s->current >= json_array_size(s->list);
}

struct steps *steps_free(struct steps *s)
{
    if (!s)
        return NULL;
    s->timer = timer_free(s->timer);
    if (s->sub)
        s->sub = events_unsubscribe(s->sub);
    json_decref(s->list);
    free(s);
    return NULL;
}
