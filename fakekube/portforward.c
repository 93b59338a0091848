/* pods/NAME/portforward: the protocol portforward.k8s.io. Each connection of the client's is two streams with the same `requestid`: one of
 * data, and one for what went wrong. A port sends back what comes. Those that the containers declare listen; if they declare none, all do.
 */
#include <errno.h>
#include <string.h>

#include "fakekube/remote.h"
#include "lib/base/mem.h"

#define PROTOCOL "portforward.k8s.io"

struct forward {
    json_t *listening; /* numbers; empty: all; owned */
    char *pod;         /* "ns/name"; owned */
};

static const char *header(const json_t *headers, const char *name)
{
    const char *v = json_string_value(json_object_get(headers, name));
    return v ? v : "";
}

static bool is_data(const struct spdy_stream *s)
{
    return !strcmp(header(s->headers, "streamtype"), "data");
}

/* 0: it is none. */
static int port_of(const json_t *headers)
{
    const char *text = header(headers, "port");
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    return errno || *end || n < 1 || n > 65535 ? 0 : (int)n;
}

/* The other stream of the same connection; NULL: it has gone. */
static struct spdy_stream *errors_of(const struct spdy_stream *s)
{
    struct spdy_stream *one;
    for (one = spdy_first(s->spdy); one; one = TAILQ_NEXT(one, link))
        if (!is_data(one) && !strcmp(header(one->headers, "requestid"), header(s->headers, "requestid")))
            return one;
    return NULL;
}

static bool listens(const struct forward *f, int port)
{
    const json_t *one;
    size_t i;
    json_array_foreach (f->listening, i, one)
        if (json_integer_value(one) == port)
            return true;
    return !json_array_size(f->listening);
}

/* ---- streams ---- */

static bool accepts(void *arg, struct spdy *s, const json_t *headers)
{
    const char *type = header(headers, "streamtype");
    (void)arg;
    (void)s;
    return (!strcmp(type, "data") || !strcmp(type, "error")) && port_of(headers);
}

static void opened(void *arg, struct spdy_stream *s)
{
    struct forward *f = arg;
    int port = port_of(s->headers);
    if (!is_data(s) || listens(f, port))
        return;
    struct spdy_stream *errors = errors_of(s);
    _cleanup_(freep) char *text = xasprintf("error forwarding port %d to pod %s: dial tcp4 127.0.0.1:%d: connect: connection refused", port,
                                            f->pod, port);
    spdy_send(errors, text, strlen(text));
    spdy_end(errors);
    spdy_end(s);
}

static void data(void *arg, struct spdy_stream *s, const uint8_t *p, size_t n)
{
    (void)arg;
    if (is_data(s))
        spdy_send(s, p, n);
}

static void ended(void *arg, struct spdy_stream *s)
{
    (void)arg;
    if (!is_data(s))
        return; /* the client never writes there, and says so at once */
    spdy_end(errors_of(s));
    spdy_end(s);
}

static void gone(void *arg, struct spdy_stream *s)
{
    (void)arg;
    (void)s;
}

static void forward_free(void *arg)
{
    struct forward *f = arg;
    json_decref(f->listening);
    free(f->pod);
    free(f);
}

/* ---- the call ---- */

static json_t *ports_of(const json_t *pod)
{
    const json_t *containers = object_get(pod, "spec.containers"), *one, *port;
    json_t *list = json_array();
    size_t i, j;
    json_array_foreach ((json_t *)containers, i, one)
        json_array_foreach (json_object_get(one, "ports"), j, port)
            json_array_append(list, json_object_get(port, "containerPort"));
    return list;
}

void portforward_call(struct call *c, struct ask *a)
{
    const char *container;
    const json_t *pod = remote_pod(c, a, &container);
    if (!pod || !remote_can(c, PROTOCOL))
        return;
    struct forward *f = NEW(struct forward);
    *f = (struct forward){.listening = ports_of(pod), .pod = xasprintf("%s/%s", a->ns, a->name)};
    remote_begin(c, PROTOCOL, &(struct spdy_owner){accepts, opened, data, ended, gone, forward_free, f});
}
