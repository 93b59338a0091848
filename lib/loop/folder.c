/* A folder that is watched, with all beneath: inotify, one descriptor, one watch a folder.
 *
 * What was changed is not told, only that something was: whoever reads the folder again sees it whole. Before telling, the
 * folders are watched anew, so that nothing falls between the watching of a new folder and the reading of it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/loop/loop.h"

#define DEPTH_MAX 100
#define PATIENCE 20 /* times quiet_ms: then it is told although changes go on */
#define WANTED                                                                                                         \
    (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF |   \
     IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)

struct folder_watch {
    struct loop *loop;
    char *path;
    int fd;
    uint64_t quiet_ms, first_ns; /* first_ns: when the first change came that was not told yet; 0: none */
    struct watch *watch;
    struct timer *quiet;
    folder_fn fn;
    void *arg;
};

/* 0 or -errno; that one beneath has gone meanwhile is no error. */
static int watch_tree(struct folder_watch *f, const char *path, int depth)
{
    if (inotify_add_watch(f->fd, path, WANTED | (depth ? IN_DONT_FOLLOW : 0)) < 0)
        return depth && (errno == ENOENT || errno == ENOTDIR || errno == EACCES) ? 0 : -errno;
    DIR *dir = depth < DEPTH_MAX ? opendir(path) : NULL;
    int r = 0;
    for (struct dirent *e; dir && r == 0 && (e = readdir(dir));) {
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || strcmp(e->d_name, ".git") == 0)
            continue;
        bool folder = e->d_type == DT_DIR ||
                      (e->d_type == DT_UNKNOWN && fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                       S_ISDIR(st.st_mode));
        _cleanup_(freep) char *inner = folder ? xasprintf("%s/%s", path, e->d_name) : NULL;
        if (inner)
            r = watch_tree(f, inner, depth + 1);
    }
    if (dir)
        closedir(dir);
    return r;
}

static void on_quiet(void *arg)
{
    struct folder_watch *f = arg;
    f->quiet = timer_free(f->quiet);
    f->first_ns = 0;
    int r = watch_tree(f, f->path, 0);
    if (r < 0)
        fprintf(stderr, "fakekas: the folder %s cannot be watched: %s\n", f->path, strerror(-r));
    f->fn(f->arg);
}

static void on_change(void *arg, int events, int error)
{
    struct folder_watch *f = arg;
    char buffer[8192];
    bool any = false;
    while (read(f->fd, buffer, sizeof(buffer)) > 0) /* an overflow of the queue is a change like any other */
        any = true;
    if (!any)
        return;
    if (!f->first_ns)
        f->first_ns = clock_ns();
    else if (clock_ns() - f->first_ns > f->quiet_ms * PATIENCE * 1000000u)
        return; /* the timer that runs is the last one */
    timer_free(f->quiet);
    f->quiet = timer_new(f->loop, f->quiet_ms, on_quiet, f);
}

int folder_watch_new(struct loop *loop, const char *path, uint64_t quiet_ms, folder_fn fn, void *arg,
                     struct folder_watch **ret)
{
    struct folder_watch *f = NEW(struct folder_watch);
    f->loop = loop;
    f->path = xstrdup(path);
    f->quiet_ms = quiet_ms;
    f->fn = fn;
    f->arg = arg;
    f->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    int r = f->fd < 0 ? -errno : watch_tree(f, path, 0);
    if (r == 0 && !(f->watch = watch_new(loop, f->fd, on_change, f)))
        r = -EIO;
    if (r < 0) {
        folder_watch_free(f);
        return r;
    }
    watch_set(f->watch, WATCH_READ);
    *ret = f;
    return 0;
}

struct folder_watch *folder_watch_free(struct folder_watch *f)
{
    if (!f)
        return NULL;
    timer_free(f->quiet);
    watch_free(f->watch);
    if (f->fd >= 0)
        close(f->fd);
    free(f->path);
    free(f);
    return NULL;
}
