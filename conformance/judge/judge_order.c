/* Order: each pattern is looked for after the one before it was seen. Schedule: gaps between arrivals. */
#include "conformance/judge/judge_order.h"

#include <errno.h>
#include <string.h>

#include "conformance/judge/judge_want.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/script/match.h"

/* {log: {…}} is short for an event log.line with that line, of the component under test unless it says `who`. */
static bool fits(const json_t *pattern, const json_t *event, const char *who)
{
    const json_t *log = json_object_get(pattern, "log");
    const char *name = json_string_value(json_object_get(event, "event"));
    const char *said = json_string_value(json_object_get(pattern, "who"));

    if (log)
        return name && strcmp(name, "log.line") == 0 && is_of(event, said ? said : who) &&
               match(log, json_object_get(event, "line"), NULL);
    return match(pattern, event, NULL);
}

int order_init(struct order *o, json_t *list, const char *who, char **reterr)
{
    json_t *item;
    size_t i;

    *o = (struct order){.who = who};
    if (!list)
        return 0;
    if (!json_is_array(list)) {
        *reterr = xstrdup("expect.order: must be a list");
        return -EINVAL;
    }
    json_array_foreach(list, i, item)
    {
        int e = match_check(item, reterr);
        if (e < 0)
            return e;
    }
    o->list = json_incref(list);
    o->n = json_array_size(list);
    return 0;
}

void order_done(struct order *o)
{
    json_decref(o->list);
}

void order_event(struct order *o, const json_t *event)
{
    if (o->at < o->n && fits(json_array_get(o->list, o->at), event, o->who))
        o->at++;
}

bool order_met(const struct order *o)
{
    return o->at == o->n;
}

json_t *order_unmet(const struct order *o)
{
    _cleanup_(freep) char *item = json_dumps(json_array_get(o->list, o->at), JSON_COMPACT | JSON_ENCODE_ANY);
    _cleanup_(freep) char *why =
        xasprintf("%zu of %zu seen in order; not seen after that: %s", o->at, o->n, item ? item : "");

    return json_pack("{s:s,s:O,s:I,s:s}", "what", "order", "expected", o->list, "seen", (json_int_t)o->at,
                     "why", why);
}

static int bound_read(const json_t *v, int64_t *ret)
{
    if (json_is_number(v)) {
        *ret = (int64_t)(json_number_value(v) * 1000);
        return 0;
    }
    return json_is_string(v) ? duration_parse(json_string_value(v), ret) : -EINVAL;
}

int schedule_init(struct schedule *s, json_t *item, const char *who, char **reterr)
{
    json_t *gaps = json_object_get(item, "gaps"), *of = json_object_get(item, "of"), *gap;
    size_t i;

    *s = (struct schedule){.from = 1, .who = who};
    s->item = json_incref(item);
    s->of = json_incref(of);
    if (json_object_get(item, "from"))
        s->from = (size_t)json_integer_value(json_object_get(item, "from"));
    if (!json_is_object(of) || !json_array_size(gaps) || s->from < 1) {
        *reterr = xstrdup("expect.schedule: needs `of: {…}` and `gaps: [[min, max], …]`");
        return -EINVAL;
    }
    s->n_gaps = json_array_size(gaps);
    s->gaps = xcalloc(s->n_gaps, sizeof(*s->gaps));
    s->measured_s = xcalloc(s->n_gaps, sizeof(*s->measured_s));
    json_array_foreach(gaps, i, gap)
    {
        if (bound_read(json_array_get(gap, 0), &s->gaps[i].min_ms) < 0 ||
            bound_read(json_array_get(gap, 1), &s->gaps[i].max_ms) < 0) {
            *reterr = xstrdup("expect.schedule.gaps: each is [min, max], seconds or durations like 1.5s");
            return -EINVAL;
        }
    }
    return match_check(of, reterr);
}

void schedule_done(struct schedule *s)
{
    json_decref(s->item);
    json_decref(s->of);
    free(s->gaps);
    free(s->measured_s);
}

void schedule_event(struct schedule *s, const json_t *event)
{
    int64_t now = json_integer_value(json_object_get(event, "t"));

    if (!fits(s->of, event, s->who))
        return;
    s->seen++;
    if (s->seen > s->from && s->n_measured < s->n_gaps) {
        const struct gap *g = &s->gaps[s->n_measured];
        int64_t us = (now - s->last_ns) / 1000;
        if (us < g->min_ms * 1000 || us > g->max_ms * 1000)
            s->wrong = true;
        s->measured_s[s->n_measured++] = (double)us / 1e6;
    }
    s->last_ns = now;
}

bool schedule_met(const struct schedule *s)
{
    return !s->wrong && s->n_measured == s->n_gaps;
}

bool schedule_lost(const struct schedule *s)
{
    return s->wrong;
}

json_t *schedule_unmet(const struct schedule *s)
{
    struct buf text = BUF_NULL;
    json_t *u;

    buf_addf(&text, "%zu seen; gaps", s->seen);
    for (size_t i = 0; i < s->n_gaps; i++) {
        if (i < s->n_measured)
            buf_addf(&text, " %.3fs", s->measured_s[i]);
        else
            buf_addf(&text, " (none)");
        buf_addf(&text, " [%.3fs, %.3fs]", (double)s->gaps[i].min_ms / 1000,
                 (double)s->gaps[i].max_ms / 1000);
    }
    buf_add(&text, "", 1);
    u = json_pack("{s:s,s:O,s:I,s:s}", "what", "schedule", "expected", s->item, "seen", (json_int_t)s->seen,
                  "why", (const char *)buf_data(&text));
    buf_done(&text);
    return u;
}
