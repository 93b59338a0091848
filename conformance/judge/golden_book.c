/* All golden logs of one version. */
#include "conformance/judge/golden_book.h"

#include <string.h>
#include <sys/stat.h>
#include <fts.h>

#include "conformance/judge/golden.h"
#include "lib/base/mem.h"

enum { COMMON_FROM = 5 }; /* rows that have a line which any may have */

struct golden_book {
    char *fixtures;
    json_t *versions; /* version -> key -> {"rows": n, "sometimes": bool, "ids": {id: true}} */
};

struct golden_book *golden_book_new(const char *fixtures)
{
    struct golden_book *b = NEW(struct golden_book);

    b->fixtures = xstrdup(fixtures);
    b->versions = json_object();
    return b;
}

struct golden_book *golden_book_free(struct golden_book *b)
{
    if (b) {
        free(b->fixtures);
        json_decref(b->versions);
        free(b);
    }
    return NULL;
}

char *golden_key(const json_t *line)
{
    char *key = json_dumps(line, JSON_COMPACT | JSON_SORT_KEYS);

    return key ? key : xstrdup("");
}

static void line_add(json_t *lines, const char *id, const json_t *entry)
{
    _cleanup_(freep) char *key = golden_key(json_object_get(entry, "line"));
    const char *seen = json_string_value(json_object_get(entry, "seen"));
    json_t *about = json_object_get(lines, key);

    if (!about) {
        about = json_pack("{s:i,s:b,s:{}}", "rows", 0, "sometimes", 0, "ids");
        json_object_set_new(lines, key, about);
    }
    json_object_set_new(about, "rows", json_integer(json_integer_value(json_object_get(about, "rows")) + 1));
    if (seen && strcmp(seen, "sometimes") == 0)
        json_object_set_new(about, "sometimes", json_true());
    json_object_set_new(json_object_get(about, "ids"), id, json_true());
}

static void file_add(json_t *lines, const char *path, const char *id)
{
    _cleanup_(freep) char *err = NULL; /* complained of when its own row is compared */
    json_t *entries = golden_read(path, &err), *entry;
    size_t i;

    json_array_foreach(entries, i, entry) line_add(lines, id, entry);
    json_decref(entries);
}

static bool ends_with(const char *text, size_t n, const char *end)
{
    size_t m = strlen(end);

    return n >= m && memcmp(text + n - m, end, m) == 0;
}

/* "…/agentk-14.7/area/name/ws@cure.jsonl" is of "area/name". */
static json_t *version_read(const struct golden_book *b, const char *version)
{
    size_t n = strlen(version);
    bool beside = ends_with(version, n, GOLDEN_BESIDE_SUFFIX);
    int kept = (int)(beside ? n - strlen(GOLDEN_BESIDE_SUFFIX) : n);
    _cleanup_(freep) char *folder = xasprintf("%s/golden/%.*s", b->fixtures, kept, version);
    char *const roots[] = {folder, NULL};
    size_t skip = strlen(folder) + 1;
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    json_t *lines = json_object();
    FTSENT *f;

    while (tree && (f = fts_read(tree))) {
        _cleanup_(freep) char *id = NULL;
        if (f->fts_info != FTS_F || f->fts_pathlen <= skip + f->fts_namelen ||
            ends_with(f->fts_name, f->fts_namelen, GOLDEN_BESIDE_SUFFIX ".jsonl") != beside)
            continue;
        id = xstrndup(f->fts_path + skip, f->fts_pathlen - skip - f->fts_namelen - 1);
        file_add(lines, f->fts_path, id);
    }
    if (tree)
        fts_close(tree);
    return lines;
}

static const json_t *about(struct golden_book *b, const char *version, const char *key)
{
    json_t *lines = json_object_get(b->versions, version);

    if (!lines) {
        lines = version_read(b, version);
        json_object_set_new(b->versions, version, lines);
    }
    return json_object_get(lines, key);
}

bool golden_book_knows(struct golden_book *b, const char *version, const char *id, const char *key)
{
    const json_t *a = about(b, version, key);

    return json_integer_value(json_object_get(a, "rows")) >= COMMON_FROM ||
           json_object_get(json_object_get(a, "ids"), id);
}

bool golden_book_sometimes(struct golden_book *b, const char *version, const char *key)
{
    return json_is_true(json_object_get(about(b, version, key), "sometimes"));
}
