/* conform record: golden logs of what a version prints, shown as a difference, written when a person agrees.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conformance/command/commands.h"
#include "conformance/judge/golden.h"
#include "conformance/report/outcome.h"
#include "conformance/session.h"
#include "lib/base/mem.h"

enum { REPEAT_DEFAULT = 2 };

struct recording {
    const struct options *o;
    size_t written, same, refused;
    bool all; /* the person has said "all" */
};

/* Asks; true: write it. */
static bool agreed(struct recording *r, const char *path)
{
    char answer[16] = "";

    if (r->o->yes || r->all)
        return true;
    if (!isatty(STDIN_FILENO))
        return false;
    printf("write %s? [y/N/a(ll)] ", path);
    fflush(stdout);
    if (!fgets(answer, sizeof(answer), stdin))
        return false;
    r->all = answer[0] == 'a';
    return r->all || answer[0] == 'y';
}

static void keep(struct recording *r, const char *path, json_t *entries)
{
    _cleanup_(freep) char *err = NULL, *difference = NULL;
    json_t *old = golden_read(path, &err), *none = json_array();

    if (old && r->o->add)
        golden_add(entries, old);
    else if (old)
        golden_keep_sometimes(entries, old);
    difference = golden_difference(old ? old : none, entries);
    if (!difference && old) {
        r->same++;
    } else {
        printf("%s%s\n%s", path, old ? "" : " (new)", difference ? difference : "  (prints nothing)\n");
        if (!agreed(r, path)) {
            r->refused++;
        } else if (golden_write(path, entries) < 0) {
            fprintf(stderr, "conform: %s: %s\n", path, strerror(errno));
            r->refused++;
        } else {
            r->written++;
        }
    }
    json_decref(old);
    json_decref(none);
}

/* One side of all repetitions of one row. */
static void record_side(struct recording *r, const struct rows *rows, size_t first, enum golden_side side)
{
    const struct row *row = rows->items[first];
    _cleanup_(freep) char *path = golden_path(row, side, r->o->fixtures);
    struct golden_seen *runs = xcalloc(rows->n, sizeof(*runs));
    json_t *entries;
    size_t n = 0;

    for (size_t i = first; i < rows->n && strcmp(rows->items[i]->base, row->base) == 0; i++) {
        _cleanup_(freep) char *events = xasprintf("%s/events.jsonl", rows->items[i]->dir);
        if (!outcome_is_good(rows->items[i]->verdict)) {
            if (side == GOLDEN_OWN) {
                printf("not recorded: %s: %s: %s\n", rows->items[i]->name, rows->items[i]->verdict,
                       rows->items[i]->reason);
                r->refused++;
            }
            break;
        }
        if (golden_seen_read(&runs[n], events, golden_who(row, side), golden_ours(row, side)) == 0)
            n++;
    }
    if (n == r->o->repeat) {
        entries = golden_merge(runs, n);
        keep(r, path, entries);
        json_decref(entries);
    }
    for (size_t i = 0; i < n; i++)
        golden_seen_done(&runs[i]);
    free(runs);
}

static int record(const struct options *o, const struct suite *s, struct known *known)
{
    struct session session = {0};
    struct recording r = {.o = o};
    struct rows rows = {0};
    int code = EXIT_HARNESS;

    if (rows_make(&rows, s, o) < 0)
        return EXIT_USAGE;
    if (rows.n && session_open(&session, o, "record") == 0) {
        session.known = known;
        session.rows_shown = false;
        (void)session_run(&session, &rows);
        for (size_t i = 0; i < rows.n; i++)
            if (i == 0 || strcmp(rows.items[i]->base, rows.items[i - 1]->base) != 0)
                for (enum golden_side side = GOLDEN_OWN; side < GOLDEN_SIDES; side++)
                    if (golden_has(rows.items[i], side))
                        record_side(&r, &rows, i, side);
        code = r.refused ? EXIT_NOT_AS_EXPECTED : EXIT_AS_EXPECTED;
    }
    printf("%zu written, %zu unchanged, %zu not written\n", r.written, r.same, r.refused);
    if (!rows.n)
        code = EXIT_NOTHING_RAN;
    session_done(&session);
    rows_done(&rows);
    return code;
}

int cmd_record(int argc, char **argv)
{
    struct options o;
    struct suite s = {0};
    struct known *known = NULL;
    int e = options_parse(&o, "record", argc, argv), code = e > 0 ? EXIT_AS_EXPECTED : EXIT_USAGE;

    if (e == 0) {
        o.no_reference = true; /* it is no agent that anybody runs */
        o.no_golden = true;    /* what is to be replaced does not judge */
        o.recording = true;
        if (o.repeat < 2)
            o.repeat = REPEAT_DEFAULT;
        known = known_load(o.fixtures);
        e = known ? suite_load(&s, o.fixtures) : -EINVAL;
        if (e == 0)
            e = suite_components(&s, &o);
        code = e ? EXIT_USAGE : record(&o, &s, known);
    }
    known_free(known);
    suite_done(&s);
    options_done(&o);
    return code;
}
