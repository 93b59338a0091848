/* Memory, descriptors, goroutines and time of the component under test. */
#include "conformance/process/bounds.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/script/match.h"
#include "lib/script/size.h"

enum { LOOK_EVERY_MS = 20, ASK_MS = 300, METRICS_MAX = 1024 * 1024, COMM_LEN = 15 /* the kernel keeps so much */ };

static bool limit_of(const json_t *limits, const char *key, int64_t *ret)
{
    const json_t *v = json_object_get(limits, key);

    if (json_is_integer(v)) {
        *ret = json_integer_value(v);
        return *ret >= 0;
    }
    if (!json_is_string(v))
        return false;
    return strcmp(key, "cpu") == 0 ? duration_parse(json_string_value(v), ret) == 0
                                   : size_parse(json_string_value(v), ret);
}

int bounds_init(struct bounds *b, const json_t *wanted, const json_t *defaults, char **reterr)
{
    const json_t *value;
    const char *key;
    int64_t limit;

    *b = (struct bounds){.limits = json_object(), .rss_bytes = -1, .descriptors = -1, .goroutines = -1, .cpu_ms = -1};
    if (!wanted || json_is_null(wanted) || json_is_false(wanted))
        return 0;
    json_object_update(b->limits, (json_t *)defaults);
    if (json_is_object(wanted))
        json_object_update(b->limits, (json_t *)wanted);
    json_object_foreach(b->limits, key, value) if (!json_is_null(value) && !limit_of(b->limits, key, &limit))
    {
        *reterr = xasprintf("expect.bounds.%s: expected a size such as 120MiB, a number, or for cpu a duration", key);
        return -EINVAL;
    }
    return 0;
}

void bounds_done(struct bounds *b)
{
    json_decref(b->limits);
    b->limits = NULL;
}

/* A file of /proc tells no size. */
static char *file_read(const char *folder, const char *name)
{
    _cleanup_(freep) char *path = xasprintf("%s/%s", folder, name);
    FILE *f = fopen(path, "re");
    char text[8192];
    size_t n;

    if (!f)
        return NULL;
    n = fread(text, 1, sizeof(text) - 1, f);
    fclose(f);
    return xstrndup(text, n);
}

static void most(int64_t *mark, int64_t n)
{
    if (n > *mark)
        *mark = n;
}

static void sample_memory(struct bounds *b, const char *folder)
{
    _cleanup_(freep) char *status = file_read(folder, "status");
    const char *at = status ? strstr(status, "VmHWM:") : NULL;
    long kib;

    if (at && sscanf(at, "VmHWM: %ld kB", &kib) == 1)
        most(&b->rss_bytes, (int64_t)kib * 1024);
}

static void sample_time(struct bounds *b, const char *folder)
{
    _cleanup_(freep) char *stat = file_read(folder, "stat");
    const char *at = stat ? strrchr(stat, ')') : NULL; /* the name before it may hold anything */
    unsigned long user, sys;
    long ticks = sysconf(_SC_CLK_TCK);

    if (at && ticks > 0 &&
        sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &sys) == 2)
        most(&b->cpu_ms, (int64_t)(user + sys) * 1000 / ticks);
}

static void sample_descriptors(struct bounds *b, const char *folder)
{
    _cleanup_(freep) char *path = xasprintf("%s/fd", folder);
    DIR *d = opendir(path);
    int64_t n = 0;

    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    most(&b->descriptors, n);
}

void bounds_sample(struct bounds *b, const char *folder)
{
    sample_memory(b, folder);
    sample_time(b, folder);
    sample_descriptors(b, folder);
}

/* The first of that name: the second KAS is started after the one under test. NULL if there is none. */
static char *child_folder(const struct bounds *b, const char *children)
{
    int n = 0;

    for (long pid; sscanf(children, "%ld%n", &pid, &n) == 1; children += n) {
        _cleanup_(freep) char *folder = xasprintf("/proc/%ld", pid), *comm = file_read(folder, "comm");
        if (comm)
            comm[strcspn(comm, "\n")] = 0;
        if (!b->name || (comm && strncmp(comm, b->name, COMM_LEN) == 0))
            return xstrdup(folder);
    }
    return NULL;
}

/* In a container the world may have the machine's /proc, where its child has another number than we know it by. */
void bounds_look(struct bounds *b, bool now)
{
    uint64_t t = clock_ns();
    _cleanup_(freep) char *children = NULL, *folder = NULL;

    if (!now && t - b->looked_ns < LOOK_EVERY_MS * 1000000ULL)
        return;
    b->looked_ns = t;
    children = file_read("/proc/thread-self", "children");
    folder = children ? child_folder(b, children) : NULL;
    if (folder)
        bounds_sample(b, folder);
}

int64_t bounds_goroutines(const char *metrics)
{
    static const char name[] = "\ngo_goroutines ";
    const char *at = metrics ? strstr(metrics, name) : NULL;
    double n;

    return at && sscanf(at + sizeof(name) - 1, "%lf", &n) == 1 && n >= 0 ? (int64_t)n : -1;
}

/* It has been judged: nothing of ours has to be in time any more, so that we may wait here. */
void bounds_ask(struct bounds *b, int port)
{
    static const char request[] = "GET /metrics HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                            .sin_port = htons((uint16_t)port)};
    struct timeval patience = {.tv_usec = ASK_MS * 1000};
    uint64_t end = clock_ns() + ASK_MS * 1000000ULL;
    struct buf answer = BUF_NULL;
    char some[16384];
    ssize_t n = -1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
        n = send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
    while (n > 0 && buf_len(&answer) < METRICS_MAX && clock_ns() < end)
        if ((n = recv(fd, some, sizeof(some), 0)) > 0)
            buf_add(&answer, some, (size_t)n);
    close(fd);
    buf_add(&answer, "", 1);
    most(&b->goroutines, bounds_goroutines((const char *)buf_data(&answer)));
    if (buf_len(&answer) > 1 && b->goroutines < 0)
        json_object_del(b->limits, "goroutines");
    buf_done(&answer);
}

static json_t *number_or_null(int64_t n)
{
    return n < 0 ? json_null() : json_integer(n);
}

json_t *bounds_used(const struct bounds *b)
{
    return json_pack("{s:o,s:o,s:o,s:o}", "rss", number_or_null(b->rss_bytes), "descriptors",
                     number_or_null(b->descriptors), "goroutines", number_or_null(b->goroutines), "cpu_ms",
                     number_or_null(b->cpu_ms));
}

/* NULL: within. Else why not, a new string. */
static char *beyond(const struct bounds *b, const char *key)
{
    int64_t limit, used = strcmp(key, "rss") == 0           ? b->rss_bytes
                          : strcmp(key, "descriptors") == 0 ? b->descriptors
                          : strcmp(key, "goroutines") == 0  ? b->goroutines
                                                            : b->cpu_ms;

    if (!limit_of(b->limits, key, &limit))
        return NULL;
    if (used < 0) /* what has no metrics endpoint is not judged by it; the world takes the limit away */
        return xasprintf("%s could not be measured", key);
    if (used <= limit)
        return NULL;
    if (strcmp(key, "rss") == 0)
        return xasprintf("rss: %.1f MiB were used, beyond %.1f MiB", (double)used / 1048576, (double)limit / 1048576);
    return xasprintf("%s: %lld%s were used, beyond %lld%s", key, (long long)used,
                     strcmp(key, "cpu") == 0 ? " ms" : "", (long long)limit, strcmp(key, "cpu") == 0 ? " ms" : "");
}

void bounds_judge(const struct bounds *b, json_t *verdict)
{
    static const char *const keys[] = {"rss", "descriptors", "goroutines", "cpu"};

    json_object_set_new(verdict, "used", bounds_used(b));
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        _cleanup_(freep) char *why = beyond(b, keys[i]);
        if (!why)
            continue;
        if (json_is_true(json_object_get(verdict, "pass")))
            json_object_set_new(verdict, "reason", json_sprintf("bounds: %s", why));
        json_object_set_new(verdict, "pass", json_false());
        json_array_append_new(json_object_get(verdict, "unmet"),
                              json_pack("{s:s,s:{s:O},s:s}", "what", "bounds", "expected", keys[i],
                                        json_object_get(b->limits, keys[i]), "why", why));
    }
}
