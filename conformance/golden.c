/* Golden logs: reading, writing, merging runs, holding a run against them. Kept line by line in the order of their
 * names, so that differences between versions read well. */
#include "conformance/golden.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conformance/normalise.h"
#include "conformance/rootfs.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

char *golden_path(const struct row *r, const char *fixtures)
{
    return xasprintf("%s/golden/%s-%s/%s/%s%s%s.jsonl", fixtures, r->component->kind, r->component->version,
                     scenario_id(r->scenario), r->transport, r->cure ? "@" : "", r->cure ? r->cure : "");
}

static bool contains(const json_t *list, const json_t *value)
{
    json_t *one;
    size_t i;

    json_array_foreach((json_t *)list, i, one)
        if (json_equal(one, (json_t *)value))
            return true;
    return false;
}

json_t *golden_lines(const char *sut_log)
{
    FILE *f = fopen(sut_log, "re");
    struct normaliser *n;
    json_t *lines, *seen;
    char *raw = NULL;
    size_t cap = 0;

    if (!f)
        return NULL;
    n = normaliser_new();
    lines = json_array();
    seen = json_object(); /* by text: an agent may print thousands of the same */
    while (getline(&raw, &cap, f) > 0) {
        json_t *line;
        _cleanup_(freep) char *text = NULL;
        raw[strcspn(raw, "\n")] = 0;
        line = normalise_raw(n, raw);
        text = json_dumps(line, JSON_COMPACT | JSON_SORT_KEYS);
        if (text && !json_object_get(seen, text)) {
            json_object_set_new(seen, text, json_true());
            json_array_append(lines, line);
        }
        json_decref(line);
    }
    free(raw);
    fclose(f);
    json_decref(seen);
    normaliser_free(n);
    return lines;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

json_t *golden_merge(const json_t *runs)
{
    json_t *entries = json_array(), *run, *other, *line;
    size_t i, k, m;

    json_array_foreach((json_t *)runs, i, run) {
        json_array_foreach(run, k, line) {
            bool always = true, known = false;
            json_array_foreach((json_t *)runs, m, other)
                always = always && contains(other, line);
            json_array_foreach(entries, m, other)
                known = known || json_equal(json_object_get(other, "line"), line);
            if (!known)
                json_array_append_new(entries, json_pack("{s:s,s:O}", "seen", always ? "always" : "sometimes", "line",
                                                         line));
        }
    }
    return entries;
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
        if (!json_is_object(json_object_get(entry, "line")) || !json_is_string(json_object_get(entry, "seen"))) {
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

    json_array_foreach((json_t *)entries, i, entry)
        list[i] = json_dumps(entry, JSON_COMPACT);
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

/* What the run printed and the golden log does not have, and what it always had and the run did not print. */
static size_t compare(const json_t *golden, const json_t *lines, struct buf *report, char **ret_first)
{
    json_t *known = json_array(), *entry, *line;
    size_t i, wrong = 0;

    json_array_foreach((json_t *)golden, i, entry)
        json_array_append(known, json_object_get(entry, "line"));
    json_array_foreach((json_t *)lines, i, line)
        if (!contains(known, line)) {
            _cleanup_(freep) char *text = json_dumps(line, JSON_COMPACT);
            if (!wrong++)
                *ret_first = xasprintf("not in the golden log: %s", text);
            buf_addf(report, "  + %s\n", text);
        }
    json_array_foreach((json_t *)golden, i, entry) {
        const char *seen = json_string_value(json_object_get(entry, "seen"));
        if (seen && strcmp(seen, "always") == 0 && !contains(lines, json_object_get(entry, "line"))) {
            _cleanup_(freep) char *text = json_dumps(json_object_get(entry, "line"), JSON_COMPACT);
            if (!wrong++)
                *ret_first = xasprintf("always in the golden log, not in this one: %s", text);
            buf_addf(report, "  - %s\n", text);
        }
    }
    json_decref(known);
    return wrong;
}

int golden_check(const struct row *r, const char *fixtures, char **ret_reason, char **ret_report)
{
    _cleanup_(freep) char *path = golden_path(r, fixtures), *log = xasprintf("%s/sut.log", r->dir);
    _cleanup_(freep) char *first = NULL;
    struct buf report = BUF_NULL;
    json_t *golden, *lines;
    size_t wrong = 0;

    golden = golden_read(path, &first);
    if (!golden)
        return 0;
    lines = golden_lines(log);
    if (!first) {
        buf_addf(&report, "  golden log (%s):\n", path);
        wrong = compare(golden, lines, &report, &first);
        buf_addf(&report, "  cure: if this is right, `conform record %s%s%s` with the same --sut\n",
                 scenario_id(r->scenario), r->cure ? "@" : "", r->cure ? r->cure : "");
    }
    json_decref(golden);
    json_decref(lines);
    if (first) {
        *ret_reason = xasprintf("golden log: %s%s", first, wrong > 1 ? " (and more)" : "");
        *ret_report = xstrndup((const char *)buf_data(&report), buf_len(&report));
    }
    buf_done(&report);
    return first ? -EINVAL : 0;
}
