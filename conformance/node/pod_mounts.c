/* A mount is a folder or a file under its path; what it covers waits beside it. */
#include "conformance/node/pod_mounts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/process/rootfs.h"
#include "lib/base/mem.h"

struct placed {
    char *path, *covered; /* owned; covered NULL: nothing was there */
};

struct pod_mounts {
    struct placed *items;
    size_t n;
};

static void uncover(const struct placed *p)
{
    folder_remove(p->path);
    if (p->covered)
        (void)rename(p->covered, p->path);
}

/* Takes path. */
static int cover(struct pod_mounts *m, char *path)
{
    struct stat st;
    bool there = lstat(path, &st) == 0;
    char *covered = there ? xasprintf("%s..covered-%zu", path, m->n) : NULL;

    if (there && rename(path, covered) < 0) {
        int e = -errno;
        free(covered);
        free(path);
        return e;
    }
    m->items = xrealloc(m->items, (m->n + 1) * sizeof(*m->items));
    m->items[m->n++] = (struct placed){path, covered};
    return 0;
}

static int folder_fill(const char *path, const json_t *files)
{
    int e = folder_make(path, 0755);
    const char *name;
    json_t *text;

    json_object_foreach((json_t *)files, name, text)
    {
        _cleanup_(freep) char *one = xasprintf("%s/%s", path, name);
        if (!e)
            e = file_write(one, json_string_value(text), json_string_length(text), 0644);
    }
    return e;
}

static int put(struct pod_mounts *m, const char *prefix, const json_t *mount)
{
    const char *path = json_string_value(json_object_get(mount, "path"));
    const json_t *file = json_object_get(mount, "file");
    size_t n = strlen(path);
    int e;

    while (n > 1 && path[n - 1] == '/')
        n--;
    if (*path != '/' || n == 1)
        return -EINVAL;
    e = cover(m, xasprintf("%s%.*s", prefix, (int)n, path));
    if (e)
        return e;
    path = m->items[m->n - 1].path;
    return file ? file_write(path, json_string_value(file), json_string_length(file), 0644)
                : folder_fill(path, json_object_get(mount, "folder"));
}

int pod_mounts_put(const char *prefix, const json_t *mounts, struct pod_mounts **ret, char **reterr)
{
    struct pod_mounts *m = NEW(struct pod_mounts);
    const json_t *one;
    size_t i;
    int e = 0;

    json_array_foreach((json_t *)mounts, i, one)
    {
        e = put(m, prefix, one);
        if (e) {
            *reterr = xasprintf("mounting to rootfs at \"%s\": %s", json_string_value(json_object_get(one, "path")), strerror(-e));
            break;
        }
    }
    *ret = e ? pod_mounts_undo(m) : m;
    return e;
}

struct pod_mounts *pod_mounts_undo(struct pod_mounts *m)
{
    if (!m)
        return NULL;
    for (size_t i = m->n; i-- > 0;) {
        uncover(&m->items[i]);
        free(m->items[i].path);
        free(m->items[i].covered);
    }
    free(m->items);
    free(m);
    return NULL;
}
