/* A KAS that goes away and comes back. Behind Omnibus's NGINX the port stays open, and what is asked gets 502. */
#include <string.h>

#include "fakekas/internal.h"

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

void kas_stop(struct kas *k, bool keep)
{
    struct link *l, *next;
    if (k->stopped)
        return;
    k->stopped = true;
    kas_event(k, NULL, 0, "kas.stopped", NULL);
    for (size_t i = 0; i < k->n_listeners; i++)
        if (!has_front(k, &k->listeners[i]))
            listener_pause(k->listeners[i].listener);
    for (l = keep ? NULL : TAILQ_FIRST(&k->links); l; l = next) {
        next = TAILQ_NEXT(l, entry);
        say_goodbye(l);
    }
}

int kas_resume(struct kas *k, char **reterr)
{
    k->restart = timer_free(k->restart);
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
    return 0;
}
