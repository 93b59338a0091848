/* Who is at the other end of a connection of the HTTP side, and what it asked: for people, on the page. */
#include "fakegitlab/internal.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"

struct peer {
    uint64_t calls;
    int64_t last_at;
    bool kas;         /* it has proved so, with a JWT */
    char program[96]; /* as User-Agent says */
};

static void peer_free(struct conn *c)
{
    free(c->user);
    c->user = NULL;
}

void peer_new(struct conn *c)
{
    c->user = NEW(struct peer);
    c->on_free = peer_free;
}

void peer_called(struct call *c)
{
    struct peer *p = c->conn->user;
    if (!p)
        return;
    p->last_at = store_now();
    if (!p->calls++) {
        const char *program = http1_header(c->request, "user-agent");
        snprintf(p->program, sizeof(p->program), "%s", program ? program : "");
    }
}

void peer_is_kas(struct conn *c)
{
    struct peer *p = c->user;
    if (p)
        p->kas = true;
}

static void add(void *arg, struct conn *c)
{
    const struct peer *p = c->user;
    if (!p || c->dead)
        return;
    int64_t since = store_now() - (int64_t)((clock_ns() - c->accepted_ns) / 1000000);
    json_t *program = json_string(p->program);
    json_array_append_new(arg, json_pack("{ss, so, sb, sI, sI, sI}", "from", c->peer, "program",
                                         program ? program : json_string("(not UTF-8)"), "kas", p->kas,
                                         "since", (json_int_t)since, "calls", (json_int_t)p->calls,
                                         "last_at", (json_int_t)p->last_at));
}

json_t *peers_json(const struct gitlab *g)
{
    json_t *list = json_array();
    for (size_t i = 0; i < g->n_listeners; i++)
        listener_each(g->listeners[i].listener, add, list);
    return list;
}
