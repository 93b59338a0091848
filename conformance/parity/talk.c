/* The steps of a talk, and what is said of it. */
#include <errno.h>
#include <string.h>

#include "conformance/parity/talk_impl.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/script/actions.h"

enum { WITHIN_MS = 10000, CANCEL = 8 };

json_t *talk_part(struct talk *t, const char *name)
{
    return json_object_get(t->said, name);
}

void talk_order(struct talk *t, const char *who, const char *what)
{
    json_array_append_new(talk_part(t, "order"), json_sprintf("%s%s%s", who, *who ? ": " : "", what));
}

static const char *text(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

/* ---- the end ---- */

static void finish(void *arg)
{
    struct talk *t = arg;
    json_t *said = json_incref(t->said);

    t->timer = timer_free(t->timer);
    talk_hang_up(t);
    t->o.done(t->o.arg, said); /* may free us */
}

static void steps_on(void *arg);

static void later(struct talk *t, void (*fn)(void *), uint64_t ms)
{
    timer_free(t->timer);
    t->timer = timer_new(t->o.loop, ms, fn, t);
}

void talk_end(struct talk *t, const char *how)
{
    if (t->over)
        return;
    t->over = true;
    json_object_set_new(talk_part(t, "conn"), "end", json_string(how));
    if (!t->timer || t->waiting)
        talk_go_on(t);
}

/* ---- what is waited for ---- */

static struct talk_call *call_named(struct talk *t, const char *name)
{
    for (size_t i = 0; name && i < t->n_calls; i++)
        if (strcmp(t->calls[i].name, name) == 0)
            return &t->calls[i];
    return NULL;
}

static const json_t *step_now(const struct talk *t)
{
    return json_array_get(json_object_get(t->o.spec, "steps"), t->step);
}

/* Is what is awaited there? */
static bool come(struct talk *t)
{
    const json_t *await = json_object_get(step_now(t), "await");
    const struct talk_call *c = call_named(t, text(await, "call"));
    const json_t *messages = json_object_get(await, "messages");

    if (t->over)
        return true;
    if (json_is_true(json_object_get(await, "goaway")))
        return json_object_get(talk_part(t, "conn"), "goaway") != NULL;
    if (json_is_true(json_object_get(await, "gone")) || !c)
        return false;
    return c->ended || (messages && json_array_size(json_object_get(c->said, "messages")) >=
                                        (size_t)json_integer_value(messages));
}

void talk_heard(struct talk *t)
{
    if (t->waiting && come(t))
        talk_go_on(t);
}

/* ---- the steps ---- */

static void in_vain(void *arg)
{
    struct talk *t = arg;
    _cleanup_(freep) char *what = json_dumps(json_object_get(step_now(t), "await"), JSON_COMPACT);

    json_array_append_new(talk_part(t, "late"), json_string(what ? what : ""));
    t->timer = timer_free(t->timer);
    t->waiting = false;
    t->step++;
    talk_go_on(t);
}

static int do_open(struct talk *t, const json_t *open, char **reterr)
{
    const char *name = text(open, "call");
    struct talk_call *c;

    if (!name || t->n_calls == TALK_CALLS || call_named(t, name)) {
        *reterr = xasprintf("open: expected {call: NAME}, each once, %d at most", TALK_CALLS);
        return -EINVAL;
    }
    c = &t->calls[t->n_calls++];
    *c = (struct talk_call){.name = name, .said = json_pack("{s:[], s:s}", "messages", "end", "open")};
    json_object_set_new(talk_part(t, "calls"), name, c->said);
    return talk_call_open(c, t->h2, open, t->authority, t->o.token, (int32_t)(2 * t->n_calls - 1), reterr);
}

static int do_other(struct talk *t, const json_t *step, char **reterr)
{
    const json_t *what = json_object_get(json_object_get(step, "do"), t->o.side),
                 *send = json_object_get(step, "send");
    const char *name = send                ? text(send, "call")
                       : text(step, "end") ? text(step, "end")
                                           : text(step, "reset");
    struct talk_call *c = call_named(t, name);
    struct action *list;
    int e = 0;

    if (json_object_get(step, "do")) {
        list = actions_new(what);
        for (const struct action *a = list; a && !e; a = a->next)
            e = t->o.perform(t->o.arg, a->verb, a->args, reterr);
        actions_free(list);
        return e;
    }
    if (json_is_integer(json_object_get(step, "ping"))) {
        for (json_int_t i = json_integer_value(json_object_get(step, "ping")); i > 0 && t->h2; i--)
            h2c_ping(t->h2, (const uint8_t[8]){(uint8_t)i}, false);
        return 0;
    }
    if (!c) {
        *reterr = xasprintf(
            "expected open, send, end, reset, await, ping, quiet or do, and a call that is open; not %s",
            name ? name : "this");
        return -EINVAL;
    }
    if (send)
        return talk_call_send(c, json_object_get(send, "message"), reterr);
    if (c->stream && json_object_get(step, "end"))
        h2c_end(c->stream);
    else if (c->stream)
        h2c_rst(c->stream, CANCEL);
    return 0;
}

static int64_t ms_of(const json_t *duration, int64_t missing)
{
    int64_t ms = missing;

    if (json_is_string(duration))
        (void)duration_parse(json_string_value(duration), &ms);
    return ms;
}

/* false: the step is being waited for. */
static bool step_take(struct talk *t, const json_t *step)
{
    const json_t *await = json_object_get(step, "await"), *quiet = json_object_get(step, "quiet");
    _cleanup_(freep) char *err = NULL;
    int e;

    if (await && come(t))
        return true;
    if (await) {
        t->waiting = true;
        later(t, in_vain, (uint64_t)ms_of(json_object_get(await, "within"), WITHIN_MS));
        return false;
    }
    if (quiet) {
        t->step++;
        later(t, steps_on, (uint64_t)ms_of(quiet, 1000));
        return false;
    }
    e = json_object_get(step, "open") ? do_open(t, json_object_get(step, "open"), &err)
                                      : do_other(t, step, &err);
    if (e)
        json_array_append_new(talk_part(t, "late"), json_string(err ? err : strerror(-e)));
    return true;
}

static void steps_on(void *arg)
{
    struct talk *t = arg;
    const json_t *step;

    t->timer = timer_free(t->timer);
    t->waiting = false;
    while (!t->over && (step = step_now(t))) {
        if (!step_take(t, step))
            return;
        t->step++;
    }
    finish(t);
}

void talk_go_on(struct talk *t)
{
    later(t, steps_on, 0);
}

/* ---- raw ---- */

static void raw_done(void *arg, const void *p, size_t n, const char *how)
{
    struct talk *t = arg;
    json_t *said = raw_json(p, n, how);

    json_object_clear(t->said);
    json_object_update(t->said, said);
    json_decref(said);
    finish(t);
}

static void raw_start(struct talk *t)
{
    const char *words = text(t->o.spec, "raw");
    uint8_t *bytes = NULL;
    size_t n = 0;
    struct raw_options o = {
        .loop = t->o.loop, .host = t->o.host, .port = t->o.port, .done = raw_done, .arg = t};

    if (words) {
        o.bytes = words;
        o.n = strlen(words);
    } else if (action_bytes(json_object_get(t->o.spec, "raw"), &bytes, &n) == 0) {
        o.bytes = bytes;
        o.n = n;
    }
    t->raw = raw_new(&o);
    free(bytes);
}

struct talk *talk_new(const struct talk_options *o)
{
    struct talk *t = NEW(struct talk);

    t->o = *o;
    t->said = json_pack("{s:{}, s:{s:s}, s:[], s:[]}", "calls", "conn", "end", "open", "order", "late");
    snprintf(t->authority, sizeof(t->authority), "%s:%u", o->host, o->port);
    if (json_object_get(o->spec, "raw"))
        raw_start(t);
    else
        talk_dial(t);
    return t;
}

struct talk *talk_free(struct talk *t)
{
    if (!t)
        return NULL;
    talk_hang_up(t);
    raw_free(t->raw);
    dial_cancel(t->dial);
    timer_free(t->timer);
    for (size_t i = 0; i < t->n_calls; i++)
        buf_done(&t->calls[i].bytes);
    json_decref(t->said);
    free(t);
    return NULL;
}
