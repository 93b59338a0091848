/* Golden logs: reading, writing, merging runs. Kept line by line in the order of
 * their names, so that differences between versions read well. */
#include "conformance/judge/golden.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conformance/judge/judge_want.h"
#include "conformance/judge/normalise.h"
#include "conformance/process/rootfs.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/script/match.h"

enum { SURE_NS = 100 * 1000 * 1000 }; /* so long before its end */

bool golden_has(const struct row *r, enum golden_side side)
{
    const char *build = json_string_value(json_object_get(json_object_get(r->spec, "agent"), "build"));

    return side == GOLDEN_OWN || (r->agent && r->agent->real && build && strcmp(build, "real") == 0);
}

char *golden_path(const struct row *r, enum golden_side side, const char *fixtures)
{
    return xasprintf("%s/golden/%s-%s/%s/%s%s%s%s.jsonl", fixtures, r->component->kind, r->component->version,
                     scenario_id(r->scenario), r->transport, r->cure ? "@" : "", r->cure ? r->cure : "",
                     side == GOLDEN_BESIDE ? GOLDEN_BESIDE_SUFFIX : "");
}

const char *golden_who(const struct row *r, enum golden_side side)
{
    return side == GOLDEN_OWN && strcmp(r->component->kind, "kas") == 0 ? "kas" : "agent";
}

const json_t *golden_ours(const struct row *r, enum golden_side side)
{
    return json_object_get((side == GOLDEN_OWN ? r->component : r->agent)->profile, "ours");
}

static bool contains(const json_t *list, const json_t *value)
{
    json_t *one;
    size_t i;

    json_array_foreach((json_t *)list, i, one) if (json_equal(one, (json_t *)value)) return true;
    return false;
}

static void add_once(json_t *list, json_t *line)
{
    if (!contains(list, line))
        json_array_append(list, line);
}

/* What is known of one distinct line. */
struct sight {
    json_t *line;        /* owned */
    json_int_t first_ns; /* when it was first printed */
};

struct reading {
    struct sight *sights; /* owned, in order of first sight */
    size_t n;
    json_t *index;                 /* text -> true: an agent may print thousands of the same */
    json_int_t judged_ns, exit_ns; /* 0: not yet */
    const char *who;               /* whose lines; NULL: anybody's */
    const json_t *ours;            /* patterns of lines that are left out */
};

static void line_seen(struct reading *r, const struct normaliser *n, const json_t *event)
{
    json_t *line = normalise(n, json_object_get(event, "line"));
    _cleanup_(freep) char *text = json_dumps(line, JSON_COMPACT | JSON_SORT_KEYS);

    if (!text || json_object_get(r->index, text)) {
        json_decref(line);
        return;
    }
    json_object_set_new(r->index, text, json_true());
    r->sights = xrealloc(r->sights, (r->n + 1) * sizeof(*r->sights));
    r->sights[r->n++] = (struct sight){line, json_integer_value(json_object_get(event, "t"))};
}

/* A line that the harness itself brought about, by asking too early: how often it does is chance. */
static bool is_ours(const struct reading *r, const json_t *event)
{
    const json_t *pattern;
    size_t i;

    json_array_foreach((json_t *)r->ours, i, pattern) if (match(pattern, json_object_get(event, "line"), NULL)) return true;
    return false;
}

static void event_seen(struct reading *r, const struct normaliser *n, const json_t *event)
{
    const char *name = json_string_value(json_object_get(event, "event"));
    json_int_t t = json_integer_value(json_object_get(event, "t"));

    if (!name)
        return;
    if (strcmp(name, "log.line") == 0 && is_of(event, r->who) && !is_ours(r, event))
        line_seen(r, n, event);
    else if (strcmp(name, "world.judged") == 0 && !r->judged_ns)
        r->judged_ns = t;
    else if (strcmp(name, "sut.exit") == 0 && !r->exit_ns)
        r->exit_ns = t;
}

static void sights_sort_out(struct golden_seen *s, const struct reading *r)
{
    bool by_itself = r->exit_ns && (!r->judged_ns || r->exit_ns <= r->judged_ns);

    for (size_t i = 0; i < r->n; i++) {
        json_int_t left = r->judged_ns - r->sights[i].first_ns;
        bool before = by_itself || !r->judged_ns || left > 0;
        json_array_append(s->all, r->sights[i].line);
        if (before)
            json_array_append(s->before, r->sights[i].line);
        if (before && (by_itself || !r->judged_ns || left > SURE_NS))
            json_array_append(s->sure, r->sights[i].line);
    }
}

int golden_seen_read(struct golden_seen *s, const char *events_path, const char *who, const json_t *ours)
{
    struct reading r = {.who = who, .ours = ours};
    struct normaliser *n;
    FILE *f = fopen(events_path, "re");
    char *text = NULL;
    size_t cap = 0;

    if (!f)
        return -errno;
    *s = (struct golden_seen){.all = json_array(), .before = json_array(), .sure = json_array()};
    n = normaliser_new();
    r.index = json_object();
    while (getline(&text, &cap, f) > 0) {
        json_t *event = json_loads(text, 0, NULL); /* a line cut short is none */
        event_seen(&r, n, event);
        json_decref(event);
    }
    sights_sort_out(s, &r);
    for (size_t i = 0; i < r.n; i++)
        json_decref(r.sights[i].line);
    free(r.sights);
    json_decref(r.index);
    normaliser_free(n);
    free(text);
    fclose(f);
    return 0;
}

void golden_seen_done(struct golden_seen *s)
{
    json_decref(s->all);
    json_decref(s->before);
    json_decref(s->sure);
    *s = (struct golden_seen){0};
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

json_t *golden_merge(const struct golden_seen *runs, size_t n)
{
    json_t *entries = json_array(), *lines = json_array(), *line;
    size_t k;

    for (size_t i = 0; i < n; i++)
        json_array_foreach(runs[i].before, k, line) add_once(lines, line);
    json_array_foreach(lines, k, line)
    {
        bool always = true;
        for (size_t i = 0; i < n; i++)
            always = always && contains(runs[i].sure, line);
        json_array_append_new(entries,
                              json_pack("{s:s,s:O}", "seen", always ? "always" : "sometimes", "line", line));
    }
    json_decref(lines);
    return entries;
}

static json_t *entry_of(const json_t *entries, const json_t *line)
{
    json_t *entry;
    size_t i;

    json_array_foreach((json_t *)entries, i,
                       entry) if (json_equal(json_object_get(entry, "line"), (json_t *)line)) return entry;
    return NULL;
}

static bool is_always(const json_t *entry)
{
    const char *seen = json_string_value(json_object_get(entry, "seen"));

    return seen && strcmp(seen, "always") == 0;
}

void golden_add(json_t *entries, const json_t *old)
{
    json_t *entry;
    size_t i;

    json_array_foreach(entries, i, entry) if (!is_always(entry_of(old, json_object_get(entry, "line"))))
        json_object_set_new(entry, "seen", json_string("sometimes"));
    json_array_foreach((json_t *)old, i, entry) if (!entry_of(entries, json_object_get(entry, "line")))
        json_array_append_new(
            entries, json_pack("{s:s,s:O}", "seen", "sometimes", "line", json_object_get(entry, "line")));
}

void golden_keep_sometimes(json_t *entries, const json_t *old)
{
    json_t *known = json_array(), *entry;
    size_t i;

    json_array_foreach(entries, i, entry) json_array_append(known, json_object_get(entry, "line"));
    json_array_foreach((json_t *)old, i, entry)
    {
        const char *seen = json_string_value(json_object_get(entry, "seen"));
        if (seen && strcmp(seen, "sometimes") == 0 && !contains(known, json_object_get(entry, "line")))
            json_array_append(entries, entry);
    }
    json_decref(known);
}

json_t *golden_read(const char *path, char **reterr)
{
    FILE *f = fopen(path, "re");
    json_t *entries = json_array();
    char *text = NULL;
    size_t cap = 0;
    int number = 0;

    if (!f) {
        json_decref(entries);
        return NULL;
    }
    while (getline(&text, &cap, f) > 0) {
        json_t *entry = json_loads(text, 0, NULL);
        number++;
        if (!json_is_object(json_object_get(entry, "line")) ||
            !json_is_string(json_object_get(entry, "seen"))) {
            json_decref(entry);
            if (!*reterr)
                *reterr = xasprintf("%s:%d: expected {\"seen\": …, \"line\": {…}}", path, number);
            continue;
        }
        json_array_append_new(entries, entry);
    }
    free(text);
    fclose(f);
    return entries;
}

/* One line of text for each entry, sorted. */
static char **texts(const json_t *entries, size_t *ret_n)
{
    size_t i, n = json_array_size(entries);
    char **list = xcalloc(n + 1, sizeof(char *));
    json_t *entry;

    json_array_foreach((json_t *)entries, i, entry) list[i] = json_dumps(entry, JSON_COMPACT);
    qsort(list, n, sizeof(char *), by_text);
    *ret_n = n;
    return list;
}

static void texts_free(char **list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(list[i]);
    free(list);
}

int golden_write(const char *path, const json_t *entries)
{
    struct buf b = BUF_NULL;
    size_t n;
    char **list = texts(entries, &n);
    int e;

    for (size_t i = 0; i < n; i++)
        buf_addf(&b, "%s\n", list[i]);
    e = file_write(path, buf_data(&b), buf_len(&b), 0644);
    texts_free(list, n);
    buf_done(&b);
    return e;
}

char *golden_difference(const json_t *old, const json_t *new)
{
    struct buf b = BUF_NULL;
    size_t n, m, i = 0, k = 0;
    char **a = texts(old, &n), **c = texts(new, &m), *text;

    while (i < n || k < m) {
        int order = i == n ? 1 : k == m ? -1 : strcmp(a[i], c[k]);
        if (order < 0)
            buf_addf(&b, "- %s\n", a[i++]);
        else if (order > 0)
            buf_addf(&b, "+ %s\n", c[k++]);
        else
            i++, k++;
    }
    texts_free(a, n);
    texts_free(c, m);
    text = buf_len(&b) ? xstrndup((const char *)buf_data(&b), buf_len(&b)) : NULL;
    buf_done(&b);
    return text;
}
