/* One run from a person's point of view. */
#include "conformance/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conformance/report/outcome.h"
#include "conformance/process/rootfs.h"
#include "conformance/runner.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"

#define LINE_AGAIN "\r\033[K"

/* results/<time>, and results/latest -> <time>. */
static char *default_folder(const char *kind)
{
    char stamp[32];
    time_t now = time(NULL);
    struct tm tm;
    char *folder;

    strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
    folder = xasprintf("results/%s%s%s", stamp, *kind ? "-" : "", kind);
    for (int n = 2; access(folder, F_OK) == 0; n++) {
        free(folder);
        folder = xasprintf("results/%s%s%s-%d", stamp, *kind ? "-" : "", kind, n);
    }
    return folder;
}

static void latest_set(const char *folder)
{
    const char *name = strrchr(folder, '/') + 1;
    _cleanup_(freep) char *next = xasprintf("results/.latest-%d", (int)getpid());

    if (symlink(name, next) == 0 && rename(next, "results/latest") < 0)
        (void)unlink(next);
}

static FILE *jsonl_open(const char *path)
{
    if (!path)
        return NULL;
    return strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
}

int session_open(struct session *s, const struct options *o, const char *kind)
{
    _cleanup_(freep) char *lines = NULL;
    char *real;
    int e;

    *s = (struct session){.o = o, .text = stdout, .rows_shown = !o->quiet, .started_ns = clock_ns()};
    clock_wall(s->started);
    s->book = golden_book_new(o->fixtures);
    s->out = o->out ? xstrdup(o->out) : default_folder(kind);
    e = folder_make(s->out, 0755);
    if (e) {
        fprintf(stderr, "conform: %s: %s; cure: --out DIR\n", s->out, strerror(-e));
        return e;
    }
    if (!o->out)
        latest_set(s->out);
    real = realpath(s->out, NULL); /* worlds look at it from elsewhere */
    if (real) {
        free(s->out);
        s->out = xstrdup(real);
        free(real);
    }
    lines = xasprintf("%s/results.jsonl", s->out);
    s->jsonl[0] = fopen(lines, "we");
    s->jsonl[1] = jsonl_open(o->jsonl);
    if (o->jsonl && !s->jsonl[1]) {
        fprintf(stderr, "conform: --jsonl %s: %s\n", o->jsonl, strerror(errno));
        return -errno;
    }
    s->live = isatty(STDOUT_FILENO) && s->jsonl[1] != stdout && getenv("TERM");
    s->colour = s->live && !getenv("NO_COLOR");
    return 0;
}

static void on_ended(void *arg, struct row *r)
{
    struct session *s = arg;
    json_t *j = outcome_json(r);

    s->done++;
    s->bad += outcome_is_bad(r->verdict);
    for (size_t i = 0; i < ARRAY_SIZE(s->jsonl); i++)
        if (s->jsonl[i]) {
            json_dumpf(j, s->jsonl[i], JSON_COMPACT);
            fputc('\n', s->jsonl[i]);
            fflush(s->jsonl[i]);
        }
    json_decref(j);
    if (s->jsonl[1] == stdout || (!s->rows_shown && (s->quiet_failures || !outcome_is_bad(r->verdict))))
        return;
    if (s->live)
        fputs(LINE_AGAIN, s->text);
    report_row(r, s->colour, s->text);
}

static void on_progress(void *arg, size_t running, size_t left)
{
    struct session *s = arg;

    if (!s->live)
        return;
    fprintf(s->text, LINE_AGAIN "%zu of %zu rows, %zu running, %zu waiting, %zu failed, %.0f s", s->done,
            s->total, running, left, s->bad, session_wall_s(s));
    if (!running && !left)
        fputs(LINE_AGAIN, s->text);
    fflush(s->text);
}

static void on_kept(void *arg, struct row *r, int pid, bool met)
{
    struct session *s = arg;

    fprintf(s->text,
            "%sKEPT          %s: %s\n  enter:  nsenter -t %d -a sh\n  events: tail -f %s/events.jsonl\n"
            "  log:    tail -f %s/sut.log\n  end:    Ctrl-C\n",
            s->live ? LINE_AGAIN : "", r->name,
            met ? "everything expected was seen" : "not everything was seen", pid, r->dir, r->dir);
    fflush(s->text);
}

static void on_conclude(void *arg, struct row *r)
{
    struct session *s = arg;

    outcome_conclude(r, s->o, s->known, s->book);
}

int session_run(struct session *s, struct rows *rows)
{
    struct runner_options ro = {.o = s->o,
                                .out = s->out,
                                .ended = on_ended,
                                .progress = on_progress,
                                .kept = on_kept,
                                .conclude = on_conclude,
                                .arg = s};

    s->total = rows->n;
    return runner_run(rows, &ro, &s->interrupted);
}

double session_wall_s(const struct session *s)
{
    return (double)(clock_ns() - s->started_ns) / 1e9;
}

int session_report(struct session *s, const struct rows *rows)
{
    struct report_times t = {.wall_s = session_wall_s(s), .started = s->started};
    _cleanup_(freep) char *json = xasprintf("%s/results.json", s->out),
                          *junit = xasprintf("%s/junit.xml", s->out);
    _cleanup_(freep) char *tap = xasprintf("%s/tap", s->out), *summary = xasprintf("%s/summary.txt", s->out);
    FILE *f = fopen(summary, "we");
    int e = f ? 0 : -errno;

    if (!e) {
        report_summary(rows, &t, s->interrupted, f);
        e = fclose(f) ? -errno : 0;
    }
    if (!e)
        e = report_json(rows, json);
    if (!e)
        e = report_junit(rows, &t, junit);
    if (!e)
        e = report_tap(rows, tap);
    if (e)
        fprintf(stderr, "conform: reports in %s: %s\n", s->out, strerror(-e));
    report_summary(rows, &t, s->interrupted, stdout);
    return e;
}

void session_done(struct session *s)
{
    for (size_t i = 0; i < ARRAY_SIZE(s->jsonl); i++)
        if (s->jsonl[i] && s->jsonl[i] != stdout)
            fclose(s->jsonl[i]);
    golden_book_free(s->book);
    free(s->out);
}
