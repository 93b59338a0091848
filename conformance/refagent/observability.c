#include "conformance/refagent/observability.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "conformance/refagent/agent.h"
#include "conformance/refagent/gotext.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

#define PORT 8080
#define REQUEST_MAX 8192

struct client {
    struct observability *o;
    LIST_ENTRY(client) next;
    int fd;
    struct watch *watch;
    char request[REQUEST_MAX + 1];
    size_t n;
};

struct observability {
    struct agent *agent;
    int fd;
    struct watch *watch;
    LIST_HEAD(, client) clients;
};

static void client_free(struct client *c)
{
    LIST_REMOVE(c, next);
    watch_free(c->watch);
    close(c->fd);
    free(c);
}

static const struct page {
    const char *path, *head, *body;
    int status;
} pages[] = {
    {"/liveness", "", "", 200},
    {"/readiness", "", "", 200},
    {"/metrics", "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n", "# TYPE go_goroutines gauge\ngo_goroutines 8\n", 200},
    {NULL, "Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n", "404 page not found\n", 404},
};

static void answer(struct client *c)
{
    char date[64], path[256] = "";
    time_t now = time(NULL);
    const struct page *p = pages;
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    (void)sscanf(c->request, "%*s %255s", path);
    path[strcspn(path, "?")] = 0;
    while (p->path && strcmp(p->path, path))
        p++;
    bool unready = p == pages + 1 && mutant_is(c->o->agent, M_NEVER_READY);
    _cleanup_(freep) char *reply =
        xasprintf("HTTP/1.1 %s\r\n%sDate: %s\r\n%sContent-Length: %zu\r\n\r\n%s",
                  unready ? "500 Internal Server Error" : p->status == 200 ? "200 OK" : "404 Not Found",
                  p->path ? "Server: " AGENT_USER_AGENT "\r\n" : "", date, p->head,
                  strlen(p->body), p->body);
    if (send(c->fd, reply, strlen(reply), MSG_NOSIGNAL) < 0) {
        /* it did not wait for the answer */
    }
}

static void on_request(void *arg, int events, int error)
{
    (void)events, (void)error;
    struct client *c = arg;
    ssize_t n = recv(c->fd, c->request + c->n, REQUEST_MAX - c->n, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        client_free(c);
        return;
    }
    c->n += (size_t)n;
    c->request[c->n] = 0;
    char *end = strstr(c->request, "\r\n\r\n");
    if (end) {
        answer(c);
        c->n = 0; /* the next one may follow; what was sent ahead of its time is lost */
    } else if (c->n == REQUEST_MAX) {
        client_free(c);
    }
}

static void on_client(void *arg, int events, int error)
{
    (void)events, (void)error;
    struct observability *o = arg;
    int fd = accept4(o->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    struct client *c = NEW(struct client);
    c->o = o;
    c->fd = fd;
    c->watch = watch_new(o->agent->loop, fd, on_request, c);
    watch_set(c->watch, WATCH_READ);
    LIST_INSERT_HEAD(&o->clients, c, next);
}

/* net.Listen("tcp", ":8080"): both families if there are two. */
static int listen_any(void)
{
    int one = 1, zero = 0;
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool six = fd >= 0;
    if (!six)
        fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (six)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
    const struct sockaddr *at = six ? (struct sockaddr *)&in6 : (struct sockaddr *)&in;
    if (!bind(fd, at, six ? sizeof in6 : sizeof in) && !listen(fd, 64))
        return fd;
    int e = errno;
    close(fd);
    errno = e;
    return -1;
}

struct observability *observability_start(struct agent *a)
{
    struct observability *o = NEW(struct observability);
    o->agent = a;
    LIST_INIT(&o->clients);
    o->fd = listen_any();
    if (o->fd < 0) {
        _cleanup_(freep) char *why = go_errno(errno);
        if (!mutant_is(a, M_HIDES_TAKEN_PORT))
            a->abort_text = xasprintf("Observability listener failed to start: listen tcp :%d: bind: %s", PORT, why);
        return o;
    }
    if (mutant_is(a, M_NO_ENDPOINT)) {
        close(o->fd);
        o->fd = -1;
    } else {
        o->watch = watch_new(a->loop, o->fd, on_client, o);
        watch_set(o->watch, WATCH_READ);
    }
    LOG(&a->log, LEVEL_INFO, "Observability endpoint is up", TEXT("mod_name", "observability"),
        TEXT("net_network", "tcp"), TEXT("net_address", "[::]:8080"));
    return o;
}

struct observability *observability_free(struct observability *o)
{
    if (!o)
        return NULL;
    while (!LIST_EMPTY(&o->clients))
        client_free(LIST_FIRST(&o->clients));
    watch_free(o->watch);
    if (o->fd >= 0)
        close(o->fd);
    free(o);
    return NULL;
}
