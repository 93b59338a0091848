/* Is it there yet? */
#include "conformance/process/probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/world/http_ask.h"
#include "lib/base/mem.h"

/* First soon, so that nobody waits; then more slowly, since some log each time that they are asked in vain. */
enum { AGAIN_MS = 10, AGAIN_MOST_MS = 500, QUICKLY = 50, ANSWER_MS = 2000, OK = 200 };

struct probe {
    struct loop *loop;
    char *host, *request; /* owned; request NULL: none */
    uint16_t port;
    unsigned looks;
    struct timer *timer;
    struct http_ask *ask;
    void (*done)(void *arg);
    void *arg;
};

static void look(void *arg);

static void again(struct probe *p)
{
    p->timer = timer_new(p->loop, p->looks++ < QUICKLY ? AGAIN_MS : AGAIN_MOST_MS, look, p);
}

static void answered(void *arg, const struct http_answer *a)
{
    struct probe *p = arg;
    bool ok = !a->failed && a->status == OK;

    p->ask = http_ask_free(p->ask);
    if (ok)
        p->done(p->arg); /* may free us */
    else
        again(p);
}

/* Within the world's own machine an answer comes at once. */
static bool accepts(const struct probe *p)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(p->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && inet_pton(AF_INET, p->host, &to.sin_addr) == 1 &&
              connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;

    if (fd >= 0)
        close(fd);
    return ok;
}

static void look(void *arg)
{
    struct probe *p = arg;
    struct http_ask_options o = {.loop = p->loop,
                                 .host = p->host,
                                 .port = p->port,
                                 .request = p->request,
                                 .n = p->request ? strlen(p->request) : 0,
                                 .timeout_ms = ANSWER_MS,
                                 .done = answered,
                                 .arg = p};

    p->timer = timer_free(p->timer);
    if (p->request)
        p->ask = http_ask_new(&o);
    else if (accepts(p))
        p->done(p->arg);
    else
        again(p);
}

struct probe *probe_new(struct loop *loop, const char *host, uint16_t port, const char *path, void (*done)(void *arg),
                        void *arg)
{
    struct probe *p = NEW(struct probe);

    p->loop = loop;
    p->host = xstrdup(host);
    p->port = port;
    p->done = done;
    p->arg = arg;
    if (path)
        p->request = xasprintf("GET %s HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n\r\n", path, host, (int)port);
    p->timer = timer_new(loop, 0, look, p);
    return p;
}

struct probe *probe_free(struct probe *p)
{
    if (!p)
        return NULL;
    timer_free(p->timer);
    http_ask_free(p->ask);
    free(p->host);
    free(p->request);
    free(p);
    return NULL;
}
