/* The event log. A line is built only when somebody takes it: a file or a subscriber. */
#include "lib/events/events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/events/redact.h"

#define BACKLOG_MAX (16u << 20)

struct event_sub {
    struct events *events;
    event_fn fn;
    void *arg;
    uint64_t from; /* events before this one are not for it */
    bool gone;
    TAILQ_ENTRY(event_sub) link;
};

struct events {
    int fd; /* -1: none */
    char *world;
    uint64_t seq;
    bool verbose;
    char **wanted;
    size_t n_wanted;
    struct secrets secrets;

    struct buf backlog; /* whole lines (the first perhaps begun) that could not be written */
    uint64_t lost;
    bool complained;

    TAILQ_HEAD(, event_sub) subs;
    json_t *queue; /* events emitted by subscribers: given out after the one that is being given out */
    bool giving;
};

int events_open(const char *path, const char *world, struct events **ret)
{
    int fd = -1;
    if (path) {
        fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (fd < 0)
            return -errno;
    }
    struct events *e = NEW(struct events);
    e->fd = fd;
    e->world = xstrdup(world);
    e->queue = json_array();
    TAILQ_INIT(&e->subs);
    *ret = e;
    return 0;
}

/* Writing */

/* Bytes that went out; less than n when the disk is full. */
static size_t write_some(struct events *e, const void *p, size_t n)
{
    ssize_t r;
    do
        r = write(e->fd, p, n);
    while (r < 0 && errno == EINTR);
    if (r == (ssize_t)n)
        return n;
    if (!e->complained)
        fprintf(stderr, "fakekas: the event log cannot be written: %s; events are kept in memory and written later\n",
                r < 0 ? strerror(errno) : "the disk took only part of a line");
    e->complained = true;
    return r < 0 ? 0 : (size_t)r;
}

static bool flush_backlog(struct events *e)
{
    size_t n = buf_len(&e->backlog);
    if (n == 0)
        return true;
    buf_consume(&e->backlog, write_some(e, buf_data(&e->backlog), n));
    buf_trim(&e->backlog);
    return buf_len(&e->backlog) == 0;
}

static void write_line(struct events *e, const char *line, size_t n)
{
    size_t done = flush_backlog(e) ? write_some(e, line, n) : 0;
    if (done == n)
        return;
    if (done == 0 && buf_len(&e->backlog) + n > BACKLOG_MAX)
        e->lost++;
    else
        buf_add(&e->backlog, line + done, n - done);
}

static void write_event(struct events *e, const json_t *event)
{
    char room[2048];
    const size_t flags = JSON_COMPACT;
    size_t n = json_dumpb(event, room, sizeof room - 1, flags);
    if (n > 0 && n < sizeof room) {
        room[n] = '\n';
        write_line(e, room, n + 1);
        return;
    }
    _cleanup_(freep) char *big = xcalloc(n + 2, 1);
    if (json_dumpb(event, big, n, flags) != n || n == 0)
        return;
    big[n] = '\n';
    write_line(e, big, n + 1);
}

/* Giving to subscribers */

static void give(struct events *e, const json_t *event, uint64_t seq)
{
    struct event_sub *s;
    TAILQ_FOREACH(s, &e->subs, link)
        if (!s->gone && seq >= s->from)
            s->fn(s->arg, event);
}

static void sweep_subs(struct events *e)
{
    struct event_sub *s = TAILQ_FIRST(&e->subs), *next;
    for (; s; s = next) {
        next = TAILQ_NEXT(s, link);
        if (s->gone) {
            TAILQ_REMOVE(&e->subs, s, link);
            free(s);
        }
    }
}

static void give_in_order(struct events *e, const json_t *event, uint64_t seq)
{
    if (e->giving) {
        json_array_append(e->queue, (json_t *)event);
        return;
    }
    e->giving = true;
    give(e, event, seq);
    for (size_t i = 0; i < json_array_size(e->queue); i++) {
        json_t *queued = json_incref(json_array_get(e->queue, i));
        give(e, queued, (uint64_t)json_integer_value(json_object_get(queued, "seq")));
        json_decref(queued);
    }
    if (json_array_size(e->queue))
        json_array_clear(e->queue);
    e->giving = false;
    sweep_subs(e);
}

struct event_sub *events_subscribe(struct events *e, event_fn fn, void *arg)
{
    struct event_sub *s = NEW(struct event_sub);
    s->events = e;
    s->fn = fn;
    s->arg = arg;
    s->from = e->seq + 1;
    TAILQ_INSERT_TAIL(&e->subs, s, link);
    return s;
}

struct event_sub *events_unsubscribe(struct event_sub *s)
{
    if (!s)
        return NULL;
    s->gone = true;
    if (!s->events->giving)
        sweep_subs(s->events);
    return NULL;
}

/* Emitting */

static json_t *event_new(struct events *e, const char *who, uint64_t conn, int64_t stream, const char *event,
                         json_t *fields)
{
    char wall[WALL_LEN];
    const char *dot = strchr(event, '.');
    json_t *o = json_object();
    clock_wall(wall);
    json_object_set_new_nocheck(o, "seq", json_integer((json_int_t)e->seq));
    json_object_set_new_nocheck(o, "t", json_integer((json_int_t)clock_ns()));
    json_object_set_new_nocheck(o, "wall", json_string_nocheck(wall));
    if (e->world)
        json_object_set_new_nocheck(o, "world", json_string_nocheck(e->world));
    if (who)
        json_object_set_new_nocheck(o, "who", json_string_nocheck(who));
    if (conn)
        json_object_set_new_nocheck(o, "conn", json_integer((json_int_t)conn));
    if (stream)
        json_object_set_new_nocheck(o, "stream", json_integer(stream));
    json_object_set_new_nocheck(o, "layer", json_stringn_nocheck(event, dot ? (size_t)(dot - event) : strlen(event)));
    json_object_set_new_nocheck(o, "event", json_string_nocheck(event));
    if (fields)
        json_object_update_missing(o, fields); /* what is ours cannot be overwritten */
    return o;
}

uint64_t events_emit(struct events *e, const char *who, uint64_t conn, int64_t stream, const char *event,
                     json_t *fields)
{
    if (!e) {
        json_decref(fields);
        return 0;
    }
    uint64_t seq = ++e->seq;
    if (e->fd < 0 && TAILQ_EMPTY(&e->subs)) {
        json_decref(fields);
        return seq;
    }
    fields = secrets_clean(&e->secrets, fields);
    json_t *o = event_new(e, who, conn, stream, event, fields);
    json_decref(fields);
    if (e->fd >= 0)
        write_event(e, o);
    if (!TAILQ_EMPTY(&e->subs))
        give_in_order(e, o, seq);
    json_decref(o);
    return seq;
}

bool events_heard(const struct events *e)
{
    return e && (e->fd >= 0 || !TAILQ_EMPTY(&e->subs));
}

bool events_wanted(const struct events *e, const char *event)
{
    if (!events_heard(e))
        return false;
    if (e->verbose)
        return true;
    for (size_t i = 0; i < e->n_wanted; i++)
        if (strcmp(e->wanted[i], event) == 0)
            return true;
    return false;
}

void events_want(struct events *e, const char *event)
{
    e->wanted = xrealloc(e->wanted, (e->n_wanted + 1) * sizeof *e->wanted);
    e->wanted[e->n_wanted++] = xstrdup(event);
}

void events_verbose(struct events *e, bool on)
{
    e->verbose = on;
}

void events_secret(struct events *e, const char *secret, const char *name)
{
    secrets_add(&e->secrets, secret, name);
}

char *events_redact(const struct events *e, const char *text)
{
    size_t len;
    char *clean = secrets_replace(&e->secrets, text, strlen(text), &len);
    return clean ? clean : xstrdup(text);
}

struct events *events_free(struct events *e)
{
    if (!e)
        return NULL;
    if (e->fd >= 0) {
        if (!flush_backlog(e) || e->lost)
            fprintf(stderr, "fakekas: %zu bytes and %llu more events of the event log were lost\n",
                    buf_len(&e->backlog), (unsigned long long)e->lost);
        close(e->fd);
    }
    struct event_sub *s;
    while ((s = TAILQ_FIRST(&e->subs))) {
        TAILQ_REMOVE(&e->subs, s, link);
        free(s);
    }
    for (size_t i = 0; i < e->n_wanted; i++)
        free(e->wanted[i]);
    free(e->wanted);
    json_decref(e->queue);
    secrets_done(&e->secrets);
    buf_done(&e->backlog);
    free(e->world);
    free(e);
    return NULL;
}
