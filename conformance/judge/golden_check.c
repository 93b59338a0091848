/* A run held against its golden log. What differs by chance within the component is no difference: what its
 * neighbours say (golden_book.h), and what its profile says (races.h). */
#include <errno.h>
#include <string.h>

#include "conformance/judge/golden.h"
#include "conformance/judge/races.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

/* One row's golden log, the run that is held against it, and what its neighbours say. */
struct comparison {
    const struct row *row;
    char *version; /* "agentk-14.7" */
    struct golden_book *book;
    struct races *races;
    const json_t *golden;
    const struct golden_seen *run;
    struct buf report;
    char *first; /* the first difference */
    size_t wrong;
};

static bool contains(const struct comparison *c, const json_t *list, const json_t *line)
{
    json_t *one;
    size_t i;

    json_array_foreach((json_t *)list, i, one) if (races_same(c->races, one, line)) return true;
    return false;
}

static void differs(struct comparison *c, const char *sign, const char *what, const json_t *line)
{
    _cleanup_(freep) char *text = json_dumps(line, JSON_COMPACT);

    if (!c->wrong++)
        c->first = xasprintf("%s: %s", what, text ? text : "");
    buf_addf(&c->report, "  %s %s\n", sign, text ? text : "");
}

/* What the run printed and nobody has seen, and what is always there and the run did not print. */
static void compare(struct comparison *c)
{
    json_t *known = json_array(), *entry, *line;
    size_t i;

    json_array_foreach((json_t *)c->golden, i, entry)
        json_array_append(known, json_object_get(entry, "line"));
    json_array_foreach(c->run->before, i, line)
    {
        _cleanup_(freep) char *key = golden_key(line);
        if (!contains(c, known, line) &&
            !golden_book_knows(c->book, c->version, scenario_id(c->row->scenario), key))
            differs(c, "+", "not in the golden log", line);
    }
    json_array_foreach((json_t *)c->golden, i, entry)
    {
        const char *seen = json_string_value(json_object_get(entry, "seen"));
        _cleanup_(freep) char *key = NULL;
        line = json_object_get(entry, "line");
        key = golden_key(line);
        if (seen && strcmp(seen, "always") == 0 && !contains(c, c->run->all, line) &&
            !golden_book_sometimes(c->book, c->version, key))
            differs(c, "-", "always in the golden log, not in this one", line);
    }
    json_decref(known);
}

static int side_check(const struct row *r, enum golden_side side, const char *fixtures, struct golden_book *book,
                      char **ret_reason, char **ret_report)
{
    const struct component *printed = side == GOLDEN_OWN ? r->component : r->agent;
    _cleanup_(freep) char *path = golden_path(r, side, fixtures), *events = xasprintf("%s/events.jsonl", r->dir);
    _cleanup_(freep) char *profile_err = NULL;
    struct comparison c = {.row = r, .book = book};
    struct golden_seen run = {0};
    json_t *golden = golden_read(path, &c.first);
    int e = 0;

    if (!golden)
        return 0;
    c.version = xasprintf("%s-%s%s", r->component->kind, r->component->version,
                          side == GOLDEN_BESIDE ? GOLDEN_BESIDE_SUFFIX : "");
    c.golden = golden;
    c.run = &run;
    c.races = races_new(json_object_get(printed->profile, "races"), &profile_err);
    if (!c.races && !c.first)
        c.first = xasprintf("profile %s: %s", printed->kind, profile_err);
    if (!c.first && golden_seen_read(&run, events, golden_who(r, side), golden_ours(r, side)) < 0)
        c.first = xasprintf("%s: cannot be read", events);
    if (!c.first) {
        buf_addf(&c.report, "  golden log (%s):\n", path);
        compare(&c);
        buf_addf(&c.report, "  cure: if this is right, `conform record %s%s%s` with the same --sut\n",
                 scenario_id(r->scenario), r->cure ? "@" : "", r->cure ? r->cure : "");
    }
    if (c.first) {
        *ret_reason = xasprintf("golden log: %s%s", c.first, c.wrong > 1 ? " (and more)" : "");
        *ret_report =
            buf_len(&c.report) ? xstrndup((const char *)buf_data(&c.report), buf_len(&c.report)) : NULL;
        e = -EINVAL;
    }
    json_decref(golden);
    golden_seen_done(&run);
    races_free(c.races);
    buf_done(&c.report);
    free(c.version);
    free(c.first);
    return e;
}

int golden_check(const struct row *r, const char *fixtures, struct golden_book *book, char **ret_reason,
                 char **ret_report)
{
    int e = 0;

    for (enum golden_side side = GOLDEN_OWN; side < GOLDEN_SIDES && !e; side++)
        if (golden_has(r, side))
            e = side_check(r, side, fixtures, book, ret_reason, ret_report);
    return e;
}
