/* One expectation: a pattern, how often it must be seen, and what came nearest to it. */
#include "conformance/judge/judge_want.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/script/match.h"

static const char *const kind_names[] = {
    [WANT_LOG] = "log", [WANT_WIRE] = "wire", [NEVER_LOG] = "never", [NEVER_EVENT] = "never"};

const char *want_kind_name(enum want_kind kind)
{
    return kind_names[kind];
}

/* `count` is ours if it is a number or holds nothing but bounds; a log line may have a field of that name.
 */
static bool is_our_count(const json_t *count)
{
    size_t bounds =
        (json_object_get(count, "at_least") ? 1 : 0) + (json_object_get(count, "at_most") ? 1 : 0);

    return json_is_integer(count) || (json_is_object(count) && bounds && bounds == json_object_size(count));
}

static void count_read(struct want *w, const json_t *count)
{
    const json_t *least = json_object_get(count, "at_least"), *most = json_object_get(count, "at_most");

    if (json_is_integer(count)) {
        w->at_least = w->at_most = json_integer_value(count);
        return;
    }
    if (least)
        w->at_least = json_integer_value(least);
    else if (most)
        w->at_least = 0;
    if (most)
        w->at_most = json_integer_value(most);
}

bool is_of(const json_t *event, const char *who)
{
    const char *own = json_string_value(json_object_get(event, "who"));

    return !who || (own && strcmp(own, who) == 0);
}

int want_init(struct want *w, enum want_kind kind, json_t *item, const char *sut, char **reterr)
{
    static const char *const ours[] = {"versions", "transports", "exactly"};
    const char *said = json_string_value(json_object_get(item, "who"));
    json_t *pattern = kind == NEVER_LOG ? json_object_get(item, "log") : item;

    *w = (struct want){.kind = kind, .at_least = 1, .at_most = INT64_MAX, .nearness = -1};
    if (!json_is_object(pattern)) {
        *reterr = xasprintf("expect.%s: an item must be an object", want_kind_name(kind));
        return -EINVAL;
    }
    w->item = json_incref(item);
    w->pattern = json_copy(pattern);
    w->who = said ? said : sut;
    if (kind == WANT_LOG)
        json_object_del(w->pattern, "who");
    if (kind == NEVER_LOG || kind == NEVER_EVENT) {
        w->at_least = 0;
        w->at_most = 0;
    }
    if (is_our_count(json_object_get(pattern, "count"))) {
        count_read(w, json_object_get(pattern, "count"));
        json_object_del(w->pattern, "count");
    }
    w->exactly = json_string_value(json_object_get(pattern, "exactly"));
    for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
        json_object_del(w->pattern, ours[i]);
    w->event = json_string_value(json_object_get(w->pattern, "event"));
    return match_check(w->pattern, reterr);
}

void want_done(struct want *w)
{
    json_decref(w->item);
    json_decref(w->pattern);
    json_decref(w->nearest);
}

/* The place of the time's value in a line, or NULL. */
static const char *time_value(const char *line, size_t *ret_len)
{
    static const char key[] = "\"time\":\"";
    const char *at = strstr(line, key), *end;

    if (!at)
        return NULL;
    at += sizeof(key) - 1;
    end = strchr(at, '"');
    if (!end)
        return NULL;
    *ret_len = (size_t)(end - at);
    return at;
}

bool line_equal_but_time(const char *expected, const char *raw)
{
    size_t elen = 0, rlen = 0;
    const char *e = time_value(expected, &elen), *r = time_value(raw, &rlen);

    if (!e || !r)
        return strcmp(expected, raw) == 0;
    return e - expected == r - raw && memcmp(expected, raw, (size_t)(e - expected)) == 0 &&
           strcmp(e + elen, r + rlen) == 0;
}

static bool is_log_line(const json_t *event)
{
    const char *name = json_string_value(json_object_get(event, "event"));

    return name && strcmp(name, "log.line") == 0;
}

static double exact_nearness(const char *expected, const char *raw)
{
    size_t same = 0, longest = strlen(expected) > strlen(raw) ? strlen(expected) : strlen(raw);

    while (expected[same] && expected[same] == raw[same])
        same++;
    return longest ? (double)same / (double)longest : 0;
}

static void keep_nearest(struct want *w, json_t *value, double nearness)
{
    if (nearness <= w->nearness)
        return;
    json_decref(w->nearest);
    w->nearest = json_incref(value);
    w->nearness = nearness;
}

static void log_line(struct want *w, const json_t *event)
{
    json_t *line = json_object_get(event, "line"), *raw = json_object_get(event, "raw");
    const char *text = json_string_value(raw);
    bool fits = match(w->pattern, line, NULL);

    if (fits && w->exactly)
        fits = text && line_equal_but_time(w->exactly, text);
    if (fits) {
        w->seen++;
        if (w->seen > w->at_most)
            keep_nearest(w, line, 2);
    } else if (w->seen < w->at_least) {
        if (w->exactly)
            keep_nearest(w, raw, text ? exact_nearness(w->exactly, text) : 0);
        else
            keep_nearest(w, line, match_nearness(w->pattern, line));
    }
}

static void wire_event(struct want *w, const json_t *event)
{
    const char *name = json_string_value(json_object_get(event, "event"));

    if (w->event && (!name || strcmp(name, w->event) != 0))
        return;
    if (match(w->pattern, event, NULL)) {
        w->seen++;
        if (w->seen > w->at_most)
            keep_nearest(w, (json_t *)event, 2);
    } else if (w->seen < w->at_least) {
        keep_nearest(w, (json_t *)event, match_nearness(w->pattern, event));
    }
}

void want_event(struct want *w, const json_t *event)
{
    if (w->kind == WANT_LOG || w->kind == NEVER_LOG) {
        if (is_log_line(event) && is_of(event, w->who))
            log_line(w, event);
    } else {
        wire_event(w, event);
    }
}

bool want_met(const struct want *w)
{
    return w->seen >= w->at_least && w->seen <= w->at_most;
}

bool want_lost(const struct want *w)
{
    return w->seen > w->at_most;
}

json_t *want_unmet(const struct want *w)
{
    _cleanup_(freep) char *why = NULL;
    json_t *u = json_object();

    json_object_set_new(u, "what", json_string(want_kind_name(w->kind)));
    json_object_set(u, "expected", w->item);
    json_object_set_new(u, "seen", json_integer(w->seen));
    if (w->at_least != 1 && w->at_least)
        json_object_set_new(u, "at_least", json_integer(w->at_least));
    if (w->at_most != INT64_MAX)
        json_object_set_new(u, "at_most", json_integer(w->at_most));
    if (w->nearest) {
        json_object_set(u, "nearest", w->nearest);
        if (!want_lost(w) && !w->exactly)
            match(w->pattern, w->nearest, &why);
    }
    if (why)
        json_object_set_new(u, "why", json_string(why));
    return u;
}
