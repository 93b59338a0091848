/* Plays rows, many at once.
 *
 * Rows mostly wait, so many run together; but starting a real agent costs processor time, and a machine that
 * starts twenty at once makes each of them late. So only a few may be between birth and their first sign of
 * life. Rows that may take longest begin first: the whole run then takes little more than the slowest row.
 */
#include "conformance/runner.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "conformance/job.h"
#include "conformance/report/outcome.h"
#include "lib/net/port.h"
#include "conformance/process/rootfs.h"
#include "conformance/world/worlds.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/loop/loop.h"

enum { ERRORS_KEPT = 64 * 1024, GRACE_MS = 30000 };
/* After SIGKILL a world that is not told to be gone is given up; after an interrupt the parent of worlds as well. */
enum { KILL_PATIENCE_MS = 5000, INTERRUPT_MS = 5000 };

struct play {
    struct runner *runner;
    struct row *row;
    struct world_run *world; /* owned */
    struct timer *deadline; /* owned: a world that does not end */
    uint64_t started_ns;
    bool up, unsupported, spared, late, interrupted;
    char *broken;      /* owned */
    struct buf errors; /* what conform itself said on standard error */
    TAILQ_ENTRY(play) link;
};

struct runner {
    const struct runner_options *ro;
    struct loop *loop;
    struct worlds *worlds; /* owned */
    struct row **queue; /* owned array, longest first */
    size_t n, next;
    size_t running, starting, exclusive;
    size_t gate;  /* how many may be starting */
    bool *spared; /* owned: groups that need no more rows */
    int n_groups;
    bool interrupted, stop;
    struct timer *limit; /* owned: of an interrupt */
    TAILQ_HEAD(, play) plays;
};

static void fill(struct runner *r);

/* What an earlier run left there would be mistaken for ours. */
static int folder_prepare(const char *dir)
{
    static const char *const files[] = {"events.jsonl", "sut.log",   "agent.log",   "redis.log",
                                        "kas2.log",     "verdict.json", "harness.log"};
    int e = folder_make(dir, 0755);

    for (size_t i = 0; !e && i < ARRAY_SIZE(files); i++) {
        _cleanup_(freep) char *path = xasprintf("%s/%s", dir, files[i]);
        if (unlink(path) < 0 && errno != ENOENT)
            e = -errno;
    }
    return e;
}

static void play_free(struct play *p)
{
    world_run_free(p->world);
    timer_free(p->deadline);
    buf_done(&p->errors);
    free(p->broken);
    free(p);
}

static void errors_keep(const struct play *p)
{
    _cleanup_(freep) char *path = xasprintf("%s/harness.log", p->row->dir);

    if (buf_len(&p->errors))
        (void)file_write(path, buf_data(&p->errors), buf_len(&p->errors), 0644);
}

static void row_ended(struct runner *r, struct row *row)
{
    port_release(&row->port_fd);
    r->ro->conclude(r->ro->arg, row);
    if (row->group >= 0 && strcmp(row->verdict, VERDICT_FAIL) == 0 && row->group < r->n_groups)
        r->spared[row->group] = true;
    if (r->ro->o->fail_fast && outcome_is_bad(row->verdict))
        r->stop = true;
    if (r->ro->ended)
        r->ro->ended(r->ro->arg, row);
}

/* Which one says most of why a world ended without a verdict. */
static char *broken_reason(struct play *p, int64_t status, int signum)
{
    const char *errors;

    if (p->broken)
        return xstrdup(p->broken);
    if (p->late)
        return xstrdup("the world did not end in time, and was killed");
    buf_add(&p->errors, "", 1);
    errors = (const char *)buf_data(&p->errors);
    if (strstr(errors, "Sanitizer") || strstr(errors, "runtime error"))
        return xstrdup("a sanitizer's report of the harness itself, see harness.log");
    if (signum)
        return xasprintf("the world was killed by signal %d, see harness.log", signum);
    return xasprintf("the world ended with exit code %d and without a verdict, see harness.log",
                     (int)status);
}

static bool complained(const struct play *p)
{
    return buf_len(&p->errors) && (memmem(buf_data(&p->errors), buf_len(&p->errors), "Sanitizer", 9) ||
                                   memmem(buf_data(&p->errors), buf_len(&p->errors), "runtime error", 13));
}

static void finished(struct runner *r, struct play *p)
{
    TAILQ_REMOVE(&r->plays, p, link);
    r->running--;
    if (!p->up)
        r->starting--;
    if (json_array_size(json_object_get(p->row->component->profile, "ports")))
        r->exclusive--;
    p->row->seconds = (double)(clock_ns() - p->started_ns) / 1e9;
}

static void play_gone(void *arg)
{
    struct play *p = arg;
    struct runner *r = p->runner;
    struct row *row = p->row;

    play_free(p);
    row_ended(r, row);
    fill(r);
}

static void on_exit_of_world(void *arg, int64_t status, int signum)
{
    struct play *p = arg;
    struct row *row = p->row;

    errors_keep(p);
    if (p->interrupted)
        row->skip = xstrdup("interrupted");
    else if (p->spared)
        row->skip = xstrdup("spared: another row has caught it already");
    else if (p->unsupported)
        ;
    else if (!row->judged || status || signum || complained(p)) {
        json_decref(row->judged);
        row->judged = NULL;
        row->broken = broken_reason(p, status, signum);
    }
    finished(p->runner, p);
    /* Not from within a callback of the world itself; the end of this turn is soon enough. */
    loop_defer(p->runner->loop, play_gone, p);
}

static void started(struct play *p)
{
    if (p->up)
        return;
    p->up = true;
    p->runner->starting--;
}

static void told(struct play *p, json_t *what)
{
    const char *state = json_string_value(json_object_get(what, "state"));
    const char *reason = json_string_value(json_object_get(what, "reason"));
    struct runner *r = p->runner;

    if (!state)
        return;
    if (strcmp(state, "up") == 0) {
        started(p);
        fill(r);
    } else if (strcmp(state, "kept") == 0) {
        p->deadline = timer_free(p->deadline);
        r->ro->kept(r->ro->arg, p->row, (int)world_run_pid(p->world), json_is_true(json_object_get(what, "met")));
    } else if (strcmp(state, "judged") == 0) {
        p->row->judged = json_incref(what);
    } else if (strcmp(state, "unsupported") == 0) {
        p->unsupported = true;
        p->row->reason = xstrdup(reason);
    } else if (strcmp(state, "broken") == 0) {
        free(p->broken);
        p->broken = xstrdup(reason);
    }
}

static void on_line(void *arg, int fd, const char *line, size_t n)
{
    struct play *p = arg;
    json_t *what = fd == 1 ? json_loadb(line, n, 0, NULL) : NULL;

    if (json_is_object(what)) {
        told(p, what);
    } else if (buf_len(&p->errors) < ERRORS_KEPT) {
        buf_add(&p->errors, line, n);
        buf_add(&p->errors, "\n", 1);
    }
    json_decref(what);
}

/* The parent of worlds does not tell its end: it is stopped itself, or something holds the world's namespace. The
 * other rows go on. */
static void world_lost(void *arg)
{
    struct play *p = arg;

    world_run_give_up(p->world);
}

static void world_late(void *arg)
{
    struct play *p = arg;

    p->late = true;
    timer_free(p->deadline);
    p->deadline = timer_new(p->runner->loop, KILL_PATIENCE_MS, world_lost, p);
    (void)world_run_signal(p->world, SIGKILL);
}

static void no_world(void *arg, const char *reason)
{
    struct play *p = arg;

    free(p->broken);
    p->broken = xstrdup(reason);
}

static int play_start(struct runner *r, struct row *row)
{
    struct play *p = NEW(struct play);
    json_t *job = job_make(row, r->ro->o);
    struct world_spec spec = {.job = job,
                              .own_namespaces = !r->ro->o->no_namespace,
                              .line = on_line,
                              .failed = no_world,
                              .exited = on_exit_of_world,
                              .arg = p};
    int e = folder_prepare(row->dir);

    p->runner = r;
    p->row = row;
    if (!e)
        e = worlds_play(r->worlds, &spec, &p->world);
    json_decref(job);
    if (e) {
        row->broken = xasprintf("%s: %s", row->dir, strerror(-e));
        play_free(p);
        return e;
    }
    p->started_ns = clock_ns();
    p->deadline = timer_new(r->loop, (uint64_t)row->within_ms + r->ro->o->stop_ms + GRACE_MS, world_late, p);
    TAILQ_INSERT_TAIL(&r->plays, p, link);
    r->running++;
    r->starting++;
    if (json_array_size(json_object_get(row->component->profile, "ports")))
        r->exclusive++;
    return 0;
}

/* May this row begin now? A fixed port on the machine's own loopback is for one at a time. */
static bool may_begin(const struct runner *r, const struct row *row)
{
    if (r->running >= r->ro->o->jobs || r->starting >= r->gate)
        return false;
    return !r->ro->o->no_namespace || !r->exclusive ||
           !json_array_size(json_object_get(row->component->profile, "ports"));
}

static void spare_group(struct runner *r)
{
    struct play *p;

    TAILQ_FOREACH(p, &r->plays, link)
    if (p->row->group >= 0 && r->spared[p->row->group] && !p->spared) {
        p->spared = true;
        (void)world_run_signal(p->world, SIGKILL);
    }
}

/* Starts what may be started. */
static void fill(struct runner *r)
{
    spare_group(r);
    while (r->next < r->n && !r->stop) {
        struct row *row = r->queue[r->next];
        if (row->group >= 0 && r->spared[row->group] && !row->skip)
            row->skip = xstrdup("spared: another row has caught it already");
        if (!row->skip && !row->broken && !may_begin(r, row))
            break;
        r->next++;
        if (row->skip || row->broken || play_start(r, row) < 0)
            row_ended(r, row);
    }
    if (r->ro->progress)
        r->ro->progress(r->ro->arg, r->running, r->n - r->next);
    if (!r->running && (r->next >= r->n || r->stop))
        loop_stop(r->loop);
}

static void begin(void *arg)
{
    fill(arg);
}

static void kill_all(struct runner *r)
{
    struct play *p;

    TAILQ_FOREACH(p, &r->plays, link)
    if (world_run_signal(p->world, SIGKILL) == 0)
        p->interrupted = true;
}

/* Worlds die with their parent; what it would have told is known. */
static void kill_parent(void *arg)
{
    struct runner *r = arg;

    r->limit = timer_free(r->limit);
    kill_all(r);
    worlds_kill(r->worlds);
}

static void kept_too_long(void *arg)
{
    struct runner *r = arg;

    kill_all(r);
    timer_free(r->limit);
    r->limit = timer_new(r->loop, INTERRUPT_MS, kill_parent, r);
}

/* Ctrl-C: kept worlds end in order and are judged; others are killed, and so is everything in them. Whatever happens to
 * them then, and whoever is told a second time, the run ends. */
static void interrupted(void *arg, int signum)
{
    struct runner *r = arg;
    struct play *p;

    (void)signum;
    r->stop = true;
    timer_free(r->limit);
    if (r->ro->o->keep && !r->interrupted) {
        TAILQ_FOREACH(p, &r->plays, link)
        (void)world_run_signal(p->world, SIGTERM);
        r->limit = timer_new(r->loop, r->ro->o->stop_ms + INTERRUPT_MS, kept_too_long, r);
    } else {
        r->limit = NULL;
        kept_too_long(r);
    }
    r->interrupted = true;
    if (!r->running)
        loop_stop(r->loop);
}

static int by_length(const void *a, const void *b)
{
    const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;

    if (x->within_ms != y->within_ms)
        return x->within_ms < y->within_ms ? 1 : -1;
    return strcmp(x->name, y->name);
}

static void queue_make(struct runner *r, const struct rows *rows)
{
    r->n = rows->n;
    r->queue = xmemdup(rows->items, rows->n * sizeof(struct row *));
    qsort(r->queue, r->n, sizeof(struct row *), by_length);
    for (size_t i = 0; i < rows->n; i++)
        if (rows->items[i]->group >= r->n_groups)
            r->n_groups = rows->items[i]->group + 1;
    r->spared = xcalloc((size_t)r->n_groups + 1, sizeof(bool));
}

int runner_run(struct rows *rows, const struct runner_options *ro, bool *ret_interrupted)
{
    struct runner r = {.ro = ro, .loop = loop_new()};
    _cleanup_(freep) char *self = path_of_self();
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct sig *on_int = sig_new(r.loop, SIGINT, interrupted, &r);
    struct sig *on_term = sig_new(r.loop, SIGTERM, interrupted, &r);
    struct timer *first;
    int e = worlds_start(r.loop, self, &r.worlds);

    TAILQ_INIT(&r.plays);
    if (e < 0) {
        fprintf(stderr, "conform: %s worlds: %s\n", self, strerror(-e));
        sig_free(on_int);
        sig_free(on_term);
        loop_free(r.loop);
        return e;
    }
    r.gate = (size_t)(cores > 0 ? cores * 2 : 2);
    queue_make(&r, rows);
    for (size_t i = 0; i < rows->n; i++)
        rows->items[i]->dir = xasprintf("%s/%s", ro->out, rows->items[i]->name);
    first = timer_new(r.loop, 0, begin, &r);
    (void)loop_run(r.loop);
    for (; r.next < r.n; r.next++) {
        r.queue[r.next]->skip = xstrdup(r.interrupted ? "interrupted" : "not begun: an earlier row failed");
        row_ended(&r, r.queue[r.next]);
    }
    timer_free(first);
    timer_free(r.limit);
    worlds_free(r.worlds);
    sig_free(on_int);
    sig_free(on_term);
    loop_free(r.loop);
    free(r.queue);
    free(r.spared);
    *ret_interrupted = r.interrupted;
    return 0;
}
