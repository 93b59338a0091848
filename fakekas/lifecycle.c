/* A KAS that goes away and comes back, and what else any server does on a step's word. Behind Omnibus's NGINX the port
 * stays open when it stops, and what is asked gets 502. */
#include <errno.h>
#include <string.h>

#include "fakekas/internal.h"
#include "fakekas/k8s_proxy.h"

static bool has_front(const struct kas *k, const struct kas_listener *l)
{
    return k->front.omnibus && l->speaks == SPEAKS_WEBSOCKET;
}

static void say_goodbye(struct link *l)
{
    if (l->ws)
        ws_close(l->ws, 1001, "Shutting down");
    else
        conn_close(l->conn, LAYER_CLOSE);
}

static void stop(void *kas, bool keep)
{
    struct kas *k = kas;
    struct link *l, *next;
    if (k->stopped)
        return;
    k->stopped = true;
    kas_event(k, NULL, 0, "kas.stopped", NULL);
    for (size_t i = 0; i < k->n_listeners; i++)
        if (!has_front(k, &k->listeners[i]))
            listener_pause(k->listeners[i].listener);
    if (k->k8s)
        (void)http_side_perform(k->k8s->side, "stop", NULL, &(char *){NULL});
    for (l = keep ? NULL : TAILQ_FIRST(&k->links); l; l = next) {
        next = TAILQ_NEXT(l, entry);
        say_goodbye(l);
    }
}

static int resume(void *kas, char **reterr)
{
    struct kas *k = kas;
    if (!k->stopped)
        return 0;
    for (size_t i = 0; i < k->n_listeners; i++) {
        if (has_front(k, &k->listeners[i]))
            continue;
        int r = listener_resume(k->listeners[i].listener);
        if (r < 0) {
            *reterr = xasprintf("cannot listen again on %s: %s", listener_address(k->listeners[i].listener),
                                strerror(-r));
            return r;
        }
    }
    k->stopped = false;
    kas_event(k, NULL, 0, "kas.started", NULL);
    return k->k8s ? http_side_perform(k->k8s->side, "start", NULL, reterr) : 0;
}

int kas_fill_backlog(void *kas, char **reterr)
{
    struct kas *k = kas;
    for (size_t i = 0; i < k->n_listeners; i++) {
        int r = listener_fill(k->listeners[i].listener);
        if (r < 0) {
            *reterr = xasprintf("fill_backlog: %s: %s", listener_address(k->listeners[i].listener), strerror(-r));
            return r;
        }
    }
    k->stopped = true; /* `start` and `restart` end it */
    return 0;
}

static int set_certificate(void *kas, const json_t *args, char **reterr)
{
    struct kas *k = kas;
    struct tls_source from = {.part = "kas", .spec = k->spec, .pki = k->pki, .hosts = kas_usual_hosts};
    if (k->tls.ctx)
        return tls_setup_renew(&k->tls, &from, args, reterr);
    *reterr = xstrdup("set_certificate: this KAS does not speak TLS");
    return -EINVAL;
}

static void failed(void *kas, const char *why)
{
    kas_event(kas, NULL, 0, "kas.failed", json_pack("{ss}", "why", why));
}

static void each(void *kas, verbs_conn_fn fn, void *arg)
{
    struct kas *k = kas;
    struct link *l, *next;
    for (l = TAILQ_FIRST(&k->links); l; l = next) {
        next = TAILQ_NEXT(l, entry);
        fn(arg, &(struct verbs_conn){.conn = l->conn, .transport = l->listener->transport, .ws = l->ws,
                                     .session = l->session});
    }
}

const struct verbs_owner kas_verbs_owner = {.each = each, .stop = stop, .start = resume,
                                            .fill_backlog = kas_fill_backlog, .set_certificate = set_certificate,
                                            .failed = failed};
