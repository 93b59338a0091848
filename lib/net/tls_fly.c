/* The server's flight, taken apart: what a scenario does at each message. */
#include "lib/net/tls_fly.h"

#include <string.h>

static void fly(struct tls_fly *f);

static bool message_action(void *arg, const struct action *a)
{
    struct tls_fly *f = arg;
    const json_t *bytes = json_object_get(a->args, "bytes");
    if (strcmp(a->verb, "withhold") == 0)
        return true;
    if (strcmp(a->verb, "alert") == 0)
        return f->alert(f->arg, a->args);
    if (strcmp(a->verb, "cut") != 0 || !json_is_integer(bytes) || json_integer_value(bytes) < 0)
        return false;
    size_t n = (size_t)json_integer_value(bytes);
    struct buf part = BUF_NULL;
    buf_add(&part, buf_data(&f->outgoing), n < f->message_len ? n : f->message_len);
    layer_down(f->layer, buf_data(&part), buf_len(&part));
    buf_done(&part);
    return true;
}

static void after_message(void *arg, bool carry_on)
{
    struct tls_fly *f = arg;
    f->flying = false;
    if (f->layer->conn->dead || f->layer->conn->stalled)
        return;
    struct buf message = BUF_NULL;
    buf_add(&message, buf_data(&f->outgoing), f->message_len);
    buf_consume(&f->outgoing, f->message_len);
    f->message_len = 0;
    if (carry_on)
        layer_down(f->layer, buf_data(&message), buf_len(&message));
    buf_done(&message);
    fly(f);
}

static void fly(struct tls_fly *f)
{
    struct conn *c = f->layer->conn;
    const char *type;
    while (!f->flying && !c->dead && tls_flight_take(&f->flight, &f->outgoing, &type, &f->message_len)) {
        f->flying = true;
        json_t *facts = json_pack("{s:s, s:I}", "type", type, "bytes", (json_int_t)f->message_len);
        conn_act_all(c, f->layer, conn_moment(c, 0, "tls.message", facts), message_action, after_message, f);
        return; /* after_message() has gone on, or will */
    }
    if (f->flying || c->dead || buf_len(&f->outgoing) == 0 || f->flight.n)
        return;
    struct buf rest = f->outgoing;
    f->outgoing = BUF_NULL;
    layer_down(f->layer, buf_data(&rest), buf_len(&rest));
    buf_done(&rest);
}

bool tls_fly_under_way(const struct tls_fly *f)
{
    return f->flight.n || f->flying || buf_len(&f->outgoing);
}

void tls_fly_send(struct tls_fly *f, struct buf *bytes)
{
    buf_add(&f->outgoing, buf_data(bytes), buf_len(bytes));
    buf_consume(bytes, buf_len(bytes));
    fly(f);
}

void tls_fly_done(struct tls_fly *f)
{
    buf_done(&f->outgoing);
}
