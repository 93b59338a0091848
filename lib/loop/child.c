/* A child process, its output cut into lines.
 *
 * `exited` comes after the last line: when the process is gone and both pipes have ended. A grandchild that inherited
 * the pipes may hold them open for ever, so a second after the exit they are given up. */
#include "lib/loop/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"

#define LINE_MAX_LEN (4u << 20) /* longer ones are given out in pieces */
#define PIPE_PATIENCE_MS 1000

struct outlet {
    struct child *child;
    int fd, number; /* fd -1: ended */
    struct watch *watch;
    struct buf rest;
    size_t searched; /* so much of rest holds no newline */
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

static void give_line(struct outlet *o, size_t len, size_t skip)
{
    struct child *c = o->child;
    if (c->spec.line)
        c->spec.line(c->spec.arg, o->number, (const char *)buf_data(&o->rest), len);
    if (!c->freed)
        buf_consume(&o->rest, len + skip);
    o->searched = 0;
}

static void give_lines(struct outlet *o)
{
    while (!o->child->freed) {
        const uint8_t *p = buf_data(&o->rest);
        size_t n = buf_len(&o->rest);
        const uint8_t *newline = memchr(p + o->searched, '\n', n - o->searched);
        if (newline)
            give_line(o, (size_t)(newline - p), 1);
        else if (n > LINE_MAX_LEN)
            give_line(o, n, 0);
        else {
            o->searched = n;
            return;
        }
    }
}

static void outlet_close(struct outlet *o)
{
    if (o->fd < 0)
        return;
    o->watch = watch_free(o->watch);
    close(o->fd);
    o->fd = -1;
}

static void tell_if_over(struct child *c)
{
    if (c->freed || c->told || !c->exited || c->out[0].fd >= 0 || c->out[1].fd >= 0)
        return;
    c->told = true;
    c->patience = timer_free(c->patience);
    if (c->spec.exited)
        c->spec.exited(c->spec.arg, c->status, c->signum);
}

static void outlet_end(struct outlet *o)
{
    outlet_close(o);
    if (!o->child->freed && buf_len(&o->rest)) /* a last line without its newline */
        give_line(o, buf_len(&o->rest), 0);
}

static void on_output(void *arg, int events, int error)
{
    (void)events, (void)error;
    struct outlet *o = arg;
    uint8_t bytes[65536];
    ssize_t n = read(o->fd, bytes, sizeof bytes);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        watch_set(o->watch, WATCH_READ);
        return;
    }
    if (n > 0) {
        buf_add(&o->rest, bytes, (size_t)n);
        give_lines(o);
        if (!o->child->freed) {
            buf_trim(&o->rest);
            watch_set(o->watch, WATCH_READ);
        }
        return;
    }
    outlet_end(o);
    tell_if_over(o->child);
}

/* Takes what is in the pipe now; whoever still holds it may write on into nothing. */
static void outlet_give_up(struct outlet *o)
{
    uint8_t bytes[65536];
    ssize_t n;
    if (o->fd < 0)
        return;
    for (int i = 0; i < 64 && (n = read(o->fd, bytes, sizeof bytes)) > 0; i++)
        buf_add(&o->rest, bytes, (size_t)n);
    give_lines(o);
    outlet_end(o);
}

static void on_patience(void *arg)
{
    struct child *c = arg;
    for (int i = 0; i < 2 && !c->freed; i++)
        outlet_give_up(&c->out[i]);
    tell_if_over(c);
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
    struct child *c = h->data;
    buf_done(&c->out[0].rest);
    buf_done(&c->out[1].rest);
    free(c);
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
        fcntl(pipes[i][0], F_SETFL, O_NONBLOCK);
        c->out[i] = (struct outlet){.child = c, .fd = pipes[i][0], .number = i + 1};
        c->out[i].watch = watch_new(loop, pipes[i][0], on_output, &c->out[i]);
        watch_set(c->out[i].watch, WATCH_READ);
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
    return c->exited ? -ESRCH : uv_process_kill(&c->process, signum);
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
    outlet_close(&c->out[0]);
    outlet_close(&c->out[1]);
    c->patience = timer_free(c->patience);
    uv_close((uv_handle_t *)&c->process, on_closed);
    return NULL;
}
