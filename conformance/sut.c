/* The component under test, from start to end. */
#include "conformance/sut.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conformance/sut_args.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"

struct sut {
    struct sut_options o;
    struct sut_args args; /* owned */
    struct child *child;  /* owned; NULL once freed */
    struct timer *kill;   /* owned */
    uint64_t started_ns;
    bool running, stopping, killed;
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

/* True: there was a secret in it, which does not stand in the file. */
static bool log_write(const struct sut *s, const char *line, size_t n)
{
    _cleanup_(freep) char *text = xstrndup(line, n);
    _cleanup_(freep) char *clean = events_redact(s->o.events, text);
    _cleanup_(freep) char *whole = xasprintf("%s\n", clean);

    if (s->o.log_fd >= 0 && write(s->o.log_fd, whole, strlen(whole)) < 0)
        fprintf(stderr, "conform: sut.log cannot be written: %s\n", strerror(errno));
    return strcmp(clean, text) != 0;
}

static void sut_line(void *arg, int fd, const char *line, size_t n)
{
    struct sut *s = arg;
    json_t *parsed = json_loadb(line, n, 0, NULL), *raw = text_json(line, n);

    bool leaked = log_write(s, line, n);

    if (!json_is_object(parsed)) {
        json_decref(parsed);
        parsed = json_pack("{s:O}", "text", raw);
    }
    events_emit(s->o.events, "agent", 0, 0, "log.line",
                json_pack("{s:i,s:o,s:o}", "fd", fd, "line", parsed, "raw", raw));
    if (leaked)
        events_emit(s->o.events, "world", 0, 0, "sut.leaked", NULL);
}

static void sut_exited(void *arg, int64_t status, int signum)
{
    struct sut *s = arg;

    s->running = false;
    s->status = status;
    s->signum = signum;
    s->lifetime_ms = (int64_t)((clock_ns() - s->started_ns) / 1000000);
    s->kill = timer_free(s->kill);
    events_emit(s->o.events, "agent", 0, 0, "sut.exit", sut_exit_json(s));
    s->o.exited(s->o.arg);
}

json_t *sut_exit_json(const struct sut *s)
{
    if (s->running)
        return json_null();
    return json_pack("{s:I,s:i,s:I}", "code", (json_int_t)s->status, "signal", s->signum, "lifetime_ms",
                     (json_int_t)s->lifetime_ms);
}

static json_t *argv_json(char **argv)
{
    json_t *list = json_array();

    for (char **a = argv; *a; a++)
        json_array_append_new(list, text_json(*a, strlen(*a)));
    return list;
}

int sut_start(const struct sut_options *o, struct sut **ret, char **reterr)
{
    struct sut *s = NEW(struct sut);
    struct child_spec spec = {.file = o->program, .line = sut_line, .exited = sut_exited, .arg = s};
    int e = sut_args_make(o->row, o->component, o->profile, o->prefix, &s->args, reterr);

    s->o = *o;
    if (!e) {
        spec.argv = s->args.argv;
        spec.envp = s->args.envp;
        s->started_ns = clock_ns();
        s->running = true;
        e = child_start(o->loop, &spec, &s->child);
        if (e < 0)
            *reterr = xasprintf("%s: cannot be started: %s", o->program, strerror(-e));
    }
    if (e < 0) {
        s->running = false;
        sut_free(s);
        return e;
    }
    events_emit(o->events, "world", 0, 0, "sut.start",
                json_pack("{s:o,s:i}", "argv", argv_json(s->args.argv), "pid", (int)child_pid(s->child)));
    *ret = s;
    return 0;
}

bool sut_running(const struct sut *s)
{
    return s && s->running;
}

int sut_signal(struct sut *s, int signum)
{
    return sut_running(s) ? child_signal(s->child, signum) : -ESRCH;
}

static void stop_late(void *arg)
{
    struct sut *s = arg;

    s->killed = true;
    events_emit(s->o.events, "world", 0, 0, "sut.killed", json_pack("{s:i}", "after_ms", (int)s->o.stop_ms));
    (void)sut_signal(s, SIGKILL);
}

void sut_stop(struct sut *s)
{
    if (!sut_running(s) || s->stopping)
        return;
    s->stopping = true;
    (void)sut_signal(s, SIGTERM);
    s->kill = timer_new(s->o.loop, s->o.stop_ms, stop_late, s);
}

struct sut *sut_free(struct sut *s)
{
    if (!s)
        return NULL;
    timer_free(s->kill);
    child_free(s->child);
    sut_args_done(&s->args);
    free(s);
    return NULL;
}
