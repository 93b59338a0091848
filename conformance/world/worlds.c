/* Orders to the zygote, and what comes back: its notices, and the worlds' own lines.
 *
 * `exited` comes after the last line: when the world is gone and both its pipes have ended. Without namespaces a
 * grandchild may hold them open for ever, so a second after the end they are given up. */
#include "conformance/world/worlds.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/world/zygote.h"
#include "lib/base/mem.h"
#include "lib/script/tls_setup.h"

enum { PIPE_PATIENCE_MS = 1000, END_PATIENCE_MS = 2000, ZYGOTE_FD = 3 };

struct outlet {
    struct world_run *run;
    struct lines *lines; /* owned */
    int number;
};

struct world_run {
    struct worlds *worlds;
    struct world_spec spec; /* without its job */
    uint64_t id;
    pid_t pid;
    struct outlet out[2];
    struct timer *patience; /* owned */
    int64_t status;
    int signum;
    bool gone, told;
    TAILQ_ENTRY(world_run) link;
};

struct worlds {
    struct loop *loop;
    struct watch *watch; /* owned; NULL: the zygote is gone */
    int sock;
    pid_t zygote;
    uint64_t last_id;
    TAILQ_HEAD(, world_run) runs;
};

static void run_line(void *arg, const char *line, size_t len)
{
    struct outlet *o = arg;

    o->run->spec.line(o->run->spec.arg, o->number, line, len);
}

static void tell_if_over(struct world_run *r)
{
    if (r->told || !r->gone || !lines_ended(r->out[0].lines) || !lines_ended(r->out[1].lines))
        return;
    r->told = true;
    r->patience = timer_free(r->patience);
    r->spec.exited(r->spec.arg, r->status, r->signum);
}

static void run_lines_end(void *arg)
{
    struct outlet *o = arg;

    tell_if_over(o->run);
}

static void run_patience(void *arg)
{
    struct world_run *r = arg;

    for (size_t i = 0; i < ARRAY_SIZE(r->out) && !r->told; i++)
        lines_give_up(r->out[i].lines);
}

static void run_gone(struct world_run *r, int64_t status, int signum)
{
    if (r->gone)
        return;
    r->gone = true;
    r->status = status;
    r->signum = signum;
    r->patience = timer_new(r->worlds->loop, PIPE_PATIENCE_MS, run_patience, r);
    tell_if_over(r);
}

static struct world_run *run_of(const struct worlds *w, uint64_t id)
{
    struct world_run *r;

    TAILQ_FOREACH(r, &w->runs, link)
    if (r->id == id)
        return r;
    return NULL;
}

static void on_notice(const struct worlds *w, const struct notice *n)
{
    struct world_run *r = run_of(w, n->id);

    if (!r)
        return;
    if (n->kind == NOTICE_BORN)
        r->pid = n->pid;
    else if (n->kind == NOTICE_GONE)
        run_gone(r, n->status, n->signum);
    else {
        r->spec.failed(r->spec.arg, n->text);
        run_gone(r, 0, 0);
    }
}

/* It does nothing that could end it; a person or the kernel's want of memory may. */
static void zygote_gone(struct worlds *w)
{
    struct world_run *r, *next;

    w->watch = watch_free(w->watch);
    for (r = TAILQ_FIRST(&w->runs); r; r = next) {
        next = TAILQ_NEXT(r, link);
        if (!r->gone)
            r->spec.failed(r->spec.arg, "the parent of all worlds has ended");
        run_gone(r, 0, SIGKILL);
    }
}

void worlds_kill(struct worlds *w)
{
    (void)kill(w->zygote, SIGKILL);
    if (w->watch)
        zygote_gone(w);
}

static void on_socket(void *arg, int events, int error)
{
    struct worlds *w = arg;
    struct notice n;
    ssize_t got;

    (void)events;
    (void)error;
    while ((got = recv(w->sock, &n, sizeof(n), MSG_DONTWAIT)) == sizeof(n)) {
        n.text[sizeof(n.text) - 1] = 0;
        on_notice(w, &n);
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        watch_set(w->watch, WATCH_READ);
    else
        zygote_gone(w);
}

static int zygote_spawn(struct worlds *w, const char *program, int theirs)
{
    char *argv[] = {"conform", "worlds", NULL};
    posix_spawn_file_actions_t actions;
    int e = posix_spawn_file_actions_init(&actions);

    if (e)
        return -e;
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, theirs, ZYGOTE_FD);
    e = posix_spawn(&w->zygote, program, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return -e;
}

int worlds_start(struct loop *loop, const char *program, struct worlds **ret)
{
    struct worlds *w = NEW(struct worlds);
    int pair[2], theirs, e = 0;

    TAILQ_INIT(&w->runs);
    w->loop = loop;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        e = -errno;
        free(w);
        return e;
    }
    w->sock = pair[0];
    theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, ZYGOTE_FD + 1); /* dup2() onto itself would leave it closed on exec */
    e = theirs < 0 ? -errno : zygote_spawn(w, program, theirs);
    close(pair[1]);
    if (theirs >= 0)
        close(theirs);
    if (e < 0) {
        close(w->sock);
        free(w);
        return e;
    }
    w->watch = watch_new(loop, w->sock, on_socket, w);
    watch_set(w->watch, WATCH_READ);
    *ret = w;
    return 0;
}

/* False: not in END_PATIENCE_MS. */
static bool zygote_ended(const struct worlds *w)
{
    struct pollfd p = {.fd = (int)syscall(SYS_pidfd_open, w->zygote, 0), .events = POLLIN};
    bool ended;

    if (p.fd < 0)
        return waitpid(w->zygote, NULL, WNOHANG) != 0;
    ended = poll(&p, 1, END_PATIENCE_MS) > 0;
    close(p.fd);
    if (ended)
        (void)waitpid(w->zygote, NULL, 0);
    return ended;
}

struct worlds *worlds_free(struct worlds *w)
{
    if (!w)
        return NULL;
    watch_free(w->watch);
    close(w->sock); /* that is its sign to end */
    if (!zygote_ended(w)) {
        (void)kill(w->zygote, SIGKILL);
        (void)zygote_ended(w);
    }
    free(w);
    return NULL;
}

/* A file without a name: the job holds a token, which no disk shall see. */
static int job_fd(const json_t *job)
{
    _cleanup_(freep) char *text = json_dumps(job, JSON_COMPACT);
    int fd = text ? memfd_create("job", MFD_CLOEXEC) : -1, e = fd < 0 ? -errno : 0;

    for (size_t at = 0, n = text ? strlen(text) : 0; !e && at < n;) {
        ssize_t put = pwrite(fd, text + at, n - at, (off_t)at);
        if (put < 0)
            e = -errno;
        else
            at += (size_t)put;
    }
    if (e && fd >= 0)
        close(fd);
    return !text ? -EINVAL : e ? e : fd;
}

static int order_send(const struct worlds *w, const struct order *o, const int *fd, size_t n)
{
    union {
        char bytes[CMSG_SPACE(3 * sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec iov = {(void *)o, sizeof(*o)};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t sent;

    if (n) {
        m.msg_control = &control;
        m.msg_controllen = CMSG_SPACE(n * sizeof(int));
        *CMSG_FIRSTHDR(&m) = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(n * sizeof(int))};
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), fd, n * sizeof(int));
    }
    do
        sent = sendmsg(w->sock, &m, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

int worlds_play(struct worlds *w, const struct world_spec *spec, struct world_run **ret)
{
    struct order o = {.id = ++w->last_id,
                      .kind = ORDER_PLAY,
                      .own_namespaces = spec->own_namespaces,
                      .rsa_keys = certificate_rsa_keys(json_object_get(spec->job, "row"))};
    int out[2] = {-1, -1}, err[2] = {-1, -1}, job = job_fd(spec->job), e = job < 0 ? job : 0;
    struct world_run *r;

    if (!e && (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0))
        e = -errno;
    if (!e)
        e = order_send(w, &o, (int[]){job, out[1], err[1]}, 3);
    if (job >= 0)
        close(job);
    if (out[1] >= 0)
        close(out[1]);
    if (err[1] >= 0)
        close(err[1]);
    if (e) {
        if (out[0] >= 0)
            close(out[0]);
        if (err[0] >= 0)
            close(err[0]);
        return e;
    }
    r = NEW(struct world_run);
    *r = (struct world_run){.worlds = w, .spec = *spec, .id = o.id};
    r->spec.job = NULL;
    for (int i = 0; i < 2; i++) {
        r->out[i] = (struct outlet){.run = r, .number = i + 1};
        r->out[i].lines = lines_new(w->loop, i ? err[0] : out[0], run_line, run_lines_end, &r->out[i]);
    }
    TAILQ_INSERT_TAIL(&w->runs, r, link);
    *ret = r;
    return 0;
}

pid_t world_run_pid(const struct world_run *r)
{
    return r->pid;
}

int world_run_signal(struct world_run *r, int signum)
{
    if (r->gone)
        return -ESRCH;
    return order_send(r->worlds, &(struct order){.id = r->id, .kind = ORDER_SIGNAL, .signum = signum}, NULL, 0);
}

void world_run_give_up(struct world_run *r)
{
    run_gone(r, 0, SIGKILL);
}

struct world_run *world_run_free(struct world_run *r)
{
    if (!r)
        return NULL;
    (void)world_run_signal(r, SIGKILL);
    TAILQ_REMOVE(&r->worlds->runs, r, link);
    timer_free(r->patience);
    for (size_t i = 0; i < ARRAY_SIZE(r->out); i++)
        lines_free(r->out[i].lines);
    free(r);
    return NULL;
}
