/* Known failures: each must fail, with its symptom, until its day. */
#include "conformance/judge/known.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conformance/report/outcome.h"
#include "conformance/select.h"
#include "lib/base/mem.h"
#include "lib/script/match.h"
#include "lib/script/version.h"
#include "lib/script/yaml.h"

struct known {
    json_t *list; /* owned */
    char today[16];
};

static bool is_day(const char *s)
{
    if (!s || strlen(s) != 10)
        return false;
    for (int i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? s[i] != '-' : s[i] < '0' || s[i] > '9')
            return false;
    return true;
}

static void entry_check(const struct yaml_doc *doc, const json_t *entry, struct problems *p)
{
    static const char *const needed[] = {"id", "versions", "reason", "expires", "symptom"};
    struct place at = yaml_place(doc, entry);
    const char *range = json_string_value(json_object_get(entry, "versions"));
    char *err = NULL;
    bool holds;

    for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
        if (!json_object_get(entry, needed[i]))
            problem_add(p, at, "a known failure needs `%s`", needed[i]);
    if (range && version_in(range, NULL, "14.7", &holds) < 0)
        problem_add(p, yaml_key_place(doc, entry, "versions"), "\"%s\" is no range of versions", range);
    if (json_object_get(entry, "expires") && !is_day(json_string_value(json_object_get(entry, "expires"))))
        problem_add(p, yaml_key_place(doc, entry, "expires"),
                    "expected a day in quotes, like \"2027-06-30\"");
    if (json_object_get(entry, "symptom") && match_check(json_object_get(entry, "symptom"), &err) < 0)
        problem_add(p, yaml_key_place(doc, entry, "symptom"), "%s", err);
    free(err);
}

struct known *known_load(const char *fixtures)
{
    _cleanup_(freep) char *path = xasprintf("%s/known-failing.yaml", fixtures);
    struct known *k = NEW(struct known);
    struct problems *p = problems_new();
    struct yaml_doc *doc;
    time_t now = time(NULL);
    struct tm tm;

    strftime(k->today, sizeof(k->today), "%Y-%m-%d", gmtime_r(&now, &tm));
    k->list = json_array();
    if (access(path, F_OK) == 0) {
        doc = yaml_read_file(path, p);
        if (doc && json_is_array(yaml_root(doc))) {
            json_t *entry;
            size_t i;
            json_array_foreach(yaml_root(doc), i, entry) entry_check(doc, entry, p);
            json_decref(k->list);
            k->list = json_deep_copy(yaml_root(doc));
        } else if (doc && !json_is_null(yaml_root(doc))) {
            problem_add(p, (struct place){.file = path, .line = 1}, "expected a list of known failures");
        }
        yaml_done(doc);
    }
    if (problems_count(p)) {
        _cleanup_(freep) char *text = problems_text(p);
        fputs(text, stderr);
        k = known_free(k);
    }
    problems_free(p);
    return k;
}

struct known *known_free(struct known *k)
{
    if (k) {
        json_decref(k->list);
        free(k);
    }
    return NULL;
}

static bool concerns(const json_t *entry, const struct row *r)
{
    const char *id = json_string_value(json_object_get(entry, "id"));
    const char *range = json_string_value(json_object_get(entry, "versions"));
    const json_t *transports = json_object_get(entry, "transports"), *one;
    bool holds = false, over = !transports;
    size_t i;

    if (!id || !range || !select_fits(id, scenario_id(r->scenario), r->cure))
        return false;
    if (version_in(range, r->component->kind, r->component->version, &holds) < 0 || !holds)
        return false;
    json_array_foreach(transports, i, one) over =
        over || (json_is_string(one) && strcmp(json_string_value(one), r->transport) == 0);
    return over;
}

static void say(struct row *r, const char *verdict, char *reason)
{
    free(r->reason);
    r->reason = reason;
    r->verdict = verdict;
}

void known_apply(const struct known *k, struct row *r)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(k->list, i, entry)
    {
        const char *why = json_string_value(json_object_get(entry, "reason"));
        const char *expires = json_string_value(json_object_get(entry, "expires"));
        json_t *symptom = json_object_get(entry, "symptom"), *reason;
        bool same;
        if (!concerns(entry, r))
            continue;
        if (strcmp(r->verdict, VERDICT_PASS) == 0) {
            say(r, VERDICT_FAIL,
                xasprintf("listed as known to fail, but passes: take it off the list (%s)", why));
            return;
        }
        if (strcmp(r->verdict, VERDICT_FAIL) != 0)
            return;
        if (strcmp(k->today, expires) > 0) {
            say(r, VERDICT_FAIL, xasprintf("known to fail until %s, which is over: %s", expires, r->reason));
            return;
        }
        reason = json_string(r->reason);
        same = match(symptom, reason, NULL);
        json_decref(reason);
        if (same)
            say(r, VERDICT_KNOWN, xasprintf("%s (until %s): %s", why, expires, r->reason));
        else
            say(r, VERDICT_FAIL, xasprintf("fails otherwise than it is known to (%s): %s", why, r->reason));
        return;
    }
}
