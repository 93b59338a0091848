/* How layers reach each other. A layer that lacks an operation is transparent to it. */
#include "lib/net/layer.h"

#include "lib/net/conn.h"

void layer_up(struct layer *l, const uint8_t *p, size_t n)
{
    if (l->conn->dead || n == 0)
        return;
    for (l = l->above; l; l = l->above)
        if (l->ops->bytes_up) {
            l->ops->bytes_up(l, p, n);
            return;
        }
}

void layer_signal_up(struct layer *l, enum layer_signal s, const char *reason)
{
    struct conn *c = l->conn;
    if (c->dead)
        return;
    for (l = l->above; l; l = l->above)
        if (l->ops->signal) {
            l->ops->signal(l, s, reason);
            return;
        }
    /* Nobody up there to answer: do what becomes of every connection that ends. */
    if (s == LAYER_EOF)
        conn_close(c, LAYER_CLOSE);
    else if (s == LAYER_FAILED)
        conn_kill(c, reason);
}

void layer_down(struct layer *l, const void *p, size_t n)
{
    if (l->conn->dead || n == 0)
        return;
    for (l = l->below; l; l = l->below)
        if (l->ops->bytes_down) {
            l->ops->bytes_down(l, p, n);
            return;
        }
}

void layer_close_down(struct layer *l, enum layer_close how)
{
    struct conn *c = l->conn;
    if (c->dead)
        return;
    for (l = l->below; l; l = l->below)
        if (l->ops->close) {
            l->ops->close(l, how);
            return;
        }
    conn_kill(c, "closed");
}

size_t layer_queued(const struct layer *l)
{
    for (; l; l = l->below)
        if (l->ops->queued)
            return l->ops->queued(l);
    return 0;
}
