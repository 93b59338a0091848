/* A child process, its output cut into lines.
 *
 * `exited` comes after the last line: when the process is gone and both pipes have ended. A grandchild that inherited
 * the pipes may hold them open for ever, so a second after the exit they are given up. */
#include "lib/loop/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "lib/base/mem.h"

#define PIPE_PATIENCE_MS 1000

struct outlet {
    struct child *child;
    struct lines *lines;
    int number;
};

struct child {
    uv_process_t process;
    struct loop *loop;
    struct child_spec spec; /* only line, exited, arg are used after the start */
    struct outlet out[2];
    struct timer *patience;
    int64_t status;
    int signum;
    bool exited, told, freed;
};

static void on_line(void *arg, const char *line, size_t len)
{
    struct outlet *o = arg;
    struct child *c = o->child;
    if (c->spec.line)
        c->spec.line(c->spec.arg, o->number, line, len);
}

static void tell_if_over(struct child *c)
{
    if (c->freed || c->told || !c->exited || !lines_ended(c->out[0].lines) || !lines_ended(c->out[1].lines))
        return;
    c->told = true;
    c->patience = timer_free(c->patience);
    if (c->spec.exited)
        c->spec.exited(c->spec.arg, c->status, c->signum);
}

static void on_lines_end(void *arg)
{
    tell_if_over(((struct outlet *)arg)->child);
}

static void on_patience(void *arg)
{
    struct child *c = arg;
    for (int i = 0; i < 2 && !c->freed; i++)
        lines_give_up(c->out[i].lines);
}

static void on_exit_of(uv_process_t *p, int64_t status, int signum)
{
    struct child *c = p->data;
    c->exited = true;
    c->status = status;
    c->signum = signum;
    if (c->freed)
        return;
    c->patience = timer_new(c->loop, PIPE_PATIENCE_MS, on_patience, c);
    tell_if_over(c);
}

static void on_closed(uv_handle_t *h)
{
    free(h->data);
}

int child_start(struct loop *loop, const struct child_spec *spec, struct child **ret)
{
    int pipes[2][2], r;
    if (pipe2(pipes[0], O_CLOEXEC) < 0)
        return -errno;
    if (pipe2(pipes[1], O_CLOEXEC) < 0) {
        r = -errno;
        close(pipes[0][0]);
        close(pipes[0][1]);
        return r;
    }
    struct child *c = NEW(struct child);
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = pipes[0][1]},
        {.flags = UV_INHERIT_FD, .data.fd = pipes[1][1]},
    };
    uv_process_options_t options = {
        .file = spec->file, .args = spec->argv, .env = spec->envp, .cwd = spec->cwd,
        .exit_cb = on_exit_of, .stdio = stdio, .stdio_count = 3,
    };
    c->loop = loop;
    c->spec = *spec;
    c->process.data = c;
    for (int i = 0; i < 2; i++) {
        c->out[i] = (struct outlet){.child = c, .number = i + 1};
        c->out[i].lines = lines_new(loop, pipes[i][0], on_line, on_lines_end, &c->out[i]);
    }
    r = uv_spawn(loop_uv(loop), &c->process, &options);
    close(pipes[0][1]);
    close(pipes[1][1]);
    if (r < 0) {
        c->exited = true;
        child_free(c);
        return r; /* libuv's errors are -errno here */
    }
    *ret = c;
    return 0;
}

pid_t child_pid(const struct child *c)
{
    return c->process.pid;
}

int child_signal(struct child *c, int signum)
{
    siginfo_t info;
    int r = c->exited ? -ESRCH : uv_process_kill(&c->process, signum);

    /* The signal stops nothing before the kernel gives it to a thread, and on a busy machine others run on until then. What
     * waitid() tells is left for libuv, which asks for exits only. */
    if (r == 0 && signum == SIGSTOP)
        while (waitid(P_PID, (id_t)c->process.pid, &info, WSTOPPED | WEXITED | WNOWAIT) < 0 && errno == EINTR)
            ;
    return r;
}

struct child *child_free(struct child *c)
{
    if (!c || c->freed)
        return NULL;
    c->freed = true;
    if (!c->exited) {
        /* Waited for here: once the handle is closed nobody would, and a zombie would stay. */
        kill(c->process.pid, SIGKILL);
        while (waitpid(c->process.pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    for (int i = 0; i < 2; i++)
        c->out[i].lines = lines_free(c->out[i].lines);
    c->patience = timer_free(c->patience);
    uv_close((uv_handle_t *)&c->process, on_closed);
    return NULL;
}
