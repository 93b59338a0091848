#include "lib/serve/private_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/mem.h"

enum { FILES_MAX = 8 };

struct private_dir {
    char *path;
    char *files[FILES_MAX];
    int n;
};

int private_dir_new(const char *program, struct private_dir **ret, char **reterr)
{
    const char *tmp = getenv("TMPDIR");
    char *path = xasprintf("%s/%s-XXXXXX", tmp && *tmp ? tmp : "/tmp", program);
    if (!mkdtemp(path)) { /* 0700 */
        int r = -errno;
        *reterr = xasprintf("cannot make a private folder %s: %s; set TMPDIR to a folder that can be written", path,
                            strerror(-r));
        free(path);
        return r;
    }
    struct private_dir *d = NEW(struct private_dir);
    d->path = path;
    *ret = d;
    return 0;
}

const char *private_dir_path(const struct private_dir *d)
{
    return d->path;
}

static int write_new(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    size_t n = strlen(text);
    ssize_t w = write(fd, text, n);
    int r = w == (ssize_t)n ? 0 : -EIO;
    close(fd);
    return r;
}

const char *private_dir_file(struct private_dir *d, const char *name, const char *text)
{
    if (d->n == FILES_MAX)
        return NULL;
    char *path = xasprintf("%s/%s", d->path, name);
    if (text && write_new(path, text) < 0) {
        free(path);
        return NULL;
    }
    d->files[d->n++] = path;
    return path;
}

struct private_dir *private_dir_free(struct private_dir *d)
{
    if (!d)
        return NULL;
    for (int i = 0; i < d->n; i++) {
        (void)unlink(d->files[i]);
        free(d->files[i]);
    }
    (void)rmdir(d->path);
    free(d->path);
    free(d);
    return NULL;
}
