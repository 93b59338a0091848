/* Timers in order and on time, work put off to the end of a turn, children whose lines all arrive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/loop/loop.h"

static char order[64];

struct mark {
    struct timer *timer;
    char letter;
};

static void on_mark(void *arg)
{
    struct mark *m = arg;
    strncat(order, &m->letter, 1);
    m->timer = timer_free(m->timer); /* inside its own callback */
}

static void timers_fire_in_order(void **state)
{
    struct loop *loop = loop_new();
    struct mark marks[] = {{NULL, 'd'}, {NULL, 'a'}, {NULL, 'c'}, {NULL, 'b'}, {NULL, 'x'}};
    (void)state;
    order[0] = 0;
    marks[0].timer = timer_new(loop, 30, on_mark, &marks[0]);
    marks[1].timer = timer_new(loop, 0, on_mark, &marks[1]);
    marks[2].timer = timer_new(loop, 20, on_mark, &marks[2]);
    marks[3].timer = timer_new(loop, 10, on_mark, &marks[3]);
    marks[4].timer = timer_new(loop, 5, on_mark, &marks[4]);
    marks[4].timer = timer_free(marks[4].timer);
    assert_int_equal(loop_run(loop), 0); /* ends by itself: nothing is left to wait for */
    assert_string_equal(order, "abcd");
    loop_free(loop);
}

static void on_stop(void *arg)
{
    loop_stop(arg);
}

/* Awake between two timers or asleep: what happens is the same. */
static void lingering_changes_nothing(void **state)
{
    struct loop *loop = loop_new();
    struct mark marks[] = {{NULL, 'c'}, {NULL, 'a'}, {NULL, 'b'}};
    (void)state;
    order[0] = 0;
    loop_linger(loop, 3000);
    marks[0].timer = timer_new(loop, 12, on_mark, &marks[0]);
    marks[1].timer = timer_new(loop, 0, on_mark, &marks[1]);
    marks[2].timer = timer_new(loop, 2, on_mark, &marks[2]);
    assert_int_equal(loop_run(loop), 0); /* ends by itself here too */
    assert_string_equal(order, "abc");
    struct timer *stop = timer_new(loop, 1, on_stop, loop), *never = timer_new(loop, 100000, on_mark, &marks[0]);
    loop_run(loop); /* ends, with something left to wait for */
    assert_string_equal(order, "abc");
    timer_free(stop);
    timer_free(never);
    loop_free(loop);
}

static void many_timers_keep_their_order(void **state)
{
    enum { N = 500 };
    struct loop *loop = loop_new();
    struct timer *timers[N];
    uint32_t random = 7;
    (void)state;
    order[0] = 0;
    for (int i = 0; i < N; i++) {
        random = random * 1103515245u + 12345u;
        timers[i] = timer_new(loop, 100000 + (random >> 16), on_mark, NULL);
    }
    struct mark last = {NULL, '!'};
    last.timer = timer_new(loop, 1, on_mark, &last);
    for (int i = 0; i < N; i += 2)
        timers[i] = timer_free(timers[i]);
    for (int i = 1; i < N; i += 2)
        timers[i] = timer_free(timers[i]);
    loop_run(loop);
    assert_string_equal(order, "!");
    loop_free(loop);
}

static uint64_t fired_ns;
static void on_exact(void *arg)
{
    (void)arg;
    fired_ns = clock_ns();
}

static void timers_are_never_early(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct loop *loop = loop_new();
        uint64_t begin = clock_ns();
        struct timer *t = timer_new(loop, 3, on_exact, NULL);
        loop_run(loop);
        assert_true(fired_ns - begin >= 3000000);
        timer_free(t);
        loop_free(loop);
    }
}

struct deferring {
    struct loop *loop;
    int runs;
};

static void deferred(void *arg)
{
    struct deferring *d = arg;
    strncat(order, "D", 2);
    if (d->runs++ == 0)
        loop_defer(d->loop, deferred, d); /* from inside */
}

static void defer_from_timer(void *arg)
{
    struct deferring *d = arg;
    loop_defer(d->loop, deferred, d);
    strncat(order, "T", 2);
}

static void deferred_work_runs_after_the_callback(void **state)
{
    struct deferring d = {loop_new(), 0};
    (void)state;
    order[0] = 0;
    struct timer *t = timer_new(d.loop, 1, defer_from_timer, &d);
    loop_run(d.loop);
    assert_string_equal(order, "TDD");
    timer_free(t);
    loop_defer(d.loop, deferred, &d); /* never run: loop_free() does it */
    loop_free(d.loop);
    assert_string_equal(order, "TDDD");
}

struct seen {
    int events;
    struct watch *watch;
};

static void on_ready(void *arg, int events, int error)
{
    struct seen *s = arg;
    (void)error;
    s->events |= events;
    s->watch = watch_free(s->watch);
}

static void a_watch_tells_what_it_was_set_to(void **state)
{
    struct loop *loop = loop_new();
    int fds[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    struct seen reader = {0}, hangup = {0};
    reader.watch = watch_new(loop, fds[0], on_ready, &reader);
    watch_set(reader.watch, WATCH_READ);
    assert_int_equal(write(fds[1], "x", 1), 1);
    loop_run(loop);
    assert_int_equal(reader.events, WATCH_READ);
    hangup.watch = watch_new(loop, fds[0], on_ready, &hangup);
    watch_set(hangup.watch, WATCH_HANGUP);
    close(fds[1]);
    loop_run(loop);
    assert_true(hangup.events & WATCH_HANGUP);
    close(fds[0]);
    loop_free(loop);
}

static void on_term(void *arg, int signum)
{
    *(int *)arg = signum;
}

static void signals(void **state)
{
    struct loop *loop = loop_new();
    int got = 0;
    (void)state;
    struct sig *s = sig_new(loop, SIGUSR1, on_term, &got);
    struct timer *t = timer_new(loop, 20, (timer_fn)loop_stop, loop);
    kill(getpid(), SIGUSR1);
    loop_run(loop);
    assert_int_equal(got, SIGUSR1);
    sig_free(s);
    timer_free(t);
    loop_free(loop);
}

/* Children */

struct run {
    struct buf lines; /* "1:text|2:text|" */
    size_t longest;
    int64_t status;
    int signum;
    bool exited;
    struct child *child;
    bool free_at_line;
};

static void on_line(void *arg, int fd, const char *line, size_t len)
{
    struct run *r = arg;
    assert_false(r->exited);
    if (len > r->longest)
        r->longest = len;
    if (len < 100)
        buf_addf(&r->lines, "%d:%.*s|", fd, (int)len, line);
    if (r->free_at_line)
        r->child = child_free(r->child);
}

static void on_exited(void *arg, int64_t status, int signum)
{
    struct run *r = arg;
    r->exited = true;
    r->status = status;
    r->signum = signum;
}

static void run(struct run *r, const char *script)
{
    struct loop *loop = loop_new();
    char *argv[] = {(char *)"sh", (char *)"-c", (char *)script, NULL};
    char *envp[] = {(char *)"PATH=/usr/bin:/bin", (char *)"WORD=given", NULL};
    struct child_spec spec = {.file = "/bin/sh", .argv = argv, .envp = envp, .cwd = "/", .line = on_line,
                              .exited = on_exited, .arg = r};
    assert_int_equal(child_start(loop, &spec, &r->child), 0);
    assert_true(child_pid(r->child) > 0);
    loop_run(loop);
    buf_add(&r->lines, "", 1);
    r->child = child_free(r->child);
    loop_free(loop);
}

static void child_lines_and_status(void **state)
{
    struct run r = {0};
    (void)state;
    run(&r, "echo one; echo $WORD; pwd; echo; printf rest; exit 3");
    assert_string_equal((const char *)buf_data(&r.lines), "1:one|1:given|1:/|1:|1:rest|");
    assert_true(r.exited);
    assert_int_equal(r.status, 3);
    buf_done(&r.lines);
}

static void child_errors_are_told_apart(void **state)
{
    struct run r = {0};
    (void)state;
    run(&r, "echo bad >&2; kill -TERM $$");
    assert_string_equal((const char *)buf_data(&r.lines), "2:bad|");
    assert_int_equal(r.signum, SIGTERM);
    buf_done(&r.lines);
}

static void child_long_line_is_one(void **state)
{
    struct run r = {0};
    (void)state;
    run(&r, "head -c 1048576 /dev/zero | tr '\\0' x; echo; echo end");
    assert_int_equal(r.longest, 1048576);
    assert_string_equal((const char *)buf_data(&r.lines), "1:end|");
    buf_done(&r.lines);
}

static void child_exit_is_told_though_a_grandchild_holds_the_pipe(void **state)
{
    struct run r = {0};
    uint64_t begin = clock_ns();
    (void)state;
    run(&r, "sleep 4 & echo gone");
    assert_true(r.exited);
    assert_true(clock_ns() - begin < 3000000000u);
    assert_string_equal((const char *)buf_data(&r.lines), "1:gone|");
    buf_done(&r.lines);
}

static void child_freed_inside_its_line(void **state)
{
    struct run r = {.free_at_line = true};
    (void)state;
    run(&r, "echo a; echo b; sleep 100");
    assert_string_equal((const char *)buf_data(&r.lines), "1:a|");
    assert_false(r.exited);
    buf_done(&r.lines);
}

/* As /proc/PID/stat has it, behind the name in brackets. */
static char state_of(pid_t pid)
{
    char path[64], text[512] = "";
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
    fclose(f);
    return strrchr(text, ')')[2];
}

static void child_that_is_halted_stands_still_at_once(void **state)
{
    struct loop *loop = loop_new();
    struct run r = {0};
    char *argv[] = {(char *)"sh", (char *)"-c", (char *)"while :; do :; done", NULL};
    struct child_spec spec = {.file = "/bin/sh", .argv = argv, .line = on_line, .exited = on_exited, .arg = &r};
    (void)state;
    assert_int_equal(child_start(loop, &spec, &r.child), 0);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(child_signal(r.child, SIGSTOP), 0);
        assert_int_equal(state_of(child_pid(r.child)), 'T');
        assert_int_equal(child_signal(r.child, SIGSTOP), 0); /* halted already: nothing to wait for */
        assert_int_equal(child_signal(r.child, SIGCONT), 0);
    }
    assert_int_equal(child_signal(r.child, SIGKILL), 0);
    loop_run(loop);
    assert_int_equal(r.signum, SIGKILL);
    r.child = child_free(r.child);
    loop_free(loop);
}

static void child_that_is_no_program(void **state)
{
    struct loop *loop = loop_new();
    char *argv[] = {(char *)"x", NULL};
    struct child *c = NULL;
    struct child_spec spec = {.file = "/no/such/program", .argv = argv};
    (void)state;
    assert_int_equal(child_start(loop, &spec, &c), -ENOENT);
    assert_null(c);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order),
        cmocka_unit_test(lingering_changes_nothing),
        cmocka_unit_test(many_timers_keep_their_order),
        cmocka_unit_test(timers_are_never_early),
        cmocka_unit_test(deferred_work_runs_after_the_callback),
        cmocka_unit_test(a_watch_tells_what_it_was_set_to),
        cmocka_unit_test(signals),
        cmocka_unit_test(child_lines_and_status),
        cmocka_unit_test(child_errors_are_told_apart),
        cmocka_unit_test(child_long_line_is_one),
        cmocka_unit_test(child_exit_is_told_though_a_grandchild_holds_the_pipe),
        cmocka_unit_test(child_freed_inside_its_line),
        cmocka_unit_test(child_that_is_halted_stands_still_at_once),
        cmocka_unit_test(child_that_is_no_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
