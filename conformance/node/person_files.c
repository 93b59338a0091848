/* What lies in a person's folder, and the kubectl that they have. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conformance/node/world_person.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

enum { MANIFEST_MAX = 1024 * 1024 };

static void replace_one(struct buf *out, const char *text, const char *old, const char *new)
{
    const char *at;

    while ((at = strstr(text, old))) {
        buf_add(out, text, (size_t)(at - text));
        buf_add(out, new, strlen(new));
        text = at + strlen(old);
    }
    buf_add(out, text, strlen(text));
}

char *person_replace(const char *text, const json_t *replace, char **reterr)
{
    char *now = xstrdup(text);
    const char *old;
    json_t *new;

    json_object_foreach((json_t *)replace, old, new)
    {
        struct buf b = BUF_NULL;
        if (!*old || !strstr(now, old) || !json_is_string(new)) {
            *reterr = xasprintf("\"%s\" is not in it", old);
            free(now);
            return NULL;
        }
        replace_one(&b, now, old, json_string_value(new));
        free(now);
        now = xstrndup((const char *)buf_data(&b), buf_len(&b));
        buf_done(&b);
    }
    return now;
}

static char *file_read(const char *path)
{
    FILE *f = fopen(path, "re");
    struct buf b = BUF_NULL;
    char *text = NULL;
    size_t n;

    if (!f)
        return NULL;
    while (buf_len(&b) < MANIFEST_MAX && (n = fread(buf_reserve(&b, 8192), 1, 8192, f)) > 0)
        buf_added(&b, n);
    if (!ferror(f))
        text = xstrndup((const char *)buf_data(&b), buf_len(&b));
    fclose(f);
    buf_done(&b);
    return text;
}

static char *read_one(json_t *files, const char *name, const json_t *what, const char *fixtures)
{
    const char *manifest = json_string_value(json_object_get(what, "manifest"));
    _cleanup_(freep) char *path = xasprintf("%s/manifests/%s", fixtures, manifest), *text = file_read(path), *err = NULL, *done = NULL;

    if (!text)
        return xasprintf("person.files.%s: %s: %s", name, path, strerror(errno));
    done = person_replace(text, json_object_get(what, "replace"), &err);
    if (!done)
        return xasprintf("person.files.%s: %s: %s", name, path, err);
    json_object_set_new(files, name, json_string(done));
    return NULL;
}

char *person_files_read(json_t *row, const char *fixtures)
{
    json_t *files = json_object_get(json_object_get(row, "person"), "files"), *what;
    char *wrong = NULL;
    const char *name;
    void *next;

    json_object_foreach_safe(files, next, name, what) if (!wrong && json_object_get(what, "manifest"))
        wrong = read_one(files, name, what, fixtures);
    return wrong;
}

static char *found_in(const char *folder, size_t n)
{
    char *path = xasprintf("%.*s/kubectl", (int)n, folder);

    if (n && access(path, X_OK) == 0)
        return path;
    free(path);
    return NULL;
}

char *person_kubectl(char **reterr)
{
    const char *peers = getenv("FAKEKAS_PEERS"), *home = getenv("HOME"), *path = getenv("PATH");
    _cleanup_(freep) char *folder = peers ? xstrdup(peers) : xasprintf("%s/peers", home ? home : "");
    char *found = found_in(folder, strlen(folder));

    for (const char *p = path; p && *p && !found; p += strcspn(p, ":"), p += *p == ':')
        found = found_in(p, strcspn(p, ":"));
    if (!found)
        *reterr = xstrdup("needs kubectl; cure: apt-get install kubernetes-client, or unpack that package's kubectl into $FAKEKAS_PEERS "
                          "(default ~/peers)");
    return found;
}
