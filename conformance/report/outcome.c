/* The verdict of a row. */
#include "conformance/report/outcome.h"

#include <stdio.h>
#include <string.h>

#include "conformance/judge/golden.h"
#include "conformance/judge/known.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

bool outcome_is_bad(const char *verdict)
{
    return strcmp(verdict, VERDICT_FAIL) == 0 || strcmp(verdict, VERDICT_HARNESS) == 0;
}

bool outcome_is_good(const char *verdict)
{
    return strcmp(verdict, VERDICT_PASS) == 0 || strcmp(verdict, VERDICT_KNOWN) == 0;
}

static void say(struct row *r, const char *verdict, char *reason)
{
    free(r->reason);
    r->verdict = verdict;
    r->reason = reason;
}

static void from_judge(struct row *r)
{
    const char *reason = json_string_value(json_object_get(r->judged, "reason"));

    if (json_is_true(json_object_get(r->judged, "pass")))
        say(r, VERDICT_PASS, xstrdup(""));
    else
        say(r, VERDICT_FAIL, xstrdup(reason ? reason : "no reason given"));
}

/* The self-check: a scenario that passes without its fault looks at nothing. */
static void turn_round(struct row *r)
{
    if (strcmp(r->verdict, VERDICT_PASS) == 0)
        say(r, VERDICT_FAIL, xstrdup("passes although its faults are switched off: it cannot see them"));
    else if (strcmp(r->verdict, VERDICT_FAIL) == 0)
        say(r, VERDICT_PASS, xasprintf("fails without its fault, as it must: %s", r->reason));
}

static void golden(struct row *r, const struct options *o, struct golden_book *book)
{
    char *reason = NULL, *report = NULL;

    if (o->no_golden || o->faults_off || o->keep || !r->component->real ||
        strcmp(r->verdict, VERDICT_PASS) != 0)
        return;
    if (golden_check(r, o->fixtures, book, &reason, &report) == 0)
        return;
    say(r, VERDICT_FAIL, reason);
    free(r->report);
    r->report = report;
}

static void dump(struct buf *b, const char *title, const json_t *value)
{
    _cleanup_(freep) char *text = json_is_string(value) ? xstrdup(json_string_value(value))
                                                        : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    buf_addf(b, "    %-9s %s\n", title, text ? text : "");
}

/* Expected, nearest, why: for each thing that was not as it must be. */
static char *report_make(const json_t *judged)
{
    struct buf b = BUF_NULL;
    const json_t *unmet;
    char *text;
    size_t i;

    json_array_foreach(json_object_get(judged, "unmet"), i, unmet)
    {
        const char *what = json_string_value(json_object_get(unmet, "what"));
        const char *why = json_string_value(json_object_get(unmet, "why"));
        bool never = what && strcmp(what, "never") == 0;
        buf_addf(&b, "  %s:\n", never ? "seen, but must never be" : what ? what : "?");
        if (json_object_get(unmet, "expected") && !json_is_null(json_object_get(unmet, "expected")))
            dump(&b, never ? "never" : "expected", json_object_get(unmet, "expected"));
        if (json_object_get(unmet, "nearest"))
            dump(&b, never ? "seen" : "nearest", json_object_get(unmet, "nearest"));
        else if (what && (strcmp(what, "log") == 0 || strcmp(what, "wire") == 0))
            buf_addf(&b, "    %-9s %s\n", "nearest",
                     strcmp(what, "log") == 0 ? "no line at all" : "no such event");
        if (why)
            buf_addf(&b, "    %-9s %s\n", "why", why);
    }
    text = buf_len(&b) ? xstrndup((const char *)buf_data(&b), buf_len(&b)) : NULL;
    buf_done(&b);
    return text;
}

static void verdict_write(const struct row *r)
{
    _cleanup_(freep) char *path = r->dir ? xasprintf("%s/verdict.json", r->dir) : NULL;
    json_t *j = outcome_json(r);

    if (path)
        (void)json_dump_file(j, path, JSON_INDENT(2)); /* no folder for rows that were skipped */
    json_decref(j);
}

void outcome_conclude(struct row *r, const struct options *o, const struct known *known,
                      struct golden_book *book)
{
    if (r->skip) {
        say(r, VERDICT_SKIPPED, xstrdup(r->skip));
        return;
    }
    if (r->broken) {
        say(r, VERDICT_HARNESS, xstrdup(r->broken));
    } else if (!r->judged) {
        char *reason = r->reason;
        r->reason = NULL;
        say(r, VERDICT_UNSUPPORTED, reason ? reason : xstrdup("not by this version"));
    } else {
        from_judge(r);
        r->report = report_make(r->judged);
        if (o->faults_off) {
            turn_round(r);
        } else {
            golden(r, o, book);
            if (known)
                known_apply(known, r);
        }
    }
    verdict_write(r);
}

json_t *outcome_json(const struct row *r)
{
    _cleanup_(freep) char *command = NULL;
    json_t *j = row_json(r);

    json_object_set_new(j, "verdict", json_string(r->verdict));
    json_object_set_new(j, "reason", json_string(r->reason ? r->reason : ""));
    json_object_set_new(j, "seconds", json_real(r->seconds));
    json_object_set_new(j, "judged_after",
                        json_object_get(r->judged, "seconds")
                            ? json_incref(json_object_get(r->judged, "seconds"))
                            : json_null());
    json_object_set_new(j, "real", json_boolean(r->component->real));
    if (r->component->mutant)
        json_object_set_new(j, "mutant", json_string(r->component->mutant));
    json_object_set_new(j, "command", json_string(row_command(r, &command)));
    if (r->dir && r->judged)
        json_object_set_new(j, "dir", json_string(r->dir));
    if (json_object_get(r->judged, "note"))
        json_object_set(j, "note", json_object_get(r->judged, "note"));
    if (json_object_get(r->judged, "rights"))
        json_object_set(j, "rights", json_object_get(r->judged, "rights"));
    if (json_object_get(r->judged, "used"))
        json_object_set(j, "used", json_object_get(r->judged, "used"));
    if (json_object_get(r->judged, "exit"))
        json_object_set(j, "exit", json_object_get(r->judged, "exit"));
    if (outcome_is_bad(r->verdict)) {
        json_object_set_new(j, "unmet",
                            json_object_get(r->judged, "unmet")
                                ? json_incref(json_object_get(r->judged, "unmet"))
                                : json_array());
        json_object_set_new(j, "report",
                            json_sprintf("%s\n%s  again: %s\n", r->reason ? r->reason : "",
                                         r->report ? r->report : "", command));
    }
    return j;
}
