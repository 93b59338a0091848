/* A process in the world, from start to end, and perhaps again. */
#include "conformance/process/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"

struct process {
    struct process_options o;
    struct child *child;        /* owned; NULL: none */
    struct timer *kill, *again; /* owned */
    uint64_t started_ns;
    bool running, stopping;
    bool told;    /* a step ends it */
    bool wanted;  /* it shall be started again */
    uint64_t wait_ms;
    int64_t status;
    int signum;
    int64_t lifetime_ms;
};

/* Text of any bytes: what is no UTF-8 becomes a question mark. */
static json_t *text_json(const char *p, size_t n)
{
    json_t *j = json_stringn(p, n);

    if (!j) {
        _cleanup_(freep) char *copy = xstrndup(p, n);
        for (size_t i = 0; i < n; i++)
            if ((unsigned char)copy[i] >= 0x80)
                copy[i] = '?';
        j = json_string(copy);
    }
    return j;
}

static void tell(const struct process *p, const char *who, const char *what, json_t *facts)
{
    _cleanup_(freep) char *event = xasprintf("%s.%s", p->o.sut ? "sut" : "actor", what);

    events_emit(p->o.events, who, 0, 0, event, facts);
}

/* True: there was a secret in it, which does not stand in the file. */
static bool log_write(const struct process *p, const char *line, size_t n)
{
    _cleanup_(freep) char *text = xstrndup(line, n);
    _cleanup_(freep) char *clean = events_redact(p->o.events, text);
    _cleanup_(freep) char *whole = xasprintf("%s\n", clean);

    if (p->o.log_fd >= 0 && write(p->o.log_fd, whole, strlen(whole)) < 0)
        fprintf(stderr, "conform: the log of %s cannot be written: %s\n", p->o.who, strerror(errno));
    return strcmp(clean, text) != 0;
}

static void on_line(void *arg, int fd, const char *line, size_t n)
{
    struct process *p = arg;
    json_t *parsed = json_loadb(line, n, 0, NULL), *raw = text_json(line, n);

    bool leaked = log_write(p, line, n);

    if (!json_is_object(parsed)) {
        json_decref(parsed);
        parsed = json_pack("{s:O}", "text", raw);
    }
    events_emit(p->o.events, p->o.who, 0, 0, "log.line",
                json_pack("{s:i,s:o,s:o}", "fd", fd, "line", parsed, "raw", raw));
    if (leaked && p->o.sut)
        tell(p, "world", "leaked", NULL);
}

static int run(struct process *p, char **reterr);

static void run_again(void *arg)
{
    struct process *p = arg;
    _cleanup_(freep) char *err = NULL;

    p->again = timer_free(p->again);
    p->wanted = false;
    if (run(p, &err) < 0)
        fprintf(stderr, "conform: %s\n", err);
}

static void on_exited(void *arg, int64_t status, int signum)
{
    struct process *p = arg;
    bool told = p->told, by_itself = !p->stopping;

    p->running = p->stopping = p->told = false;
    p->status = status;
    p->signum = signum;
    p->lifetime_ms = (int64_t)((clock_ns() - p->started_ns) / 1000000);
    p->kill = timer_free(p->kill);
    tell(p, p->o.who, told ? "stopped" : p->o.hosted && by_itself ? "ended" : "exit", process_exit_json(p));
    if (p->wanted && !p->again)
        p->again = timer_new(p->o.loop, p->wait_ms, run_again, p);
    p->o.exited(p->o.arg, p);
}

json_t *process_exit_json(const struct process *p)
{
    if (!p || p->running)
        return json_null();
    return json_pack("{s:I,s:i,s:I}", "code", (json_int_t)p->status, "signal", p->signum, "lifetime_ms",
                     (json_int_t)p->lifetime_ms);
}

static json_t *argv_json(char **argv)
{
    json_t *list = json_array();

    for (char **a = argv; *a; a++)
        json_array_append_new(list, text_json(*a, strlen(*a)));
    return list;
}

static int run(struct process *p, char **reterr)
{
    struct child_spec spec = {
        .file = p->o.program, .argv = p->o.argv, .envp = p->o.envp, .line = on_line, .exited = on_exited, .arg = p};
    int e;

    p->child = child_free(p->child);
    p->started_ns = clock_ns();
    p->running = true;
    e = child_start(p->o.loop, &spec, &p->child);
    if (e < 0) {
        p->running = false;
        *reterr = xasprintf("%s: cannot be started: %s", p->o.program, strerror(-e));
        return e;
    }
    tell(p, p->o.sut ? "world" : p->o.who, "start",
         json_pack("{s:o,s:i}", "argv", argv_json(p->o.argv), "pid", (int)child_pid(p->child)));
    if (p->o.started)
        p->o.started(p->o.arg, p);
    return 0;
}

int process_start(const struct process_options *o, struct process **ret, char **reterr)
{
    struct process *p = NEW(struct process);
    int e;

    p->o = *o;
    *ret = p; /* `started` may ask for it */
    e = run(p, reterr);
    if (e < 0)
        *ret = process_free(p);
    return e;
}

bool process_running(const struct process *p)
{
    return p && p->running;
}

int process_signal(struct process *p, int signum)
{
    return process_running(p) ? child_signal(p->child, signum) : -ESRCH;
}

static void stop_late(void *arg)
{
    struct process *p = arg;

    tell(p, "world", "killed", json_pack("{s:i,s:s}", "after_ms", (int)p->o.stop_ms, "of", p->o.who));
    (void)process_signal(p, SIGKILL);
}

static void end(struct process *p, int signum)
{
    p->stopping = true;
    (void)process_signal(p, signum);
    if (!p->kill)
        p->kill = timer_new(p->o.loop, p->o.stop_ms, stop_late, p);
}

void process_stop(struct process *p)
{
    if (!p)
        return;
    p->wanted = false;
    p->again = timer_free(p->again);
    if (process_running(p) && !p->stopping)
        end(p, SIGTERM);
}

int process_down(struct process *p, int signum)
{
    if (!process_running(p))
        return -ESRCH;
    p->told = true;
    p->wanted = false;
    end(p, signum);
    return 0;
}

int process_up(struct process *p, uint64_t after_ms)
{
    if (process_running(p) && !p->stopping)
        return -EALREADY;
    p->wanted = true;
    p->wait_ms = after_ms;
    if (!process_running(p) && !p->again)
        p->again = timer_new(p->o.loop, after_ms, run_again, p);
    return 0;
}

struct process *process_free(struct process *p)
{
    if (!p)
        return NULL;
    timer_free(p->kill);
    timer_free(p->again);
    child_free(p->child);
    free(p);
    return NULL;
}
