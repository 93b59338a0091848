/* The fake resolver: a UDP socket and a TCP listener on one address, and what the scenario wants said. */
#include "lib/net/dns.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/net/addr.h"
#include "lib/net/dns_message.h"
#include "lib/net/listener.h"

#define WHO "dns"
#define DATAGRAM 4096
#define DATAGRAMS_A_TURN 64
#define FIRST_CONN 1000000  /* ids beside those of the world's other listeners */
#define PORT_TRIES 16       /* until UDP's free port is free for TCP too */

struct dns {
    struct dns_options o;
    struct addr bound;
    int fd;
    struct watch *watch;
    struct listener *tcp;
    uint64_t next_conn_id;
    TAILQ_HEAD(, query) queries; /* over UDP, waiting for a delay */
};

struct query {
    struct dns *dns;
    struct dns_question question;
    struct dns_say say;
    bool said;               /* an action chose the answer */
    struct layer *layer;     /* over TCP */
    struct addr peer;        /* over UDP */
    const struct action *next;
    bool carry_on;
    struct timer *timer;
    TAILQ_ENTRY(query) link;
};

static void query_free(struct query *q)
{
    timer_free(q->timer);
    dns_question_done(&q->question);
    free(q);
}

static void tell(const struct query *q, const char *event, json_t *facts)
{
    const struct conn *c = q->layer ? q->layer->conn : NULL;
    events_emit(q->dns->o.events, WHO, c ? c->id : 0, 0, event, facts);
}

static json_t *facts_of(const struct query *q)
{
    return json_pack("{s:s, s:s, s:s}", "name", q->question.name, "type", q->question.type, "over",
                     q->layer ? "tcp" : "udp");
}

/* Answering */

static void send_datagram(const struct query *q, const uint8_t *p, size_t n)
{
    /* A full socket loses the answer, as the network may. */
    (void)sendto(q->dns->fd, p, n, MSG_NOSIGNAL, &q->peer.sa.any, q->peer.len);
}

static void send_framed(const struct query *q, const uint8_t *p, size_t n)
{
    struct buf b = BUF_NULL;
    buf_add(&b, (uint8_t[]){(uint8_t)(n >> 8), (uint8_t)n}, 2);
    buf_add(&b, p, n);
    layer_down(q->layer, buf_data(&b), buf_len(&b));
    buf_done(&b);
}

static void answer(const struct query *q)
{
    uint8_t *wire = NULL;
    size_t n;
    json_t *told = NULL, *facts = facts_of(q);
    if (dns_answer_write(&q->question, q->dns->o.names, &q->say, !q->layer, &wire, &n, &told) == 0 && n <= 65535) {
        json_object_update(facts, told);
        tell(q, "dns.answer", json_incref(facts));
        if (q->layer)
            send_framed(q, wire, n);
        else
            send_datagram(q, wire, n);
    }
    json_decref(told);
    json_decref(facts);
    free(wire);
}

static void query_end(struct query *q, bool carry_on)
{
    if ((carry_on || q->said) && !(q->layer && q->layer->conn->dead))
        answer(q);
    query_free(q);
}

/* The resolver's own verbs */

static bool own_action(void *arg, const struct action *a)
{
    struct query *q = arg;
    if (strcmp(a->verb, "answer") == 0) {
        q->say.answer = a->args;
    } else if (strcmp(a->verb, "truncate") == 0) {
        q->say.truncate = true;
    } else if (strcmp(a->verb, "rcode") == 0) {
        q->say.rcode = dns_rcode(json_is_object(a->args) ? json_object_get(a->args, "rcode") : a->args);
        if (q->say.rcode < 0)
            return false;
    } else {
        return false;
    }
    q->said = true;
    return true;
}

/* Lists over UDP: there is no connection that could do them. */

static void say_fault(const struct query *q, const char *event, const char *verb)
{
    tell(q, event, json_pack("{s:s, s:s}", "at", "dns.query", "verb", verb));
}

static void udp_act(struct query *q, const struct action *a)
{
    _cleanup_(freep) uint8_t *bytes = NULL;
    size_t n;
    bool known = true;
    q->carry_on = false;
    if (strcmp(a->verb, "send") == 0 && action_bytes(a->args, &bytes, &n) == 0)
        send_datagram(q, bytes, n);
    else if (strcmp(a->verb, "stall") != 0) /* to stall is to say nothing */
        known = own_action(q, a);
    say_fault(q, known ? "fault.done" : "fault.unknown", a->verb);
}

static void udp_go_on(struct query *q);

static void on_delay(void *arg)
{
    struct query *q = arg;
    q->timer = timer_free(q->timer);
    say_fault(q, "fault.done", "delay");
    udp_go_on(q);
}

static void udp_go_on(struct query *q)
{
    int64_t ms;
    while (q->next) {
        const struct action *a = q->next;
        q->next = a->next;
        if (strcmp(a->verb, "delay") != 0) {
            udp_act(q, a);
        } else if (action_delay(a->args, &ms) < 0) {
            say_fault(q, "fault.unknown", a->verb);
        } else {
            q->timer = timer_new(q->dns->o.loop, (uint64_t)ms, on_delay, q);
            return;
        }
    }
    TAILQ_REMOVE(&q->dns->queries, q, link);
    query_end(q, q->carry_on);
}

static void udp_query(struct query *q)
{
    struct moments *m = q->dns->o.moments;
    json_t *facts = facts_of(q);
    TAILQ_INSERT_TAIL(&q->dns->queries, q, link);
    tell(q, "dns.query", json_incref(facts));
    q->next = m ? m->at(m, NULL, 0, "dns.query", facts) : NULL;
    q->carry_on = true;
    json_decref(facts);
    udp_go_on(q);
}

/* TCP: the connection does the lists. */

static void tcp_done(void *arg, bool carry_on)
{
    query_end(arg, carry_on);
}

static void tcp_query(struct query *q)
{
    struct conn *c = q->layer->conn;
    conn_act_all(c, q->layer, conn_moment(c, 0, "dns.query", facts_of(q)), own_action, tcp_done, q);
}

/* Input */

/* `peer` over UDP, `layer` over TCP. */
static void on_message(struct dns *d, const uint8_t *p, size_t n, const struct addr *peer, struct layer *layer)
{
    struct query *q = NEW(struct query);
    q->dns = d;
    q->layer = layer;
    q->say.rcode = -1;
    if (peer)
        q->peer = *peer;
    int r = dns_question_read(p, n, &q->question);
    if (r < 0) {
        uint8_t refusal[12];
        tell(q, "dns.failed", json_pack("{s:s, s:I}", "reason", "not a DNS query", "bytes", (json_int_t)n));
        if (r == -EBADMSG) {
            dns_refuse(p, refusal);
            if (layer)
                send_framed(q, refusal, sizeof refusal);
            else
                send_datagram(q, refusal, sizeof refusal);
        }
        free(q);
    } else if (layer) {
        tcp_query(q);
    } else {
        udp_query(q);
    }
}

static void on_datagram(void *arg, int events, int error)
{
    (void)events, (void)error;
    struct dns *d = arg;
    uint8_t bytes[DATAGRAM];
    for (int i = 0; i < DATAGRAMS_A_TURN; i++) {
        struct addr peer = {.len = sizeof peer.sa};
        ssize_t n = recvfrom(d->fd, bytes, sizeof bytes, 0, &peer.sa.any, &peer.len);
        if (n >= 0)
            on_message(d, bytes, (size_t)n, &peer, NULL);
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            break;
    }
    watch_set(d->watch, WATCH_READ);
}

/* The layer over TCP: each message behind its length. */

struct dns_layer {
    struct layer layer;
    struct dns *dns;
    struct buf in;
};

static void dns_bytes_up(struct layer *l, const uint8_t *p, size_t n)
{
    struct dns_layer *dl = CONTAINER_OF(l, struct dns_layer, layer);
    buf_add(&dl->in, p, n);
    while (!l->conn->dead && buf_len(&dl->in) >= 2) {
        const uint8_t *head = buf_data(&dl->in);
        size_t len = (size_t)(head[0] << 8 | head[1]);
        if (buf_len(&dl->in) < 2 + len)
            return;
        on_message(dl->dns, head + 2, len, NULL, l);
        buf_consume(&dl->in, 2 + len);
    }
    buf_trim(&dl->in);
}

static void dns_layer_free(struct layer *l)
{
    struct dns_layer *dl = CONTAINER_OF(l, struct dns_layer, layer);
    buf_done(&dl->in);
    free(dl);
}

static const struct layer_ops dns_ops = {.name = "dns", .bytes_up = dns_bytes_up, .free = dns_layer_free};

static void build(void *arg, struct conn *c)
{
    struct dns_layer *dl = NEW(struct dns_layer);
    dl->layer.ops = &dns_ops;
    dl->dns = arg;
    conn_push(c, &dl->layer);
}

/* The door */

static int bind_udp(struct dns *d)
{
    d->fd = socket(d->bound.sa.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (d->fd < 0)
        return -errno;
    if (bind(d->fd, &d->bound.sa.any, d->bound.len) < 0)
        return -errno;
    d->bound.len = sizeof d->bound.sa;
    getsockname(d->fd, &d->bound.sa.any, &d->bound.len);
    return 0;
}

static int open_both(struct dns *d)
{
    int r = addr_parse(d->o.host ? d->o.host : "127.0.0.1", d->o.port, &d->bound);
    if (r == 0)
        r = bind_udp(d);
    if (r < 0)
        return r;
    struct listener_options lo = {
        .host = d->o.host, .port = addr_port(&d->bound), .who = WHO, .loop = d->o.loop, .events = d->o.events,
        .moments = d->o.moments, .next_conn_id = &d->next_conn_id, .build = build, .arg = d,
    };
    return listener_open(&lo, &d->tcp);
}

int dns_open(const struct dns_options *o, struct dns **ret)
{
    struct dns *d = NEW(struct dns);
    d->o = *o;
    d->next_conn_id = FIRST_CONN;
    d->fd = -1;
    TAILQ_INIT(&d->queries);
    int r = -EADDRINUSE;
    for (int i = 0; r == -EADDRINUSE && i < (o->port ? 1 : PORT_TRIES); i++) {
        if (d->fd >= 0)
            close(d->fd);
        d->fd = -1;
        r = open_both(d);
    }
    if (r == 0 && !(d->watch = watch_new(o->loop, d->fd, on_datagram, d)))
        r = -EBADF;
    if (r < 0) {
        dns_free(d);
        return r;
    }
    watch_set(d->watch, WATCH_READ);
    *ret = d;
    return 0;
}

uint16_t dns_port(const struct dns *d)
{
    return addr_port(&d->bound);
}

struct dns *dns_free(struct dns *d)
{
    struct query *q;
    if (!d)
        return NULL;
    d->tcp = listener_free(d->tcp);
    d->watch = watch_free(d->watch);
    if (d->fd >= 0)
        close(d->fd);
    while ((q = TAILQ_FIRST(&d->queries))) {
        TAILQ_REMOVE(&d->queries, q, link);
        query_free(q);
    }
    free(d);
    return NULL;
}
