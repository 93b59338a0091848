/* The control API. libmicrohttpd is a guest: its epoll descriptor stands in our loop, and it runs when that is
 * readable. Until somebody connects only our listening socket is there, and it is not even loaded. A reply that has no
 * end (GET /events?follow=1) sleeps until the event log speaks. */
#include "lib/serve/control.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/serve/mhd.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/loop/loop.h"

enum { BODY_MAX = 1024 * 1024, BLOCK = 16 * 1024, BACKLOG_MAX = 16 * 1024 * 1024 };

/* One way in: the unix socket, or loopback. */
struct door {
    struct control *control;
    struct MHD_Daemon *daemon; /* NULL: nobody has connected yet */
    struct watch *watch;
    struct timer *timer; /* MHD wants to be run again at this time */
    int fd;
};

struct control {
    struct control_options o;
    struct mhd mhd;
    char *socket_path;
    struct door doors[2];
    size_t n_doors;
    uint16_t http_port;
    TAILQ_HEAD(, follower) followers;
    bool runs_again;  /* a run is deferred */
    bool closing;
};

struct request {
    struct buf body;
    bool too_big;
};

/* One follower of the event log. */
struct follower {
    struct control *control;
    struct MHD_Connection *connection;
    struct event_sub *sub;
    struct buf pending;
    bool suspended;
    TAILQ_ENTRY(follower) entry;
};

static void run_all(void *arg);

static void run_soon(struct control *c)
{
    if (c->runs_again || c->closing)
        return;
    c->runs_again = true;
    loop_defer(c->o.loop, run_all, c);
}

/* --- replies -------------------------------------------------------------------------------------------------- */

static enum MHD_Result reply_text(const struct control *c, struct MHD_Connection *conn, unsigned status, char *text)
{
    struct MHD_Response *r = c->mhd.create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    c->mhd.add_response_header(r, "Content-Type", "application/json");
    enum MHD_Result ret = c->mhd.queue_response(conn, status, r);
    c->mhd.destroy_response(r);
    return ret;
}

static enum MHD_Result reply(const struct control *c, struct MHD_Connection *conn, unsigned status, json_t *j)
{
    char *text = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(j);
    char *line = xasprintf("%s\n", text ? text : "null");
    free(text);
    return reply_text(c, conn, status, line);
}

static enum MHD_Result reply_error(const struct control *c, struct MHD_Connection *conn, unsigned status,
                                   const char *why)
{
    return reply(c, conn, status, json_pack("{ss}", "error", why));
}

/* --- following the event log ---------------------------------------------------------------------------------- */

static void on_event(void *arg, const json_t *event)
{
    struct follower *f = arg;
    char *text = json_dumps(event, JSON_COMPACT);
    if (text && buf_len(&f->pending) < BACKLOG_MAX) {
        buf_add(&f->pending, text, strlen(text));
        buf_add(&f->pending, "\n", 1);
    }
    free(text);
    if (f->suspended) {
        f->suspended = false;
        f->control->mhd.resume_connection(f->connection);
        run_soon(f->control);
    }
}

static ssize_t follower_read(void *arg, uint64_t pos, char *out, size_t max)
{
    struct follower *f = arg;
    size_t n = buf_len(&f->pending);
    (void)pos;
    if (!n) {
        f->suspended = true;
        f->control->mhd.suspend_connection(f->connection);
        return 0;
    }
    n = n < max ? n : max;
    memcpy(out, buf_data(&f->pending), n);
    buf_consume(&f->pending, n);
    buf_trim(&f->pending);
    return (ssize_t)n;
}

static void follower_free(void *arg)
{
    struct follower *f = arg;
    events_unsubscribe(f->sub);
    TAILQ_REMOVE(&f->control->followers, f, entry);
    buf_done(&f->pending);
    free(f);
}

static enum MHD_Result follow(struct control *c, struct MHD_Connection *conn)
{
    struct follower *f = NEW(struct follower);
    f->control = c;
    f->connection = conn;
    f->sub = events_subscribe(c->o.events, on_event, f);
    TAILQ_INSERT_TAIL(&c->followers, f, entry);
    struct MHD_Response *r =
        c->mhd.create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, follower_read, f, follower_free);
    c->mhd.add_response_header(r, "Content-Type", "application/jsonl");
    enum MHD_Result ret = c->mhd.queue_response(conn, MHD_HTTP_OK, r);
    c->mhd.destroy_response(r);
    return ret;
}

/* --- requests ------------------------------------------------------------------------------------------------- */

static enum MHD_Result get(struct control *c, struct MHD_Connection *conn, const char *path)
{
    if (!strcmp(path, "/state"))
        return reply(c, conn, MHD_HTTP_OK, c->o.state(c->o.arg));
    if (!strcmp(path, "/connections")) {
        json_t *state = c->o.state(c->o.arg), *list = json_object_get(state, "connections");
        list = list ? json_incref(list) : json_array();
        json_decref(state);
        return reply(c, conn, MHD_HTTP_OK, list);
    }
    if (!strcmp(path, "/faults"))
        return reply(c, conn, MHD_HTTP_OK, c->o.faults ? faults_json(c->o.faults) : json_array());
    if (!strcmp(path, "/events"))
        return follow(c, conn);
    return reply_error(c, conn, MHD_HTTP_NOT_FOUND,
                       "there are GET /state, /connections, /faults, /events?follow=1 and POST /do, /faults");
}

/* {"verb": args}: each of them, in order; the first that fails ends it. */
static enum MHD_Result perform(struct control *c, struct MHD_Connection *conn, const json_t *j)
{
    const char *verb;
    json_t *args;
    if (!json_is_object(j) || !json_object_size(j))
        return reply_error(c, conn, MHD_HTTP_BAD_REQUEST, "expected {\"verb\": {arguments}}");
    json_object_foreach ((json_t *)j, verb, args) {
        _cleanup_(freep) char *err = NULL;
        if (c->o.perform(c->o.arg, verb, args, &err) < 0)
            return reply_error(c, conn, 422, err ? err : "failed");
    }
    return reply(c, conn, MHD_HTTP_OK, json_pack("{sb}", "ok", 1));
}

static enum MHD_Result post(struct control *c, struct MHD_Connection *conn, const char *path, struct request *r)
{
    json_error_t e;
    bool faults = !strcmp(path, "/faults");
    if (!faults && strcmp(path, "/do"))
        return reply_error(c, conn, MHD_HTTP_NOT_FOUND, "there are POST /do and POST /faults");
    if (r->too_big)
        return reply_error(c, conn, 413, "more than 1 MiB");
    json_t *j = json_loadb((const char *)buf_data(&r->body), buf_len(&r->body), JSON_REJECT_DUPLICATES, &e);
    if (!j) {
        _cleanup_(freep) char *why = xasprintf("line %d, column %d: %s", e.line, e.column, e.text);
        return reply_error(c, conn, MHD_HTTP_BAD_REQUEST, why);
    }
    enum MHD_Result ret;
    if (!faults)
        ret = perform(c, conn, j);
    else if (c->o.faults && faults_add(c->o.faults, j) == 0)
        ret = reply(c, conn, MHD_HTTP_OK, json_pack("{sb}", "ok", 1));
    else
        ret = reply_error(c, conn, 422, "expected a fault: {\"at\": MOMENT, \"do\": {VERB: ARGUMENTS}}");
    json_decref(j);
    return ret;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *conn, const char *path, const char *method,
                                  const char *version, const char *data, size_t *size, void **state)
{
    struct door *d = arg;
    struct request *r = *state;
    (void)version;
    if (!r) {
        *state = NEW(struct request);
        return MHD_YES;
    }
    if (*size) {
        if (buf_len(&r->body) + *size > BODY_MAX)
            r->too_big = true;
        else
            buf_add(&r->body, data, *size);
        *size = 0;
        return MHD_YES;
    }
    if (!strcmp(method, "GET"))
        return get(d->control, conn, path);
    if (!strcmp(method, "POST"))
        return post(d->control, conn, path, r);
    return reply_error(d->control, conn, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or POST");
}

static void on_completed(void *arg, struct MHD_Connection *conn, void **state, enum MHD_RequestTerminationCode how)
{
    struct request *r = *state;
    (void)arg;
    (void)conn;
    (void)how;
    if (r)
        buf_done(&r->body);
    free(r);
    *state = NULL;
}

/* --- the guest in our loop ------------------------------------------------------------------------------------ */

static void door_run(struct door *d);

static void door_timer(void *arg)
{
    struct door *d = arg;
    d->timer = timer_free(d->timer);
    door_run(d);
}

static void door_run(struct door *d)
{
    MHD_UNSIGNED_LONG_LONG ms;
    const struct mhd *m = &d->control->mhd;
    if (!d->daemon)
        return;
    m->run(d->daemon);
    d->timer = timer_free(d->timer);
    if (m->get_timeout(d->daemon, &ms) == MHD_YES)
        d->timer = timer_new(d->control->o.loop, ms, door_timer, d);
}

static void door_ready(void *arg, int events, int error)
{
    (void)events;
    (void)error;
    door_run(arg);
}

static void run_all(void *arg)
{
    struct control *c = arg;
    c->runs_again = false;
    if (c->closing) { /* control_free() left the memory to us */
        free(c);
        return;
    }
    for (size_t i = 0; i < c->n_doors; i++)
        door_run(&c->doors[i]);
}

static int start_guest(struct door *d, char **reterr)
{
    struct control *c = d->control;
    int r = mhd_load(&c->mhd, reterr);
    if (r < 0)
        return r;
    d->daemon = c->mhd.start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, d,
                                    MHD_OPTION_LISTEN_SOCKET, d->fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
                                    MHD_OPTION_END);
    if (d->daemon)
        return 0;
    *reterr = xstrdup("libmicrohttpd does not start");
    return -EIO;
}

/* The first client knocks: from here on the guest has the socket. */
static void door_knock(void *arg, int events, int error)
{
    struct door *d = arg;
    _cleanup_(freep) char *err = NULL;
    (void)events;
    (void)error;
    d->watch = watch_free(d->watch);
    if (start_guest(d, &err) < 0) {
        fprintf(stderr, "%s: control API: %s\n", d->control->o.program, err);
        close(d->fd);
        d->fd = -1;
        return;
    }
    const struct mhd *m = &d->control->mhd;
    d->watch = watch_new(d->control->o.loop, m->get_daemon_info(d->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
                         door_ready, d);
    watch_set(d->watch, WATCH_READ);
    door_run(d);
}

static int door_open(struct control *c, int fd)
{
    struct door *d = &c->doors[c->n_doors++];
    *d = (struct door){.control = c, .fd = fd};
    d->watch = watch_new(c->o.loop, fd, door_knock, d);
    watch_set(d->watch, WATCH_READ);
    return 0;
}

static void door_close(struct door *d)
{
    d->timer = timer_free(d->timer);
    d->watch = watch_free(d->watch);
    if (d->daemon)
        d->control->mhd.stop_daemon(d->daemon); /* closes the socket, ends followers */
    else if (d->fd >= 0)
        close(d->fd);
}

/* --- sockets -------------------------------------------------------------------------------------------------- */

static int listen_unix(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(a.sun_path))
        return -ENAMETOOLONG;
    memcpy(a.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    mode_t old = umask(0177); /* nobody else may connect, from the first moment on */
    int r = bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 64) < 0 ? -errno : 0;
    umask(old);
    if (r < 0)
        close(fd);
    return r < 0 ? r : fd;
}

static int listen_loopback(int port, uint16_t *ret_port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t n = sizeof(a);
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 64) < 0 ||
        getsockname(fd, (struct sockaddr *)&a, &n) < 0) {
        int r = -errno;
        close(fd);
        return r;
    }
    *ret_port = ntohs(a.sin_port);
    return fd;
}

static int open_unix(struct control *c, const char *path, char **reterr)
{
    int fd = listen_unix(path);
    if (fd < 0) {
        *reterr = xasprintf("control socket %s: %s%s", path, strerror(-fd),
                            fd == -EADDRINUSE ? "; remove it if nothing uses it" : "");
        return fd;
    }
    c->socket_path = xstrdup(path);
    return door_open(c, fd);
}

static int open_http(struct control *c, int port, char **reterr)
{
    int fd = listen_loopback(port, &c->http_port);
    if (fd < 0) {
        *reterr = xasprintf("control HTTP on 127.0.0.1:%d: %s; choose another port (0: any free one)", port,
                            strerror(-fd));
        return fd;
    }
    return door_open(c, fd);
}

int control_open(const struct control_options *o, struct control **ret, char **reterr)
{
    struct control *c = NEW(struct control);
    c->o = *o;
    TAILQ_INIT(&c->followers);
    *reterr = NULL;
    int r = o->socket_path ? open_unix(c, o->socket_path, reterr) : 0;
    if (r >= 0 && o->http_port >= 0)
        r = open_http(c, o->http_port, reterr);
    if (r < 0) {
        if (!*reterr)
            *reterr = xasprintf("control API: %s", strerror(-r));
        control_free(c);
        return r;
    }
    *ret = c;
    return 0;
}

uint16_t control_http_port(const struct control *c)
{
    return c->http_port;
}

struct control *control_free(struct control *c)
{
    struct follower *f;
    if (!c)
        return NULL;
    TAILQ_FOREACH (f, &c->followers, entry)
        if (f->suspended) { /* a daemon must not be stopped while it has sleepers */
            f->suspended = false;
            c->mhd.resume_connection(f->connection);
        }
    for (size_t i = 0; i < c->n_doors; i++)
        door_close(&c->doors[i]);
    mhd_done(&c->mhd);
    if (c->socket_path)
        unlink(c->socket_path);
    free(c->socket_path);
    c->closing = true;
    if (!c->runs_again)
        free(c);
    return NULL;
}
