/* A Gitaly that goes away and comes back, and what else any server does on a step's word (lib/script/verbs.h). */
#include <errno.h>
#include <string.h>

#include "fakegitlab/gitaly_private.h"
#include "lib/base/mem.h"

static void each(void *gitaly, verbs_conn_fn fn, void *arg)
{
    struct gitaly *g = gitaly;
    struct gitaly_link *l, *next;
    for (l = TAILQ_FIRST(&g->links); l; l = next) {
        next = TAILQ_NEXT(l, entry);
        fn(arg, &(struct verbs_conn){.conn = l->conn, .session = l->session});
    }
}

static void say_goodbye(void *arg, const struct verbs_conn *c)
{
    (void)arg;
    if (!c->conn->dead)
        conn_close(c->conn, LAYER_CLOSE);
}

static void stop(void *gitaly, bool keep)
{
    struct gitaly *g = gitaly;
    if (g->stopped)
        return;
    g->stopped = true;
    gitaly_event(g, NULL, 0, "gitaly.stopped", NULL);
    listener_pause(g->listener);
    if (!keep)
        each(g, say_goodbye, NULL);
}

static int start(void *gitaly, char **reterr)
{
    struct gitaly *g = gitaly;
    int r = g->stopped ? listener_resume(g->listener) : 0;
    if (r < 0) {
        *reterr = xasprintf("gitaly: cannot listen again on %s: %s", listener_address(g->listener), strerror(-r));
        return r;
    }
    if (g->stopped)
        gitaly_event(g, NULL, 0, "gitaly.started", NULL);
    g->stopped = false;
    return 0;
}

static int fill_backlog(void *gitaly, char **reterr)
{
    struct gitaly *g = gitaly;
    int r = listener_fill(g->listener);
    if (r < 0)
        *reterr = xasprintf("fill_backlog: %s: %s", listener_address(g->listener), strerror(-r));
    else
        g->stopped = true; /* `start` and `restart` end it */
    return r;
}

static int set_certificate(void *gitaly, const json_t *args, char **reterr)
{
    struct gitaly *g = gitaly;
    struct tls_source from = gitaly_tls_source(g);
    if (g->tls.ctx)
        return tls_setup_renew(&g->tls, &from, args, reterr);
    *reterr = xstrdup("set_certificate: this Gitaly does not speak TLS; say tls: true");
    return -EINVAL;
}

static void failed(void *gitaly, const char *why)
{
    gitaly_event(gitaly, NULL, 0, "gitaly.failed", json_pack("{ss}", "why", why));
}

const struct verbs_owner gitaly_verbs_owner = {.each = each, .stop = stop, .start = start,
                                               .fill_backlog = fill_backlog, .set_certificate = set_certificate,
                                               .failed = failed};

int gitaly_perform(void *gitaly, const char *verb, const json_t *args, char **reterr)
{
    struct gitaly *g = gitaly;
    char *unused = NULL, **err = reterr ? reterr : &unused;
    int r = -EINVAL;
    *err = NULL;
    if (verbs_knows(verb)) {
        gitaly_event(g, NULL, 0, "gitaly.verb", json_pack("{sssO*}", "verb", verb, "args", args));
        r = verbs_perform(&g->verbs, verb, args, err);
    } else {
        *err = verbs_unknown(verb, NULL, 0, "the fake Gitaly");
    }
    free(unused);
    return r;
}
