/* Expectations that could never fail, never pass, or never be about this scenario. */
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/script/scenario_impl.h"

struct check {
    const struct yaml_doc *doc;
    const json_t *schema, *expect, *transports;
    struct problems *p;
};

static int64_t milliseconds(const json_t *v, int64_t missing)
{
    int64_t ms = missing;
    if (json_is_string(v))
        (void)duration_parse(json_string_value(v), &ms);
    return ms;
}

/* The least time in which this schedule can have been seen. */
static int64_t least(const json_t *schedule)
{
    int64_t sum = 0;
    size_t i;
    json_t *gap;
    json_array_foreach(json_object_get(schedule, "gaps"), i, gap) {
        int64_t min = milliseconds(json_array_get(gap, 0), 0);
        if (min > 0 && sum < INT64_MAX / 4 && min < INT64_MAX / 4)
            sum += min;
    }
    return sum;
}

static void check_gaps(struct check *c, const json_t *schedule)
{
    const json_t *gaps = json_object_get(schedule, "gaps");
    size_t i;
    json_t *gap;
    json_array_foreach(gaps, i, gap) {
        int64_t min = milliseconds(json_array_get(gap, 0), 0), max = milliseconds(json_array_get(gap, 1), INT64_MAX);
        if (min > max)
            problem_add(c->p, yaml_place(c->doc, gap), "the least of this gap is more than its most; expected "
                        "[min, max]");
    }
}

static void check_schedule(struct check *c, const json_t *schedule)
{
    const json_t *within = json_object_get(c->expect, "within");
    int64_t limit = milliseconds(within, 20000), needs = least(schedule);
    check_gaps(c, schedule);
    if (needs <= limit)
        return;
    struct place at = within ? yaml_member_place(c->doc, c->expect, "within")
                             : yaml_key_place(c->doc, c->expect, "schedule");
    problem_add(c->p, at, "the schedule takes %g s at least and `within` is %g s; expected a longer `within`",
                (double)needs / 1000, (double)limit / 1000);
}

/* What a transport has no layer for can never be seen on it. */
static void check_event(struct check *c, const json_t *pattern, const json_t *transports)
{
    const json_t *name = json_object_get(pattern, "event");
    if (json_is_string(name) && transports)
        scenario_check_layer(c->schema, json_string_value(name), transports,
                             yaml_member_place(c->doc, pattern, "event"), c->p);
}

static void check_list(struct check *c, const char *key)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(c->expect, key), i, item) {
        const json_t *own = json_object_get(item, "transports");
        check_event(c, item, own && c->transports ? own : c->transports);
        for (const char *const *w = (const char *const[]){"versions", "transports", "count", "exactly", "who", NULL}; *w; w++)
            if (json_object_get(item, *w) && json_object_size(item) == 1 && strcmp(*w, "exactly") != 0)
                problem_add(c->p, yaml_place(c->doc, item), "`%s` alone fits everything; expected a pattern beside "
                            "it", *w);
    }
}

static bool has_any(const json_t *expect, const char *const *keys)
{
    for (; *keys; keys++)
        if (json_object_get(expect, *keys))
            return true;
    return false;
}

static void check_whole(struct check *c)
{
    static const char *const seen[] = {"log", "wire", "order", "schedule", "exit", "healthy", "lasts", NULL};
    static const char *const any[] = {"log", "wire", "order", "schedule", "exit", "healthy", "lasts", "never", NULL};
    struct place at = yaml_place(c->doc, c->expect);
    if (!has_any(c->expect, any))
        problem_add(c->p, at, "nothing is expected here; expected one of log, wire, order, never, schedule, exit, "
                    "healthy");
    else if (!has_any(c->expect, seen))
        problem_add(c->p, at, "`never` alone would hold at once; expected `lasts`, or something that must be seen");
}

void scenario_check_expect(const struct yaml_doc *doc, const json_t *schema, const json_t *expect,
                           const json_t *transports, bool whole, struct problems *p)
{
    struct check c = {.doc = doc, .schema = schema, .expect = expect, .transports = transports, .p = p};
    const json_t *schedule = json_object_get(expect, "schedule");
    size_t i;
    json_t *one;
    if (!json_is_object(expect))
        return;
    if (whole)
        check_whole(&c);
    check_list(&c, "log");
    check_list(&c, "wire");
    check_list(&c, "order");
    if (json_is_object(schedule))
        check_schedule(&c, schedule);
    json_array_foreach(schedule, i, one)
        check_schedule(&c, one);
    int64_t lasts = milliseconds(json_object_get(expect, "lasts"), 0);
    if (whole && lasts > milliseconds(json_object_get(expect, "within"), 20000))
        problem_add(p, yaml_member_place(doc, expect, "lasts"), "`lasts` is longer than `within` (default 20s); "
                    "expected a longer `within`");
}
