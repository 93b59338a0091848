/* Chooses the protocol by ALPN or by the first bytes, then is only a passage. */
#include "lib/proto/sniff.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/net/conn.h"
#include "lib/net/tls.h"

struct sniff {
    struct layer l;
    void (*chosen)(void *arg, struct conn *c, enum sniffed what);
    void *arg;
    struct buf in; /* what came before the next layer stood */
    enum sniffed what;
    bool decided, passing;
};

static void passage(void *arg, bool carry_on)
{
    struct sniff *s = arg;
    struct conn *c = s->l.conn;
    if (!carry_on || c->dead)
        return;
    s->chosen(s->arg, c, s->what);
    s->passing = true;
    layer_signal_up(&s->l, LAYER_OPEN, NULL);
    struct buf in = s->in;
    s->in = BUF_NULL;
    layer_up(&s->l, buf_data(&in), buf_len(&in));
    buf_done(&in);
}

static void decide(struct sniff *s, enum sniffed what)
{
    struct conn *c = s->l.conn;
    s->decided = true;
    s->what = what;
    const struct action *a =
        conn_moment(c, 0, "conn.protocol", json_pack("{s:s}", "protocol", what == SNIFF_H2 ? "h2" : "http1"));
    if (!c->dead)
        conn_act_all(c, &s->l, a, NULL, passage, s);
}

/* No request method but HTTP/2's own is PRI: four bytes tell. */
static void look(struct sniff *s)
{
    static const char pri[4] = "PRI ";
    size_t n = buf_len(&s->in) < sizeof(pri) ? buf_len(&s->in) : sizeof(pri);
    if (memcmp(buf_data(&s->in), pri, n) != 0)
        decide(s, SNIFF_HTTP1);
    else if (n == sizeof(pri))
        decide(s, SNIFF_H2);
}

static void bytes_up(struct layer *l, const uint8_t *p, size_t n)
{
    struct sniff *s = CONTAINER_OF(l, struct sniff, l);
    if (s->passing) {
        layer_up(l, p, n);
        return;
    }
    buf_add(&s->in, p, n);
    if (!s->decided)
        look(s);
}

static void signal_from_below(struct layer *l, enum layer_signal sig, const char *reason)
{
    struct sniff *s = CONTAINER_OF(l, struct sniff, l);
    if (sig != LAYER_OPEN)
        layer_signal_up(l, sig, reason);
    else if (!s->decided && !strcmp(l->below->ops->name, "tls") && !strcmp(tls_alpn(l->below), "h2"))
        decide(s, SNIFF_H2);
}

static void free_layer(struct layer *l)
{
    struct sniff *s = CONTAINER_OF(l, struct sniff, l);
    buf_done(&s->in);
    free(s);
}

static const struct layer_ops ops = {
    .name = "sniff",
    .bytes_up = bytes_up,
    .signal = signal_from_below,
    .free = free_layer,
};

struct layer *sniff_push(struct conn *c, void (*chosen)(void *arg, struct conn *c, enum sniffed what), void *arg)
{
    struct sniff *s = NEW(struct sniff);
    s->l.ops = &ops;
    s->chosen = chosen;
    s->arg = arg;
    conn_push(c, &s->l);
    return &s->l;
}
