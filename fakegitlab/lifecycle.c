/* A GitLab that goes away and comes back. */
#include <string.h>

#include "fakegitlab/internal.h"

static void close_one(void *arg, struct conn *c)
{
    (void)arg;
    conn_close(c, LAYER_CLOSE);
}

void gitlab_stop(struct gitlab *g, bool keep)
{
    if (g->stopped)
        return;
    g->stopped = true;
    gitlab_event(g, NULL, "gitlab.stopped", NULL);
    for (size_t i = 0; i < g->n_listeners; i++) {
        listener_pause(g->listeners[i].listener);
        if (!keep)
            listener_each(g->listeners[i].listener, close_one, NULL);
    }
}

int gitlab_resume(struct gitlab *g, char **reterr)
{
    if (!g->stopped)
        return 0;
    for (size_t i = 0; i < g->n_listeners; i++) {
        int r = listener_resume(g->listeners[i].listener);
        if (r < 0) {
            *reterr = xasprintf("cannot listen again on %s: %s", listener_address(g->listeners[i].listener),
                                strerror(-r));
            return r;
        }
    }
    g->stopped = false;
    gitlab_event(g, NULL, "gitlab.started", NULL);
    return 0;
}
