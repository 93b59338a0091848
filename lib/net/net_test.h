/* For the tests of this room: a loop that is turned until something is so, a log that is remembered, a scenario of one
 * moment, and a client on a plain socket. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/net/conn.h"

struct world {
    struct loop *loop;
    struct events *events;
    struct event_sub *sub;
    json_t *log;
    struct moments moments;
    const char *at;
    const struct action *then;
};

static inline void world_note(void *arg, const json_t *event)
{
    struct world *w = arg;
    json_array_append(w->log, (json_t *)event);
}

static inline const struct action *world_at(struct moments *m, struct conn *c, int64_t stream, const char *moment,
                                            const json_t *facts)
{
    struct world *w = CONTAINER_OF(m, struct world, moments);
    (void)c, (void)stream;
    assert_true(json_is_object(facts));
    return w->at && strcmp(w->at, moment) == 0 ? w->then : NULL;
}

static inline bool world_cares(struct moments *m, const char *moment)
{
    struct world *w = CONTAINER_OF(m, struct world, moments);
    return w->at && strcmp(w->at, moment) == 0;
}

static inline void world_init(struct world *w)
{
    *w = (struct world){.moments = {world_at, world_cares}};
    w->loop = loop_new();
    w->log = json_array();
    assert_int_equal(events_open(NULL, NULL, &w->events), 0);
    w->sub = events_subscribe(w->events, world_note, w);
}

static inline void world_done(struct world *w)
{
    loop_free(w->loop); /* runs what was put off: that may still write events */
    events_unsubscribe(w->sub);
    events_free(w->events);
    json_decref(w->log);
}

/* The nth event of that name, from 0; NULL: not (yet). */
static inline const json_t *world_event(const struct world *w, const char *name, int nth)
{
    size_t i;
    json_t *e;
    json_array_foreach(w->log, i, e)
        if (strcmp(json_string_value(json_object_get(e, "event")), name) == 0 && nth-- == 0)
            return e;
    return NULL;
}

static inline const char *text_of(const json_t *event, const char *key)
{
    const char *text = json_string_value(json_object_get(event, key));
    return text ? text : "";
}

/* One turn; gives up a test that waits for ever. `since` in clock_ns(). */
static inline void world_turn(struct world *w, uint64_t since)
{
    if (clock_ns() - since > 10000000000u)
        fail_msg("waited ten seconds in vain");
    struct timer *t = timer_new(w->loop, 2, (timer_fn)loop_stop, w->loop);
    loop_run(w->loop);
    timer_free(t);
}

#define WAIT_FOR(w, condition)                                                                                        \
    for (uint64_t since_ = clock_ns(); !(condition); world_turn((w), since_))                                         \
        ;

/* A client */

static inline int client_to(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
        int r = -errno;
        close(fd);
        return r;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* Reads until n bytes are there, or the end: what came in total; *end: 0 open, 1 FIN, -errno. */
static inline size_t client_read(struct world *w, int fd, void *to, size_t n, int *end)
{
    size_t got = 0;
    *end = 0;
    for (uint64_t since = clock_ns(); got < n;) {
        ssize_t r = recv(fd, (char *)to + got, n - got, 0);
        if (r > 0) {
            got += (size_t)r;
        } else if (r < 0 && errno == EAGAIN) {
            world_turn(w, since);
        } else {
            *end = r == 0 ? 1 : -errno;
            break;
        }
    }
    return got;
}
