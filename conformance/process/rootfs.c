/* A Pod-like root for one world.
 *
 * A tmpfs holds the new root; /usr and its companions are bound into it read-only, everything that a
 * scenario writes (token, certificates, resolver) lives in the tmpfs and is gone with the world. What is to
 * be bound is opened before anything is mounted over, because the tmpfs is mounted on /tmp, the one folder
 * that is there on every machine, and the component itself may lie below it.
 */
#include "conformance/process/rootfs.h"

#include <errno.h>
#include <stdbool.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/mem.h"

#define NEW_ROOT "/tmp"

static const char *const shared_folders[] = {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix"};
static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};

int folder_make(const char *path, mode_t mode)
{
    _cleanup_(freep) char *copy = NULL;

    if (mkdir(path, mode) == 0 || errno == EEXIST) /* the usual case: a world makes dozens */
        return 0;
    if (errno != ENOENT)
        return -errno;
    copy = xstrdup(path);
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(copy, 0755) < 0 && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return mkdir(copy, mode) < 0 && errno != EEXIST ? -errno : 0;
}

int file_write(const char *path, const void *p, size_t n, mode_t mode)
{
    const char *slash = strrchr(path, '/');
    int fd, e = 0;

    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0 && errno == ENOENT && slash && slash != path) {
        _cleanup_(freep) char *folder = xstrndup(path, (size_t)(slash - path));
        e = folder_make(folder, 0755);
        if (e < 0)
            return e;
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    }
    if (fd < 0)
        return -errno;
    for (size_t done = 0; done < n && !e;) {
        ssize_t w = write(fd, (const char *)p + done, n - done);
        if (w < 0)
            e = -errno;
        else
            done += (size_t)w;
    }
    close(fd);
    return e;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    (void)remove(path);
    return 0;
}

void folder_remove(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* Binds what fd names to `to`, read-only if asked. Flags of the origin are locked in a user namespace and
 * must be repeated, else the kernel refuses the second mount. */
static int bind_fd(int fd, const char *to, bool read_only)
{
    _cleanup_(freep) char *from = xasprintf("/proc/self/fd/%d", fd);
    struct statvfs v;
    unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY;

    if (mount(from, to, NULL, MS_BIND | MS_REC, NULL) < 0)
        return -errno;
    if (!read_only)
        return 0;
    if (statvfs(to, &v) == 0)
        flags |= (v.f_flag & ST_NOSUID ? MS_NOSUID : 0) | (v.f_flag & ST_NODEV ? MS_NODEV : 0) |
                 (v.f_flag & ST_NOEXEC ? MS_NOEXEC : 0) | (v.f_flag & ST_NOATIME ? MS_NOATIME : 0) |
                 (v.f_flag & ST_RELATIME ? MS_RELATIME : 0);
    (void)mount(NULL, to, NULL, flags, NULL); /* writable is no harm to the verdict */
    return 0;
}

struct origin {
    const char *name;
    int fd;         /* -1: not there, or a symbolic link */
    char link[256]; /* what the link says, "" if none */
};

static void origin_open(struct origin *o, const char *name)
{
    _cleanup_(freep) char *path = xasprintf("/%s", name);
    ssize_t n = readlink(path, o->link, sizeof(o->link) - 1);

    o->name = name;
    o->link[n > 0 ? n : 0] = 0;
    o->fd = n > 0 ? -1 : open(path, O_PATH | O_CLOEXEC);
}

static int origin_place(const struct origin *o)
{
    _cleanup_(freep) char *to = xasprintf(NEW_ROOT "/%s", o->name);
    int e;

    if (o->link[0])
        return symlink(o->link, to) < 0 ? -errno : 0;
    if (o->fd < 0)
        return 0;
    e = folder_make(to, 0755);
    return e ? e : bind_fd(o->fd, to, true);
}

static int file_place(int fd, const char *to, bool read_only)
{
    int e;

    if (fd < 0)
        return 0;
    e = file_write(to, "", 0, 0755);
    return e ? e : bind_fd(fd, to, read_only);
}

/* A private /proc needs one that nothing covers; a container's often is covered. Then the old one must do.
 */
static int proc_place(int old_proc)
{
    folder_make(NEW_ROOT "/proc", 0555);
    if (mount("proc", NEW_ROOT "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0)
        return 0;
    return bind_fd(old_proc, NEW_ROOT "/proc", false);
}

static int folders_make(void)
{
    static const char *const folders[] = {"/app", "/config", "/etc/ssl/certs", "/dev/shm", "/run/secrets",
                                          "/var", "/tmp",    "/tmp/home",      "/root"};

    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        _cleanup_(freep) char *path = xasprintf(NEW_ROOT "%s", folders[i]);
        int e = folder_make(path, 0755);
        if (e < 0)
            return e;
    }
    (void)chmod(NEW_ROOT "/tmp", 01777);
    return symlink("/run", NEW_ROOT "/var/run") < 0 ? -errno : 0;
}

static int enter(void)
{
    if (chdir(NEW_ROOT) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
        chdir("/") < 0)
        return -errno;
    return 0;
}

/* What is bound into the new root, opened before anything is mounted over it. */
struct ground {
    struct origin shared[ARRAY_SIZE(shared_folders)];
    int device[ARRAY_SIZE(devices)], ld_cache, old_proc;
    const struct rootfs_program *programs;
    int program[ROOTFS_PROGRAMS]; /* -1: none */
    const char *what;             /* that is being worked on */
};

static int ground_open(struct ground *g, const struct rootfs_program *programs)
{
    int e = 0;

    for (size_t i = 0; i < ARRAY_SIZE(shared_folders); i++)
        origin_open(&g->shared[i], shared_folders[i]);
    for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
        _cleanup_(freep) char *path = xasprintf("/dev/%s", devices[i]);
        g->device[i] = open(path, O_PATH | O_CLOEXEC);
    }
    g->ld_cache = open("/etc/ld.so.cache", O_PATH | O_CLOEXEC);
    g->old_proc = open("/proc", O_PATH | O_CLOEXEC);
    g->programs = programs;
    for (size_t i = 0; i < ROOTFS_PROGRAMS; i++)
        g->program[i] = -1;
    for (size_t i = 0; i < ROOTFS_PROGRAMS && programs[i].path && !e; i++) {
        g->what = programs[i].path;
        g->program[i] = open(programs[i].path, O_PATH | O_CLOEXEC);
        if (g->program[i] < 0)
            e = -errno;
    }
    return e;
}

static void ground_close(const struct ground *g)
{
    for (size_t i = 0; i < ARRAY_SIZE(shared_folders); i++)
        if (g->shared[i].fd >= 0)
            close(g->shared[i].fd);
    for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
        if (g->device[i] >= 0)
            close(g->device[i]);
    for (size_t i = 0; i < ROOTFS_PROGRAMS; i++)
        if (g->program[i] >= 0)
            close(g->program[i]);
    if (g->ld_cache >= 0)
        close(g->ld_cache);
    if (g->old_proc >= 0)
        close(g->old_proc);
}

static int programs_place(struct ground *g)
{
    int e = 0;

    for (size_t i = 0; i < ROOTFS_PROGRAMS && !e; i++) {
        _cleanup_(freep) char *app = NULL;
        if (g->program[i] < 0)
            continue;
        g->what = g->programs[i].path;
        app = xasprintf(NEW_ROOT "/app/%s", g->programs[i].name);
        e = file_place(g->program[i], app, true);
    }
    return e;
}

static int ground_place(struct ground *g)
{
    int e = 0;

    g->what = "mounts of its own";
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("world", NEW_ROOT, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=256m") < 0)
        return -errno;
    g->what = "its folders";
    e = folders_make();
    for (size_t i = 0; !e && i < ARRAY_SIZE(shared_folders); i++) {
        g->what = g->shared[i].name;
        e = origin_place(&g->shared[i]);
    }
    for (size_t i = 0; !e && i < ARRAY_SIZE(devices); i++) {
        _cleanup_(freep) char *to = xasprintf(NEW_ROOT "/dev/%s", devices[i]);
        g->what = devices[i];
        e = file_place(g->device[i], to, false);
    }
    if (!e) {
        g->what = "/proc";
        e = proc_place(g->old_proc);
    }
    if (!e) {
        g->what = "/etc/ld.so.cache";
        e = file_place(g->ld_cache, NEW_ROOT "/etc/ld.so.cache", true);
    }
    return e ? e : programs_place(g);
}

int rootfs_enter(const struct rootfs_program *programs, char **reterr)
{
    struct ground g = {.what = "the programs"};
    int e = ground_open(&g, programs);

    if (!e)
        e = ground_place(&g);
    if (!e) {
        g.what = "pivot_root";
        e = enter();
    }
    ground_close(&g);
    if (e)
        *reterr = xasprintf("file system of the world: %s: %s", g.what, strerror(-e));
    return e;
}
