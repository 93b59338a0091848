/* The differences that are known, with their reasons. Each must be met when its talk is played. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "conformance/parity/diff.h"
#include "lib/base/mem.h"
#include "lib/script/version.h"
#include "lib/script/yaml.h"

struct parity_known {
    struct yaml_doc *doc; /* owned */
    const json_t *list;   /* borrowed from doc */
    bool *played, *met;   /* one for each */
};

static const char *text(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

static int list_check(const json_t *list, const char *path)
{
    static const char *const keys[] = {"talk", "over", "versions", "at", "reason"};
    json_t *one, *value;
    const char *key;
    size_t i;
    int bad = json_is_array(list) ? 0 : 1;

    if (bad)
        fprintf(stderr, "conform: %s: expected differences: [{talk, at, reason}]\n", path);
    json_array_foreach((json_t *)list, i, one)
    {
        bool known = text(one, "talk") && text(one, "at") && text(one, "reason");
        bool in;
        json_object_foreach(one, key, value)
        {
            bool found = false;
            for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
                found |= strcmp(keys[k], key) == 0;
            known &= found;
        }
        if (text(one, "versions") && version_in(text(one, "versions"), "kas", "14.7", &in) < 0)
            known = false;
        if (!known) {
            fprintf(stderr,
                    "conform: %s: entry %zu: expected {talk, at, reason} and perhaps over and versions (a "
                    "range)\n",
                    path, i + 1);
            bad++;
        }
    }
    return bad;
}

struct parity_known *parity_known_read(const char *path)
{
    struct problems *p = problems_new();
    struct parity_known *k = NEW(struct parity_known);

    k->doc = yaml_read_file(path, p);
    if (problems_count(p)) {
        _cleanup_(freep) char *said = problems_text(p);
        fputs(said, stderr);
    }
    problems_free(p);
    k->list = k->doc ? json_object_get(yaml_root(k->doc), "differences") : NULL;
    if (!k->doc || list_check(k->list, path))
        return parity_known_free(k);
    k->played = xcalloc(json_array_size(k->list) + 1, sizeof(bool));
    k->met = xcalloc(json_array_size(k->list) + 1, sizeof(bool));
    return k;
}

struct parity_known *parity_known_free(struct parity_known *k)
{
    if (!k)
        return NULL;
    yaml_done(k->doc);
    free(k->played);
    free(k->met);
    free(k);
    return NULL;
}

static bool is_about(const json_t *one, const char *talk, const char *over, const char *version)
{
    bool in = true;

    if (text(one, "versions"))
        (void)version_in(text(one, "versions"), "kas", version, &in);
    return in && fnmatch(text(one, "talk"), talk, 0) == 0 &&
           (!text(one, "over") || strcmp(text(one, "over"), over) == 0);
}

void parity_known_played(struct parity_known *k, const char *talk, const char *over, const char *version)
{
    json_t *one;
    size_t i;

    json_array_foreach((json_t *)k->list, i, one) k->played[i] |= is_about(one, talk, over, version);
}

const char *parity_known_reason(struct parity_known *k, const char *talk, const char *over,
                                const char *version, const char *at)
{
    const char *reason = NULL;
    json_t *one;
    size_t i;

    json_array_foreach((json_t *)k->list, i, one)
    {
        if (!is_about(one, talk, over, version) || fnmatch(text(one, "at"), at, 0) != 0)
            continue;
        k->met[i] = true;
        reason = reason ? reason : text(one, "reason");
    }
    return reason;
}

json_t *parity_known_stale(const struct parity_known *k)
{
    json_t *list = json_array(), *one;
    size_t i;

    json_array_foreach((json_t *)k->list, i, one) if (k->played[i] && !k->met[i])
        json_array_append(list, one);
    return list;
}
