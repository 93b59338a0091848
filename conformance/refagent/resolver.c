#include "conformance/refagent/resolver.h"

#include <errno.h>
#include <ldns/ldns.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "conformance/refagent/backoff.h"
#include "conformance/refagent/gotext.h"
#include "conformance/refagent/resolver_conf.h"
#include "lib/base/mem.h"
#include "lib/loop/loop.h"

/* One question (a name and a type), put to the servers in turn until one answers. */
struct query {
    struct resolve *r;
    ldns_rr_type type;
    uint16_t id;
    int fd;
    struct watch *watch;
    struct timer *timer;
    unsigned tries;
    bool done;
    char *error; /* "no such host", worded with its server: see fail() */
    struct addresses found;
};

struct resolve {
    struct loop *loop;
    char *name;
    resolve_fn fn;
    void *arg;
    struct resolv_conf conf;
    char **names;
    size_t at; /* in names */
    struct query q[2];
    struct timer *soon; /* says what needed no question */
    struct addresses found;
    char *error;
};

static void ask_name(struct resolve *r);
static void ask_server(struct query *q);

static void query_stop(struct query *q)
{
    q->watch = watch_free(q->watch);
    q->timer = timer_free(q->timer);
    if (q->fd >= 0)
        close(q->fd);
    q->fd = -1;
}

/* RFC 6724, what matters of it here: addresses that cannot be reached last, IPv6 before IPv4. */
static int rank(const struct sockaddr_storage *a)
{
    struct sockaddr_storage to = *a;
    socklen_t len = a->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    ((struct sockaddr_in *)&to)->sin_port = htons(9); /* at the same place in both */
    int fd = socket(a->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool reachable = fd >= 0 && !connect(fd, (struct sockaddr *)&to, len);
    if (fd >= 0)
        close(fd);
    return (reachable ? 0 : 2) + (a->ss_family == AF_INET6 ? 0 : 1);
}

static void sort(struct addresses *a)
{
    int ranks[RESOLVE_MAX];
    for (size_t i = 0; i < a->n; i++)
        ranks[i] = rank(&a->at[i]);
    for (size_t i = 1; i < a->n; i++)
        for (size_t j = i; j && ranks[j] < ranks[j - 1]; j--) {
            struct sockaddr_storage s = a->at[j];
            a->at[j] = a->at[j - 1];
            a->at[j - 1] = s;
            int k = ranks[j];
            ranks[j] = ranks[j - 1];
            ranks[j - 1] = k;
        }
}

static void finish(struct resolve *r)
{
    sort(&r->found);
    r->fn(r->arg, &r->found, r->found.n ? NULL : r->error);
}

/* Both types are answered for this name: enough, or on to the next name. */
static void name_done(struct resolve *r)
{
    for (int i = 0; i < 2; i++) {
        struct query *q = &r->q[i];
        for (size_t k = 0; k < q->found.n && r->found.n < RESOLVE_MAX; k++)
            r->found.at[r->found.n++] = q->found.at[k];
        if (q->error) {
            free(r->error);
            r->error = q->error;
            q->error = NULL;
        }
    }
    if (r->found.n || !r->names[++r->at])
        finish(r);
    else
        ask_name(r);
}

static void query_done(struct query *q)
{
    struct resolve *r = q->r;
    query_stop(q);
    q->done = true;
    if (r->q[0].done && r->q[1].done)
        name_done(r);
}

/* Ours, not that of the server which answered wrongly: try again elsewhere, unless it said that there is no
 * such name. */
static void fail(struct query *q, const char *why, bool for_good)
{
    struct resolve *r = q->r;
    _cleanup_(freep) char *server = go_addr(&r->conf.servers[(q->tries - 1) % r->conf.n_servers]);
    free(q->error);
    q->error = xasprintf("lookup %s on %s: %s", r->name, server, why);
    query_stop(q);
    if (for_good || q->tries >= r->conf.attempts * r->conf.n_servers)
        query_done(q);
    else
        ask_server(q);
}

/* "read udp 10.0.0.1:4711->10.60.0.10:53: i/o timeout" */
static void fail_io(struct query *q, const char *op, const char *why)
{
    struct sockaddr_storage local = {0};
    socklen_t len = sizeof local;
    getsockname(q->fd, (struct sockaddr *)&local, &len);
    _cleanup_(freep) char *from = go_addr(&local);
    _cleanup_(freep) char *to = go_addr(&q->r->conf.servers[(q->tries - 1) % q->r->conf.n_servers]);
    _cleanup_(freep) char *text = xasprintf("%s udp %s->%s: %s", op, from, to, why);
    fail(q, text, false);
}

static void take_address(struct query *q, const ldns_rr *rr)
{
    if (ldns_rr_get_type(rr) != q->type || q->found.n == RESOLVE_MAX || !ldns_rr_rd_count(rr))
        return;
    struct sockaddr_storage *a = &q->found.at[q->found.n];
    const ldns_rdf *rd = ldns_rr_rdf(rr, 0);
    size_t size = ldns_rdf_size(rd);
    *a = (struct sockaddr_storage){0};
    if (q->type == LDNS_RR_TYPE_A && size == 4) {
        a->ss_family = AF_INET;
        memcpy(&((struct sockaddr_in *)a)->sin_addr, ldns_rdf_data(rd), 4);
    } else if (q->type == LDNS_RR_TYPE_AAAA && size == 16) {
        a->ss_family = AF_INET6;
        memcpy(&((struct sockaddr_in6 *)a)->sin6_addr, ldns_rdf_data(rd), 16);
    } else {
        return;
    }
    q->found.n++;
}

static void take_answer(struct query *q, const uint8_t *p, size_t n)
{
    ldns_pkt *pkt = NULL;
    if (ldns_wire2pkt(&pkt, p, n) != LDNS_STATUS_OK) {
        fail(q, "cannot unmarshal DNS message", false);
        return;
    }
    ldns_pkt_rcode rcode = ldns_pkt_get_rcode(pkt);
    ldns_rr_list *answer = ldns_pkt_answer(pkt);
    size_t records = answer ? ldns_rr_list_rr_count(answer) : 0;
    bool lame = rcode == LDNS_RCODE_NOERROR && !ldns_pkt_aa(pkt) && !ldns_pkt_ra(pkt) && !records;
    for (size_t i = 0; rcode == LDNS_RCODE_NOERROR && i < records; i++)
        take_address(q, ldns_rr_list_rr(answer, i));
    ldns_pkt_free(pkt);
    if (rcode == LDNS_RCODE_NXDOMAIN)
        fail(q, "no such host", true);
    else if (rcode != LDNS_RCODE_NOERROR)
        fail(q, "server misbehaving", false);
    else if (lame)
        fail(q, "lame referral", false);
    else if (!q->found.n)
        fail(q, "no such host", true);
    else
        query_done(q);
}

static void on_readable(void *arg, int events, int error)
{
    (void)events, (void)error;
    struct query *q = arg;
    uint8_t p[4096];
    ssize_t n = recv(q->fd, p, sizeof p, 0);
    if (n < 0) {
        if (errno == EAGAIN || errno == EINTR)
            return;
        _cleanup_(freep) char *why = go_errno(errno);
        _cleanup_(freep) char *text = xasprintf("read: %s", why);
        fail_io(q, "read", text);
        return;
    }
    if (n < 12 || (p[0] << 8 | p[1]) != q->id || !(p[2] & 0x80))
        return; /* not the answer to this question */
    take_answer(q, p, (size_t)n);
}

static void on_timeout(void *arg)
{
    fail_io(arg, "read", "i/o timeout");
}

static bool send_question(struct query *q)
{
    ldns_rdf *name = ldns_dname_new_frm_str(q->r->names[q->r->at]);
    ldns_pkt *pkt = name ? ldns_pkt_query_new(name, q->type, LDNS_RR_CLASS_IN, LDNS_RD) : NULL;
    uint8_t *wire = NULL;
    size_t n = 0;
    if (!pkt) {
        ldns_rdf_deep_free(name);
        return false;
    }
    q->id = (uint16_t)random_u64();
    ldns_pkt_set_id(pkt, q->id);
    bool ok = ldns_pkt2wire(&wire, pkt, &n) == LDNS_STATUS_OK && send(q->fd, wire, n, 0) == (ssize_t)n;
    free(wire);
    ldns_pkt_free(pkt);
    return ok;
}

static void ask_server(struct query *q)
{
    struct resolve *r = q->r;
    const struct sockaddr_storage *server = &r->conf.servers[q->tries++ % r->conf.n_servers];
    socklen_t len = server->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    q->fd = socket(server->ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (q->fd < 0 || connect(q->fd, (const struct sockaddr *)server, len)) {
        _cleanup_(freep) char *why = go_errno(errno), *to = go_addr(server);
        _cleanup_(freep) char *text = xasprintf("dial udp %s: connect: %s", to, why);
        fail(q, text, false);
        return;
    }
    if (!send_question(q)) {
        fail(q, "no such host", true); /* a name that DNS cannot carry */
        return;
    }
    q->watch = watch_new(r->loop, q->fd, on_readable, q);
    watch_set(q->watch, WATCH_READ);
    q->timer = timer_new(r->loop, r->conf.timeout_ms, on_timeout, q);
}

static void ask_name(struct resolve *r)
{
    for (int i = 0; i < 2; i++) {
        free(r->q[i].error);
        r->q[i] = (struct query){.r = r, .type = i ? LDNS_RR_TYPE_AAAA : LDNS_RR_TYPE_A, .fd = -1};
    }
    /* Both are marked as running: the first may fail before the second is asked. */
    ask_server(&r->q[0]);
    ask_server(&r->q[1]);
}

static void on_soon(void *arg)
{
    struct resolve *r = arg;
    r->soon = timer_free(r->soon);
    if (r->found.n)
        finish(r);
    else
        ask_name(r);
}

struct resolve *resolve_start(struct loop *loop, const char *name, resolve_fn fn, void *arg)
{
    struct resolve *r = NEW(struct resolve);
    *r = (struct resolve){.loop = loop, .name = xstrdup(name), .fn = fn, .arg = arg};
    r->q[0].fd = r->q[1].fd = -1;
    if (address_parse(name, &r->found.at[0]))
        r->found.n = 1;
    else
        hosts_read("/etc/hosts", name, &r->found);
    resolv_conf_read("/etc/resolv.conf", &r->conf);
    r->names = resolv_conf_names(&r->conf, name);
    r->soon = timer_new(loop, 0, on_soon, r);
    return r;
}

struct resolve *resolve_free(struct resolve *r)
{
    if (!r)
        return NULL;
    timer_free(r->soon);
    for (int i = 0; i < 2; i++) {
        query_stop(&r->q[i]);
        free(r->q[i].error);
    }
    for (char **n = r->names; *n; n++)
        free(*n);
    free(r->names);
    resolv_conf_done(&r->conf);
    free(r->error);
    free(r->name);
    free(r);
    return NULL;
}
