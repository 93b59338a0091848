/* A folder on disk as the content of a project: read whole, compared, committed when it differs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fakegitlab/repository_impl.h"
#include "lib/base/buf.h"

#define FILES_MAX 10000
#define BYTES_MAX (64u << 20)
#define DEPTH_MAX 100
#define QUIET_MS 50 /* editors and scripts write several files at once: one commit */

struct follower {
    struct store *store;
    const struct gl_project *project;
    struct folder_watch *watch; /* owned; NULL: there is no loop */
    char *folder;
};

struct scan {
    struct git_change *files; /* whose path and bytes are owned */
    size_t n, cap, bytes;
    struct lookup seen; /* of each path in the folder, its file */
    char **reterr;
};

/* ---- reading ----------------------------------------------------------------------------------------------- */

static int too_much(struct scan *s, const char *what)
{
    *s->reterr = xasprintf("the folder has %s; name one that holds only what belongs to the project", what);
    return -EFBIG;
}

static int keep(struct scan *s, char *path, void *bytes, size_t len, uint32_t mode)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 16;
        s->files = xrealloc(s->files, s->cap * sizeof(*s->files));
    }
    s->files[s->n++] = (struct git_change){.path = path, .bytes = bytes, .len = len, .mode = mode};
    s->bytes += len;
    if (s->n > FILES_MAX)
        return too_much(s, "more than 10000 files");
    return s->bytes > BYTES_MAX ? too_much(s, "more than 64 MiB") : 0;
}

static int read_file(struct scan *s, int dir, const char *name, const struct stat *st, const char *path)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    struct buf b = BUF_NULL;
    ssize_t r;
    do {
        r = read(fd, buf_reserve(&b, 65536), 65536);
        buf_added(&b, r > 0 ? (size_t)r : 0);
    } while (r > 0 && buf_len(&b) <= BYTES_MAX);
    int error = r < 0 ? -errno : 0;
    close(fd);
    if (error == 0)
        error = keep(s, xstrdup(path), xmemdup(buf_data(&b), buf_len(&b)), buf_len(&b),
                     st->st_mode & S_IXUSR ? 0100755 : 0100644);
    buf_done(&b);
    return error;
}

static int read_link(struct scan *s, int dir, const char *name, const char *path)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(dir, name, target, sizeof(target));
    return n < 0 ? 0 : keep(s, xstrdup(path), xmemdup(target, (size_t)n), (size_t)n, 0120000);
}

static int read_folder(struct scan *s, int fd, const char *prefix, int depth);

/* What has gone since it was listed is not there. */
static int read_one(struct scan *s, int dir, const char *name, const char *prefix, int depth)
{
    struct stat st;
    _cleanup_(freep) char *path = xasprintf("%s%s%s", prefix, *prefix ? "/" : "", name);
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (S_ISREG(st.st_mode))
        return read_file(s, dir, name, &st, path);
    if (S_ISLNK(st.st_mode))
        return read_link(s, dir, name, path);
    if (!S_ISDIR(st.st_mode) || depth >= DEPTH_MAX)
        return 0;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW);
    return fd < 0 ? (errno == ENOENT ? 0 : -errno) : read_folder(s, fd, path, depth + 1);
}

/* fd is taken. */
static int read_folder(struct scan *s, int fd, const char *prefix, int depth)
{
    DIR *dir = fdopendir(fd);
    int r = 0;
    if (!dir) {
        close(fd);
        return -ENOMEM;
    }
    for (struct dirent *e; r == 0 && (e = readdir(dir));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && strcasecmp(e->d_name, ".git") != 0)
            r = read_one(s, fd, e->d_name, prefix, depth);
    closedir(dir);
    return r;
}

static void scan_done(struct scan *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free((char *)s->files[i].path);
        free((void *)s->files[i].bytes);
    }
    free(s->files);
    lookup_done(&s->seen);
}

/* ---- comparing --------------------------------------------------------------------------------------------- */

static bool same(const struct git_entry *e, const struct git_change *c)
{
    return e->type == GIT_BLOB && e->mode == c->mode && e->size == c->len && memcmp(e->bytes, c->bytes, c->len) == 0;
}

/* What is gone comes first: a file may have become a folder, or the reverse. Borrows from scan and entries. */
static struct git_change *differences(struct scan *s, const struct git_entry *entries, size_t n_entries, size_t *ret_n)
{
    struct git_change *list = xcalloc(s->n + n_entries, sizeof(*list));
    size_t n = 0;
    struct lookup there = {0};
    for (size_t i = 0; i < s->n; i++)
        lookup_put_text(&s->seen, s->files[i].path, &s->files[i]);
    for (size_t i = 0; i < n_entries; i++) {
        if (entries[i].type != GIT_BLOB)
            continue;
        if (lookup_get_text(&s->seen, entries[i].path))
            lookup_put_text(&there, entries[i].path, (void *)&entries[i]);
        else
            list[n++] = (struct git_change){.path = entries[i].path};
    }
    for (size_t i = 0; i < s->n; i++) {
        const struct git_entry *e = lookup_get_text(&there, s->files[i].path);
        if (!e || !same(e, &s->files[i]))
            list[n++] = s->files[i];
    }
    lookup_done(&there);
    *ret_n = n;
    return list;
}

static int commit_scan(struct follower *f, struct scan *s)
{
    const struct git_commit *head = repository_head(f->project);
    struct git_entry *entries = NULL;
    json_t *errors = NULL;
    size_t n_entries = 0, n;
    if (head)
        (void)repository_list(f->project, head, "", true, &entries, &n_entries);
    struct git_change *changes = differences(s, entries, n_entries, &n);
    int r = n ? repository_commit_create(f->store, f->project,
                                         &(struct git_commit_spec){.changes = changes, .n_changes = n}, NULL, &errors)
              : 0;
    if (r < 0)
        *s->reterr = store_error_text(errors);
    json_decref(errors);
    free(changes);
    free(entries);
    return r;
}

static int sync_folder(struct follower *f, char **reterr)
{
    struct scan s = {.reterr = reterr};
    int fd = open(f->folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    int r = fd < 0 ? -errno : read_folder(&s, fd, "", 0);
    if (r == 0)
        r = commit_scan(f, &s);
    if (r < 0) {
        _cleanup_(freep) char *why = *reterr ? *reterr : xstrdup(strerror(-r));
        *reterr = xasprintf("the folder %s of the project %s cannot be read: %s", f->folder, f->project->path, why);
    }
    scan_done(&s);
    return r;
}

/* ---- following --------------------------------------------------------------------------------------------- */

static void on_change(void *arg)
{
    _cleanup_(freep) char *err = NULL;
    if (sync_folder(arg, &err) < 0)
        fprintf(stderr, "fakegitlab: %s; its content stays as it was\n", err);
}

struct follower *follower_free(struct follower *f)
{
    if (!f)
        return NULL;
    folder_watch_free(f->watch);
    free(f->folder);
    free(f);
    return NULL;
}

static int remember(struct store *s, struct gl_project *p, const char *folder)
{
    char *before = p->folder;
    p->folder = xstrdup(folder);
    if (project_save(s, p) < 0) {
        free(p->folder);
        p->folder = before;
        return -EIO;
    }
    free(before);
    return 0;
}

static int start(struct follower *f, char **reterr)
{
    struct store *s = f->store;
    int r = s->loop ? folder_watch_new(s->loop, f->folder, QUIET_MS, on_change, f, &f->watch) : 0;
    if (r == -ENOSPC)
        *reterr = xasprintf("the folder %s of the project %s cannot be watched: too many watches; raise "
                            "fs.inotify.max_user_watches", f->folder, f->project->path);
    else if (r < 0)
        *reterr = xasprintf("the folder %s of the project %s cannot be watched: %s", f->folder, f->project->path,
                            strerror(-r));
    return r < 0 ? r : sync_folder(f, reterr); /* watched first, so that nothing is missed */
}

int repository_follow(struct store *s, const struct gl_project *project, const char *folder, char **reterr)
{
    struct gl_project *p = project_mut(project);
    struct repository *repo = p->repository;
    if (!folder) {
        repo->follower = follower_free(repo->follower);
        return p->folder ? remember(s, p, NULL) : 0;
    }
    struct follower *f = NEW(struct follower);
    *f = (struct follower){.store = s, .project = p, .folder = realpath(folder, NULL)};
    int r = f->folder ? 0 : -errno;
    if (r < 0)
        *reterr = xasprintf("the folder %s of the project %s cannot be read: %s", folder, p->path, strerror(-r));
    if (r == 0)
        r = start(f, reterr);
    if (r == 0 && (r = remember(s, p, f->folder)) < 0)
        *reterr = xstrdup("The data folder cannot be written");
    if (r < 0) {
        follower_free(f);
        return r;
    }
    follower_free(repo->follower);
    repo->follower = f;
    return 0;
}
