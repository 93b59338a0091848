/* Forks worlds.
 *
 * Nothing of a scenario is ever looked at here: the job is read by the world itself. So nothing that a row does
 * can spoil the rows after it. */
#include "conformance/world/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/process/namespaces.h"
#include "conformance/world/world.h"
#include "conformance/world/world_fakes.h"
#include "lib/base/mem.h"
#include "lib/script/tls_setup.h"

enum { JOB, OUT, ERR, DESCRIPTORS };
enum { HARNESS = 3 };

struct one {
    uint64_t id;
    int pidfd; /* owned */
};

struct zygote {
    int sock;
    struct pki *pki; /* owned; each world has it as it was before the first */
    struct one *worlds;
    struct pollfd *polls; /* [0]: sock, then one for each world */
    size_t n, cap;
};

struct birth {
    struct zygote *zygote;
    uint64_t id;
    int fd[DESCRIPTORS];
};

static void notify(const struct zygote *z, const struct notice *n)
{
    ssize_t r;

    do
        r = send(z->sock, n, sizeof(*n), MSG_NOSIGNAL);
    while (r < 0 && errno == EINTR);
}

/* In the world: nothing of the zygote's but what is warm. */
static int world_begin(void *arg)
{
    struct birth *b = arg;
    json_error_t err;
    json_t *job;
    FILE *f;
    int code;

    close(b->zygote->sock);
    for (size_t i = 0; i < b->zygote->n; i++)
        close(b->zygote->worlds[i].pidfd);
    free(b->zygote->worlds);
    free(b->zygote->polls);
    (void)setsid();
    if (dup2(b->fd[OUT], STDOUT_FILENO) < 0 || dup2(b->fd[ERR], STDERR_FILENO) < 0)
        return HARNESS;
    close(b->fd[OUT]);
    close(b->fd[ERR]);
    f = fdopen(b->fd[JOB], "r");
    job = f ? json_loadf(f, 0, &err) : NULL;
    if (f)
        fclose(f);
    if (!job) {
        fprintf(stderr, "conform: the job of a world cannot be read: %s\n", f ? err.text : strerror(errno));
        return HARNESS;
    }
    code = world_row(job, b->zygote->pki);
    json_decref(job);
    pki_free(b->zygote->pki);
    return code;
}

static void born(void *arg, pid_t pid)
{
    const struct birth *b = arg;

    notify(b->zygote, &(struct notice){.id = b->id, .kind = NOTICE_BORN, .pid = (int)pid});
}

static void world_add(struct zygote *z, uint64_t id, int pidfd)
{
    if (z->n == z->cap) {
        z->cap = z->cap ? z->cap * 2 : 16;
        z->worlds = xrealloc(z->worlds, z->cap * sizeof(*z->worlds));
        z->polls = xrealloc(z->polls, (z->cap + 1) * sizeof(*z->polls));
    }
    z->worlds[z->n++] = (struct one){.id = id, .pidfd = pidfd};
    z->polls[z->n] = (struct pollfd){.fd = pidfd, .events = POLLIN};
}

static void world_remove(struct zygote *z, size_t i)
{
    close(z->worlds[i].pidfd);
    z->n--;
    z->worlds[i] = z->worlds[z->n];
    z->polls[i + 1] = z->polls[z->n + 1];
}

/* An RSA key of 4096 bits takes a second and more: for the first world that wants one, not for each. */
static void stock_keys(struct zygote *z, unsigned wanted)
{
    if (wanted & CERTIFICATE_RSA_2048)
        pki_stock_key(z->pki, 2048);
    if (wanted & CERTIFICATE_RSA_4096)
        pki_stock_key(z->pki, 4096);
}

static void order_play(struct zygote *z, const struct order *o, const int fd[DESCRIPTORS])
{
    struct birth b = {.zygote = z, .id = o->id, .fd = {fd[JOB], fd[OUT], fd[ERR]}};
    _cleanup_(freep) char *err = NULL;
    int pidfd = -1, e = namespaces_start(world_begin, born, &b, o->own_namespaces, &pidfd, &err);

    if (e < 0) {
        struct notice n = {.id = o->id, .kind = NOTICE_FAILED};
        snprintf(n.text, sizeof(n.text), "%s", err ? err : strerror(-e));
        notify(z, &n);
        return;
    }
    world_add(z, o->id, pidfd);
}

static void order_signal(const struct zygote *z, const struct order *o)
{
    for (size_t i = 0; i < z->n; i++)
        if (z->worlds[i].id == o->id)
            (void)syscall(SYS_pidfd_send_signal, z->worlds[i].pidfd, o->signum, NULL, 0);
}

/* False: the other side is gone. */
static bool order_take(struct zygote *z)
{
    struct order o;
    int fd[DESCRIPTORS];
    union {
        char bytes[CMSG_SPACE(sizeof(fd))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {&o, sizeof(o)};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(z->sock, &m, MSG_CMSG_CLOEXEC);
    struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;

    if (n < 0 && errno == EINTR)
        return true;
    if (n != sizeof(o))
        return false;
    if (o.kind == ORDER_SIGNAL) {
        order_signal(z, &o);
    } else if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(fd))) {
        memcpy(fd, CMSG_DATA(c), sizeof(fd));
        stock_keys(z, o.rsa_keys);
        order_play(z, &o, fd);
        for (size_t i = 0; i < DESCRIPTORS; i++)
            close(fd[i]);
    }
    return true;
}

static void world_reap(struct zygote *z, size_t i)
{
    struct notice n = {.id = z->worlds[i].id, .kind = NOTICE_GONE};
    siginfo_t info = {0};

    if (waitid(P_PIDFD, (id_t)z->worlds[i].pidfd, &info, WEXITED) < 0)
        info.si_code = CLD_EXITED;
    n.status = info.si_code == CLD_EXITED ? info.si_status : 0;
    n.signum = info.si_code == CLD_EXITED ? 0 : info.si_status;
    world_remove(z, i);
    notify(z, &n);
}

static void serve(struct zygote *z)
{
    for (;;) {
        if (poll(z->polls, z->n + 1, -1) < 0 && errno != EINTR)
            return;
        for (size_t i = z->n; i-- > 0;)
            if (z->polls[i + 1].revents)
                world_reap(z, i);
        if (z->polls[0].revents && !order_take(z))
            return;
    }
}

int zygote_main(int sock)
{
    struct zygote z = {.sock = sock};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setsid(); /* a person's Ctrl-C is for our parent, who ends us in order */
    (void)fcntl(sock, F_SETFD, FD_CLOEXEC);
    /* Worlds end with all of OpenSSL in their memory: freeing it would cost each of them a millisecond. */
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    z.pki = fakes_warm_pki();
    z.polls = xcalloc(1, sizeof(*z.polls));
    z.polls[0] = (struct pollfd){.fd = sock, .events = POLLIN};
    serve(&z);
    for (size_t i = 0; i < z.n; i++)
        close(z.worlds[i].pidfd);
    free(z.worlds);
    free(z.polls);
    pki_free(z.pki);
    close(sock);
    return 0;
}
