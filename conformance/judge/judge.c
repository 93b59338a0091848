/* The judge: wants, orders, schedules and the exit, held against the stream of events. */
#include "conformance/judge/judge.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "conformance/judge/judge_order.h"
#include "conformance/judge/judge_want.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/script/match.h"

enum { OUTPUT_KEPT = 256 * 1024, WITHIN_DEFAULT_MS = 20000 };

struct judge {
    json_t *expect, *healthy;
    const char *who; /* under test; NULL: anybody */
    struct want *wants; /* owned array */
    size_t n_wants;
    struct order order;
    struct schedule *schedules; /* owned array */
    size_t n_schedules;
    int64_t lasts_ms, within_ms;
    json_t *exit;      /* borrowed from expect: what its end must be, or NULL */
    struct buf output; /* raw lines, for exit.output */
    json_t *last_line; /* the last one, for reports */
    json_t *ended;     /* the event sut.exit */
    bool leaked;       /* it printed a secret */
    bool ended_by_itself;
    bool stopped;      /* a step has ended it, and none has started it again */
    bool ending;
};

static int wants_add(struct judge *j, enum want_kind kind, json_t *list, char **reterr)
{
    size_t i;
    json_t *item;

    if (list && !json_is_array(list)) {
        *reterr = xasprintf("expect.%s: must be a list", want_kind_name(kind));
        return -EINVAL;
    }
    json_array_foreach(list, i, item)
    {
        enum want_kind k = kind == NEVER_EVENT && json_object_get(item, "log") ? NEVER_LOG : kind;
        int e;
        j->wants = xrealloc(j->wants, (j->n_wants + 1) * sizeof(*j->wants));
        e = want_init(&j->wants[j->n_wants++], k, item, j->who, reterr);
        if (e < 0)
            return e;
    }
    return 0;
}

static int wants_from(struct judge *j, const json_t *from, char **reterr)
{
    int e = wants_add(j, WANT_LOG, json_object_get(from, "log"), reterr);

    if (!e)
        e = wants_add(j, WANT_WIRE, json_object_get(from, "wire"), reterr);
    return e ? e : wants_add(j, NEVER_EVENT, json_object_get(from, "never"), reterr);
}

static int schedules_from(struct judge *j, json_t *value, char **reterr)
{
    json_t *one = json_is_object(value) ? json_pack("[O]", value) : json_incref(value), *item;
    size_t i;
    int e = 0;

    json_array_foreach(one, i, item)
    {
        j->schedules = xrealloc(j->schedules, (j->n_schedules + 1) * sizeof(*j->schedules));
        e = schedule_init(&j->schedules[j->n_schedules++], item, j->who, reterr);
        if (e < 0)
            break;
    }
    json_decref(one);
    return e;
}

static int duration_of(const json_t *v, int64_t *ret, char **reterr)
{
    if (!v)
        return 0;
    if (json_is_number(v)) {
        *ret = (int64_t)(json_number_value(v) * 1000);
        return 0;
    }
    if (json_is_string(v) && duration_parse(json_string_value(v), ret) == 0)
        return 0;
    *reterr = xstrdup("expect: a duration is like 15s or 250ms");
    return -EINVAL;
}

static bool wants_nothing(const struct judge *j)
{
    for (size_t i = 0; i < j->n_wants; i++)
        if (j->wants[i].at_least > 0)
            return false;
    return !j->n_schedules && !j->order.n && !j->exit;
}

static int judge_read(struct judge *j, char **reterr)
{
    int e = wants_from(j, j->expect, reterr);

    if (!e && json_is_true(json_object_get(j->expect, "healthy")))
        e = wants_from(j, j->healthy, reterr);
    if (!e)
        e = order_init(&j->order, json_object_get(j->expect, "order"), j->who, reterr);
    if (!e)
        e = schedules_from(j, json_object_get(j->expect, "schedule"), reterr);
    j->exit = json_object_get(j->expect, "exit");
    j->within_ms = WITHIN_DEFAULT_MS;
    if (!e)
        e = duration_of(json_object_get(j->expect, "within"), &j->within_ms, reterr);
    if (!e)
        e = duration_of(json_object_get(j->expect, "lasts"), &j->lasts_ms, reterr);
    /* Nothing to wait for would be met before anything could go wrong. */
    if (!e && !j->lasts_ms && wants_nothing(j))
        j->lasts_ms = j->within_ms;
    if (j->lasts_ms > j->within_ms)
        j->within_ms = j->lasts_ms;
    return e;
}

struct judge *judge_new(json_t *expect, json_t *healthy, const char *who, char **reterr)
{
    struct judge *j = NEW(struct judge);

    j->who = who;
    j->expect = json_incref(expect);
    j->healthy = json_incref(healthy);
    if (judge_read(j, reterr) < 0)
        return judge_free(j);
    return j;
}

struct judge *judge_free(struct judge *j)
{
    if (!j)
        return NULL;
    for (size_t i = 0; i < j->n_wants; i++)
        want_done(&j->wants[i]);
    for (size_t i = 0; i < j->n_schedules; i++)
        schedule_done(&j->schedules[i]);
    order_done(&j->order);
    free(j->wants);
    free(j->schedules);
    buf_done(&j->output);
    json_decref(j->last_line);
    json_decref(j->ended);
    json_decref(j->expect);
    json_decref(j->healthy);
    free(j);
    return NULL;
}

static void output_keep(struct judge *j, const json_t *event)
{
    const char *raw = json_string_value(json_object_get(event, "raw"));

    if (!raw)
        return;
    json_decref(j->last_line);
    j->last_line = json_string(raw);
    buf_add(&j->output, raw, strlen(raw));
    buf_add(&j->output, "\n", 1);
    if (buf_len(&j->output) > OUTPUT_KEPT)
        buf_consume(&j->output, buf_len(&j->output) - OUTPUT_KEPT);
}

void judge_event(struct judge *j, const json_t *event)
{
    const char *name = json_string_value(json_object_get(event, "event"));

    if (!name)
        return;
    if (strcmp(name, "log.line") == 0 && is_of(event, j->who))
        output_keep(j, event);
    if (strcmp(name, "sut.start") == 0)
        j->stopped = false;
    if (strcmp(name, "sut.stopped") == 0 || strcmp(name, "sut.ended") == 0 || strcmp(name, "sut.waits") == 0)
        j->stopped = true;
    if (strcmp(name, "sut.leaked") == 0)
        j->leaked = true;
    if (strcmp(name, "sut.exit") == 0 && !j->ended) {
        j->ended = json_incref((json_t *)event);
        j->ended_by_itself = !j->ending;
    }
    if (j->ending)
        return;
    for (size_t i = 0; i < j->n_wants; i++)
        want_event(&j->wants[i], event);
    order_event(&j->order, event);
    for (size_t i = 0; i < j->n_schedules; i++)
        schedule_event(&j->schedules[i], event);
}

/* What its end must be. NULL: as it must; else a new string that says what is wrong. */
static char *exit_wrong(const struct judge *j)
{
    int code = (int)json_integer_value(json_object_get(j->ended, "code"));
    int signum = (int)json_integer_value(json_object_get(j->ended, "signal"));
    const char *last = j->last_line ? json_string_value(j->last_line) : "nothing";
    json_t *want_code = json_object_get(j->exit, "code"), *want_output = json_object_get(j->exit, "output");
    json_t *value;
    char *why = NULL, *wrong;

    if (!j->ended && j->stopped && !j->exit)
        return NULL;
    if (!j->ended)
        return xstrdup(j->exit ? "it did not end by itself" : "it did not end when told to");
    if (j->exit && !j->ended_by_itself)
        return xstrdup("it did not end by itself");
    if (!j->exit && !j->ended_by_itself && signum == SIGKILL)
        return NULL; /* that we had to kill it is a note of the verdict; lifecycle/sigterm judges it */
    if (!j->exit && j->ended_by_itself)
        return signum ? xasprintf("it was killed by signal %d; its last line: %s", signum, last)
                      : xasprintf("it ended by itself with exit code %d; its last line: %s", code, last);
    if (signum)
        return xasprintf("it was killed by signal %d", signum);
    value = json_integer(code);
    if (want_code ? !match(want_code, value, &why) : !j->exit && code) {
        wrong = xasprintf("its exit code was %d; its last line: %s", code, last);
        free(why);
        json_decref(value);
        return wrong;
    }
    json_decref(value);
    if (!want_output)
        return NULL;
    value = json_stringn((const char *)buf_data(&j->output), buf_len(&j->output));
    wrong = value && match(want_output, value, &why)
                ? NULL
                : xasprintf("what it printed does not fit; its last line: %s", last);
    free(why);
    json_decref(value);
    return wrong;
}

static bool all_met(const struct judge *j)
{
    for (size_t i = 0; i < j->n_wants; i++)
        if (!want_met(&j->wants[i]))
            return false;
    for (size_t i = 0; i < j->n_schedules; i++)
        if (!schedule_met(&j->schedules[i]))
            return false;
    return order_met(&j->order) && (!j->exit || j->ended);
}

enum judge_state judge_state(const struct judge *j)
{
    for (size_t i = 0; i < j->n_wants; i++)
        if (want_lost(&j->wants[i]))
            return JUDGE_LOST;
    for (size_t i = 0; i < j->n_schedules; i++)
        if (schedule_lost(&j->schedules[i]))
            return JUDGE_LOST;
    if (j->ended && !all_met(j))
        return JUDGE_LOST;
    if (j->ended && j->ended_by_itself) {
        _cleanup_(freep) char *wrong = exit_wrong(j);
        if (wrong)
            return JUDGE_LOST;
    }
    return all_met(j) ? JUDGE_MET : JUDGE_OPEN;
}

int64_t judge_lasts_ms(const struct judge *j)
{
    return j->lasts_ms;
}

int64_t judge_within_ms(const struct judge *j)
{
    return j->within_ms;
}

void judge_ending(struct judge *j)
{
    j->ending = true;
}

static char *reason_of(const json_t *unmet, size_t n)
{
    const char *what = json_string_value(json_object_get(unmet, "what"));
    const char *why = json_string_value(json_object_get(unmet, "why"));
    _cleanup_(freep) char *expected =
        json_dumps(json_object_get(unmet, "expected"), JSON_COMPACT | JSON_ENCODE_ANY);
    _cleanup_(freep) char *more = n > 1 ? xasprintf(" (and %zu more)", n - 1) : xstrdup("");
    json_int_t seen = json_integer_value(json_object_get(unmet, "seen"));

    if (strcmp(what, "exit") == 0)
        return xasprintf("exit: %s%s", why, more);
    if (strcmp(what, "never") == 0)
        return xasprintf("seen, but must never be: %s%s", expected ? expected : "", more);
    if (strcmp(what, "schedule") == 0 || strcmp(what, "order") == 0)
        return xasprintf("%s: %s%s", what, why, more);
    if (json_object_get(unmet, "at_least") || json_object_get(unmet, "at_most"))
        return xasprintf("%s: seen %lld times: %s%s", what, (long long)seen, expected ? expected : "", more);
    return xasprintf("%s: not seen: %s%s%s%s", what, expected ? expected : "", why ? "; nearest: " : "",
                     why ? why : "", more);
}

json_t *judge_verdict(const struct judge *j)
{
    json_t *unmet = json_array(), *verdict;
    _cleanup_(freep) char *wrong = exit_wrong(j), *reason = NULL;

    for (size_t i = 0; i < j->n_wants; i++)
        if (!want_met(&j->wants[i]))
            json_array_append_new(unmet, want_unmet(&j->wants[i]));
    if (!order_met(&j->order))
        json_array_append_new(unmet, order_unmet(&j->order));
    for (size_t i = 0; i < j->n_schedules; i++)
        if (!schedule_met(&j->schedules[i]))
            json_array_append_new(unmet, schedule_unmet(&j->schedules[i]));
    if (wrong)
        json_array_append_new(
            unmet, json_pack("{s:s,s:O?,s:s}", "what", "exit", "expected", j->exit, "why", wrong));
    if (j->leaked)
        json_array_append_new(unmet, json_pack("{s:s,s:s,s:s}", "what", "never", "expected",
                                               "a secret in what it prints", "why", "it printed its token"));
    if (json_array_size(unmet))
        reason = reason_of(json_array_get(unmet, 0), json_array_size(unmet));
    verdict = json_pack("{s:b,s:s,s:o}", "pass", json_array_size(unmet) == 0, "reason", reason ? reason : "",
                        "unmet", unmet);
    if (!j->exit && !j->ended_by_itself &&
        json_integer_value(json_object_get(j->ended, "signal")) == SIGKILL)
        json_object_set_new(verdict, "note", json_string("it did not end when told to, and was killed"));
    return verdict;
}
