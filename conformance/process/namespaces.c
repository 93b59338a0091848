/* Namespaces for one world.
 *
 * The child is made in all its namespaces at once and waits until its parent, who still has the rights, has
 * written who it is (uid_map). As root the whole range is mapped, so that files keep their owners; anybody
 * else becomes root inside, and nobody outside.
 */
#include "conformance/process/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/mem.h"

static int file_put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC), e = 0;

    if (fd < 0)
        return -errno;
    if (write(fd, text, strlen(text)) < 0)
        e = -errno;
    close(fd);
    return e;
}

static int map_put(pid_t pid, const char *map, const char *text)
{
    _cleanup_(freep) char *path = xasprintf("/proc/%d/%s", (int)pid, map);

    return file_put(path, text);
}

static int copy_own_map(pid_t pid, const char *map)
{
    _cleanup_(freep) char *own = xasprintf("/proc/self/%s", map);
    char text[4096], out[4096];
    size_t used = 0;
    FILE *f = fopen(own, "re");

    /* The ids that we have are mapped to themselves: a container's root has a part of the range only. */
    if (!f)
        return -errno;
    while (fgets(text, sizeof(text), f) && used < sizeof(out) - 64) {
        unsigned long inside, outside, count;
        if (sscanf(text, "%lu %lu %lu", &inside, &outside, &count) == 3)
            used += (size_t)snprintf(out + used, sizeof(out) - used, "%lu %lu %lu\n", inside, inside, count);
    }
    fclose(f);
    out[used] = 0;
    return map_put(pid, map, out);
}

static int map_write(pid_t pid)
{
    _cleanup_(freep) char *uid = xasprintf("0 %u 1\n", (unsigned)geteuid());
    _cleanup_(freep) char *gid = xasprintf("0 %u 1\n", (unsigned)getegid());
    int e;

    if (geteuid() == 0 && copy_own_map(pid, "uid_map") == 0 && copy_own_map(pid, "gid_map") == 0)
        return 0;
    (void)map_put(pid, "setgroups", "deny"); /* absent before Linux 3.19 */
    e = map_put(pid, "uid_map", uid);
    return e ? e : map_put(pid, "gid_map", gid);
}

static pid_t clone_into(uint64_t flags, int *ret_pidfd)
{
    struct clone_args a = {
        .flags = flags | CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)ret_pidfd, .exit_signal = SIGCHLD};

    return (pid_t)syscall(SYS_clone3, &a, sizeof(a));
}

/* The parent's word that the maps stand; without it the child is nobody and stops. */
static int wait_for_word(int fd)
{
    char word;
    ssize_t n;

    do
        n = read(fd, &word, 1);
    while (n < 0 && errno == EINTR);
    return n == 1 ? 0 : -EPIPE;
}

static pid_t wait_for(pid_t pid, int *ret_status)
{
    pid_t r;

    do
        r = waitpid(pid, ret_status, 0);
    while (r < 0 && errno == EINTR);
    return r;
}

/* Nothing of it was begun: the word never came. */
static void give_up(pid_t pid, int pidfd, int gate)
{
    int status;

    close(gate);
    close(pidfd);
    (void)wait_for(pid, &status);
}

int namespaces_start(int (*inside)(void *arg), void (*born)(void *arg, pid_t pid), void *arg, bool own,
                     int *ret_pidfd, char **reterr)
{
    const uint64_t all =
        CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC;
    int gate[2], e;
    pid_t pid;

    if (pipe2(gate, O_CLOEXEC) < 0)
        return -errno;
    pid = clone_into(own ? all : 0, ret_pidfd);
    if (pid < 0) {
        e = -errno;
        close(gate[0]);
        close(gate[1]);
        *reterr =
            xasprintf("namespaces cannot be made here: %s; cure: run as root, or allow user namespaces "
                      "(sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone), or use "
                      "--no-namespace",
                      strerror(-e));
        return e;
    }
    if (pid == 0) {
        close(gate[1]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (wait_for_word(gate[0]) < 0)
            _exit(3);
        close(gate[0]);
        exit(inside(arg));
    }
    close(gate[0]);
    e = own ? map_write(pid) : 0;
    if (e < 0) {
        give_up(pid, *ret_pidfd, gate[1]);
        *reterr =
            xasprintf("uid_map of the world: %s; cure: run as root, or use --no-namespace", strerror(-e));
        return e;
    }
    if (born)
        born(arg, pid);
    e = write(gate[1], "!", 1) == 1 ? 0 : -errno;
    if (e < 0)
        give_up(pid, *ret_pidfd, gate[1]);
    else
        close(gate[1]);
    return e < 0 ? e : pid;
}

static int nothing(void *arg)
{
    (void)arg;
    _exit(0);
}

int namespaces_try(char **reterr)
{
    int pidfd, status = 0, pid = namespaces_start(nothing, NULL, NULL, true, &pidfd, reterr);

    if (pid < 0)
        return pid;
    close(pidfd);
    if (wait_for(pid, &status) == pid && status == 0)
        return 0;
    *reterr = xasprintf("a world in namespaces ended with status %d; cure: run as root, or use --no-namespace",
                        status);
    return -EPERM;
}
