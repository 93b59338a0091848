/* Components under test: found in a folder or named, each asked for its version. */
#include "conformance/components.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/profile.h"
#include "conformance/judge/regex.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"

enum { ASK_MS = 10000 };

#define REFERENCE_VERSION "14.7" /* what the reference agent behaves as */

static void component_done(struct component *c)
{
    free(c->name);
    free(c->kind);
    free(c->version);
    free(c->path);
    free(c->mutant);
    json_decref(c->profile);
}

void components_done(struct components *c)
{
    for (size_t i = 0; i < c->n; i++)
        component_done(&c->items[i]);
    free(c->items);
    *c = (struct components){0};
}

static struct component *components_new(struct components *c)
{
    c->items = xrealloc(c->items, (c->n + 1) * sizeof(*c->items));
    c->items[c->n] = (struct component){0};
    return &c->items[c->n++];
}

char *version_short(const char *version)
{
    const char *v = *version == 'v' ? version + 1 : version;
    size_t n = strlen(v), dots = 0;

    for (const char *p = v; *p; p++)
        dots += *p == '.';
    if (dots == 2 && n > 2 && strcmp(v + n - 2, ".0") == 0)
        n -= 2;
    return xstrndup(v, n);
}

/* Reads until the end of file or the deadline. */
static void read_all(int fd, struct buf *out, uint64_t deadline_ns)
{
    for (;;) {
        uint64_t now = clock_ns();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t n;
        if (now >= deadline_ns || buf_len(out) > 65536 ||
            poll(&p, 1, (int)((deadline_ns - now) / 1000000) + 1) <= 0)
            return;
        n = read(fd, buf_reserve(out, 4096), 4096);
        if (n <= 0)
            return;
        buf_added(out, (size_t)n);
    }
}

/* What the program prints when asked, on either stream. New string or NULL. */
static char *ask(const char *path, const json_t *how)
{
    const char *argv[8] = {path};
    struct buf out = BUF_NULL;
    size_t n = json_array_size(how);
    char *text;
    int pair[2];
    pid_t pid;

    for (size_t i = 0; i < n && i < ARRAY_SIZE(argv) - 2; i++)
        argv[i + 1] = json_string_value(json_array_get(how, i));
    if (pipe2(pair, O_CLOEXEC) < 0)
        return NULL;
    pid = fork();
    if (pid == 0) {
        dup2(pair[1], 1);
        dup2(pair[1], 2);
        execv(path, (char *const *)argv);
        _exit(127);
    }
    close(pair[1]);
    read_all(pair[0], &out, clock_ns() + (uint64_t)ASK_MS * 1000000);
    close(pair[0]);
    if (pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    text = xstrndup((const char *)buf_data(&out), buf_len(&out));
    buf_done(&out);
    return text;
}

static bool is_unnamed(const json_t *list, const char *version)
{
    json_t *one;
    size_t i;

    json_array_foreach(list, i, one) if (json_is_string(one) &&
                                         strcmp(json_string_value(one), version) == 0) return true;
    return false;
}

/* "…/agentk-head" -> "head"; without a dash "head" too: nothing older is unnamed. */
static char *version_of_file(const char *path)
{
    const char *base = strrchr(path, '/'), *dash;

    base = base ? base + 1 : path;
    dash = strrchr(base, '-');
    return xstrdup(dash && dash[1] ? dash + 1 : "head");
}

static char *version_ask(const char *path, const json_t *profile, char **reterr)
{
    const json_t *v = json_object_get(profile, "version");
    const char *parse = json_string_value(json_object_get(v, "parse"));
    _cleanup_(freep) char *text = ask(path, json_object_get(v, "ask"));
    _cleanup_(freep) char *found = NULL;

    if (text && parse)
        found = regex_group(parse, text, 1);
    if (!found) {
        *reterr = xasprintf(
            "%s: does not tell its version when asked; cure: is it the program that you meant?", path);
        return NULL;
    }
    return is_unnamed(json_object_get(v, "unnamed"), found) ? version_of_file(path) : version_short(found);
}

static json_t *profile_of(const char *fixtures, const char *kind, char **reterr)
{
    struct problems *p = problems_new();
    json_t *profile = profile_load(fixtures, kind, p);

    if (!profile) {
        _cleanup_(freep) char *text = problems_text(p);
        *reterr = xasprintf("no profile for component \"%s\": %s", kind, text);
    }
    problems_free(p);
    return profile;
}

static int add(struct components *c, const char *fixtures, const char *kind, const char *path, char **reterr)
{
    json_t *profile = profile_of(fixtures, kind, reterr), *resolved = NULL;
    char *version = profile ? version_ask(path, profile, reterr) : NULL;
    struct component *one;

    if (version)
        resolved = profile_resolve(profile, kind, version, reterr);
    json_decref(profile);
    if (!resolved) {
        free(version);
        return -EINVAL;
    }
    one = components_new(c);
    *one = (struct component){.name = xstrdup(kind),
                              .kind = xstrdup(kind),
                              .version = version,
                              .path = xstrdup(path),
                              .profile = resolved,
                              .real = true};
    return 0;
}

int components_add(struct components *c, const char *fixtures, const char *spec, char **reterr)
{
    const char *equals = strchr(spec, '=');
    _cleanup_(freep) char *kind = equals ? xstrndup(spec, (size_t)(equals - spec)) : NULL;
    char path[PATH_MAX];

    if (!equals || equals == spec) {
        *reterr = xasprintf("--sut %s: expected COMPONENT=PATH, for instance agentk=./agentk", spec);
        return -EINVAL;
    }
    if (!realpath(equals + 1, path) || access(path, X_OK) < 0) {
        *reterr = xasprintf("--sut %s: %s: %s", spec, equals + 1, strerror(errno));
        return -errno;
    }
    return add(c, fixtures, kind, path, reterr);
}

static int names_only(const struct dirent *d)
{
    return d->d_name[0] != '.' && strchr(d->d_name, '-') != NULL;
}

static bool has_profile(const char *fixtures, const char *kind)
{
    _cleanup_(freep) char *path = xasprintf("%s/profiles/%s.yaml", fixtures, kind);

    return access(path, R_OK) == 0;
}

static bool is_program(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

void components_find(struct components *c, const char *fixtures, const char *folder, const char *kind)
{
    struct dirent **names = NULL;
    int n = scandir(folder, &names, names_only, versionsort);

    for (int i = 0; i < n; i++) {
        const char *name = names[i]->d_name;
        _cleanup_(freep) char *own = xstrndup(name, (size_t)(strrchr(name, '-') - name));
        _cleanup_(freep) char *path = xasprintf("%s/%s", folder, name), *spec = xasprintf("%s=%s", own, path);
        _cleanup_(freep) char *err = NULL;
        if ((!kind || strcmp(own, kind) == 0) && has_profile(fixtures, own) && is_program(path) &&
            components_add(c, fixtures, spec, &err) < 0)
            fprintf(stderr, "conform: left out: %s\n", err);
        free(names[i]);
    }
    free(names);
}

int components_add_reference(struct components *c, const char *fixtures, const char *path,
                             const char *mutant, char **reterr)
{
    json_t *profile, *resolved;
    struct component *one;

    if (access(path, X_OK) < 0) {
        *reterr = xasprintf("%s: %s; cure: meson compile -C build", path, strerror(errno));
        return -errno;
    }
    profile = profile_of(fixtures, "agentk", reterr);
    resolved = profile ? profile_resolve(profile, "agentk", REFERENCE_VERSION, reterr) : NULL;
    json_decref(profile);
    if (!resolved)
        return -EINVAL;
    one = components_new(c);
    *one = (struct component){.name = xstrdup("refagent"),
                              .kind = xstrdup("agentk"),
                              .version = xstrdup(REFERENCE_VERSION),
                              .path = xstrdup(path),
                              .mutant = xstrdup(mutant),
                              .profile = resolved};
    return 0;
}
