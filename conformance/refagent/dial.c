#include "conformance/refagent/dial.h"

#include <string.h>

#include "conformance/refagent/agent.h"
#include "conformance/refagent/gotext.h"
#include "conformance/refagent/tcp_dial.h"
#include "conformance/refagent/tls_client.h"
#include "conformance/refagent/ws_client.h"
#include "lib/base/mem.h"

#define TLS_HANDSHAKE_MS 10000 /* net/http's; raw gRPC has only the deadline of the whole */
#define REDIRECTS 3            /* a mutant's */

struct dial {
    struct agent *agent;
    bool websocket, tls;
    char *hostname, *path, *url;
    unsigned port;
    struct tcp_dial *tcp;
    struct link *socket, *link; /* link: the topmost, which owns those below */
    struct timer *deadline, *tls_timer;
    const char *handshake; /* "authentication handshake failed: " once TCP is up and TLS is not */
    int redirects;
    dial_fn fn;
    void *arg;
};

static void dial_tcp(struct dial *d);

/* The end: why says what net/http or net.Dial would say. */
static void fail_desc(struct dial *d, const char *desc)
{
    _cleanup_(freep) char *q = go_quote(desc, strlen(desc));
    _cleanup_(freep) char *error = xasprintf("connection error: desc = %s", q);
    d->fn(d->arg, NULL, error);
}

static void fail(struct dial *d, const char *why)
{
    _cleanup_(freep) char *desc = NULL;
    if (d->websocket) {
        _cleanup_(freep) char *url = go_quote(d->url, strlen(d->url));
        desc = xasprintf(
            "transport: Error while dialing failed to WebSocket dial: failed to send handshake request: "
            "Get %s: %s",
            url, why);
    } else {
        desc = xasprintf("transport: %s%s", d->handshake ? d->handshake : "Error while dialing ", why);
    }
    fail_desc(d, desc);
}

static void on_deadline(void *arg)
{
    struct dial *d = arg;
    _cleanup_(freep) char *why = NULL;
    if (d->websocket)
        why = xstrdup("context deadline exceeded");
    else if (d->handshake)
        why = xasprintf("read tcp %s: i/o timeout", d->socket->name(d->socket));
    else
        why = tcp_dial_timeout(d->tcp);
    fail(d, why);
}

static void on_tls_timeout(void *arg)
{
    fail(arg, "net/http: TLS handshake timeout");
}

static void succeed(struct dial *d)
{
    struct link *link = d->link, *socket = d->socket;
    bool raw = link == socket;
    d->link = d->socket = NULL;
    d->fn(d->arg, link, NULL);
    if (raw)
        tcp_link_read(socket);
}

/* WebSocket */

static void take_location(struct dial *d, const char *location)
{
    struct go_url u;
    free(go_url_parse(location, &u));
    if (*u.host) {
        free(d->hostname);
        d->hostname = xstrdup(u.hostname);
        d->port = *u.port ? (unsigned)atoi(u.port) : d->port;
    }
    free(d->path);
    d->path = xstrdup(u.path);
    go_url_done(&u);
}

static void on_websocket(void *arg, const char *error, const char *location)
{
    struct dial *d = arg;
    if (!error) {
        succeed(d);
        return;
    }
    if (location && mutant_is(d->agent, M_FOLLOWS_REDIRECT) && d->redirects++ < REDIRECTS) {
        take_location(d, location);
        d->socket = NULL;
        d->link = link_free(d->link);
        dial_tcp(d);
        return;
    }
    _cleanup_(freep) char *desc =
        xasprintf("transport: Error while dialing failed to WebSocket dial: %s", error);
    fail_desc(d, desc);
}

static void start_websocket(struct dial *d)
{
    if (!d->websocket) {
        succeed(d);
        return;
    }
    d->link = ws_start(d->agent, d->link, d->url, d->path, on_websocket, d);
}

/* TLS */

static void on_tls(void *arg, const char *error, bool plain_http)
{
    struct dial *d = arg;
    d->tls_timer = timer_free(d->tls_timer);
    if (!error) {
        d->handshake = NULL;
        start_websocket(d);
        return;
    }
    bool no_tls = !strncmp(error, "tls: first record", 17);
    fail(d,
         no_tls && plain_http && d->websocket ? "http: server gave HTTP response to HTTPS client" : error);
}

static void on_connected(struct dial *d, int fd)
{
    d->link = d->socket = tcp_link_new(d->agent, fd);
    if (!d->tls && !d->websocket) {
        succeed(d);
        return;
    }
    struct link *socket = d->socket;
    if (d->tls) {
        d->handshake = "authentication handshake failed: ";
        if (d->websocket)
            d->tls_timer = timer_new(d->agent->loop, TLS_HANDSHAKE_MS, on_tls_timeout, d);
        d->link = tls_start(d->agent, socket, d->hostname, !d->websocket, on_tls, d);
    } else {
        start_websocket(d);
    }
    tcp_link_read(socket);
}

/* TCP */

static void on_tcp(void *arg, int fd, const char *error)
{
    struct dial *d = arg;
    if (error) {
        fail(d, error);
        return;
    }
    d->tcp = tcp_dial_free(d->tcp);
    on_connected(d, fd);
}

static void dial_tcp(struct dial *d)
{
    d->tcp = tcp_dial_start(d->agent->loop, d->hostname, d->port, on_tcp, d);
}

static void on_no_port(void *arg)
{
    struct dial *d = arg;
    _cleanup_(freep) char *why =
        xasprintf("dial tcp: address %s: missing port in address", d->agent->kas.host);
    fail(d, why);
}

struct dial *dial_start(struct agent *a, uint64_t deadline_ms, dial_fn fn, void *arg)
{
    const struct go_url *u = &a->kas;
    struct dial *d = NEW(struct dial);
    bool tls = !strcmp(u->scheme, "wss") || !strcmp(u->scheme, "grpcs");
    *d = (struct dial){.agent = a,
                       .websocket = *u->scheme == 'w',
                       .tls = tls,
                       .hostname = xstrdup(u->hostname),
                       .path = xstrdup(u->path),
                       .port = *u->port ? (unsigned)atoi(u->port)
                               : tls    ? 443
                                        : 80,
                       .fn = fn,
                       .arg = arg};
    d->url = xasprintf("http%s%s", tls ? "s" : "", u->text + strlen(u->scheme));
    bool no_port = !d->websocket && !*u->port; /* gRPC addresses had to have one until 15.2 */
    d->deadline = timer_new(a->loop, no_port ? 0 : deadline_ms, no_port ? on_no_port : on_deadline, d);
    if (!no_port)
        dial_tcp(d);
    return d;
}

struct dial *dial_free(struct dial *d)
{
    if (!d)
        return NULL;
    tcp_dial_free(d->tcp);
    link_free(d->link);
    timer_free(d->deadline);
    timer_free(d->tls_timer);
    free(d->hostname);
    free(d->path);
    free(d->url);
    free(d);
    return NULL;
}
