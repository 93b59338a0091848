/* The fake resolver: what the table says, what a scenario says instead, and what is no question at all. */
#include "lib/net/net_test.h"

#include <ldns/ldns.h>

#include "lib/net/dns.h"
#include "lib/net/dns_message.h"

struct resolver {
    struct world w;
    struct dns *dns;
    json_t *names;
    int fd; /* a client over UDP */
};

static void resolver_init(struct resolver *r)
{
    world_init(&r->w);
    r->names = json_loads("{\"gitlab-kas\": [\"10.60.1.1\", \"fd00::1\"], \"*.apps.tld\": [\"10.60.1.2\"],"
                          " \"deep.apps.tld\": \"10.60.1.3\", \"empty\": []}", 0, NULL);
    struct dns_options o = {.host = "127.0.0.1", .loop = r->w.loop, .events = r->w.events, .moments = &r->w.moments,
                            .names = r->names};
    assert_int_equal(dns_open(&o, &r->dns), 0);
    r->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(dns_port(r->dns)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(r->fd, (struct sockaddr *)&to, sizeof to), 0);
}

static void resolver_done(struct resolver *r)
{
    dns_free(r->dns);
    close(r->fd);
    world_done(&r->w);
    json_decref(r->names);
}

static size_t query_write(const char *name, ldns_rr_type type, uint8_t **wire)
{
    size_t n;
    ldns_pkt *p = ldns_pkt_query_new(ldns_dname_new_frm_str(name), type, LDNS_RR_CLASS_IN, LDNS_RD);
    ldns_pkt_set_id(p, 4711);
    assert_int_equal(ldns_pkt2wire(wire, p, &n), LDNS_STATUS_OK);
    ldns_pkt_free(p);
    return n;
}

/* "NOERROR 10.60.1.1 fd00::1", " tc" behind if truncated. */
static char *answer_text(const uint8_t *wire, size_t n)
{
    ldns_pkt *p;
    assert_int_equal(ldns_wire2pkt(&p, wire, n), LDNS_STATUS_OK);
    assert_int_equal(ldns_pkt_id(p), 4711);
    assert_true(ldns_pkt_qr(p) && ldns_pkt_ra(p));
    struct buf b = BUF_NULL;
    char *rcode = ldns_pkt_rcode2str(ldns_pkt_get_rcode(p));
    buf_addf(&b, "%s", rcode);
    free(rcode);
    for (size_t i = 0; i < ldns_rr_list_rr_count(ldns_pkt_answer(p)); i++) {
        char *text = ldns_rdf2str(ldns_rr_rdf(ldns_rr_list_rr(ldns_pkt_answer(p), i), 0));
        buf_addf(&b, " %s", text);
        free(text);
    }
    buf_addf(&b, "%s", ldns_pkt_tc(p) ? " tc" : "");
    ldns_pkt_free(p);
    char *text = xstrndup((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return text;
}

static void assert_answer(struct resolver *r, const char *name, ldns_rr_type type, const char *expected)
{
    uint8_t *wire, reply[4096];
    size_t n = query_write(name, type, &wire);
    ssize_t got = -1;
    assert_int_equal(send(r->fd, wire, n, 0), (ssize_t)n);
    WAIT_FOR(&r->w, (got = recv(r->fd, reply, sizeof reply, 0)) > 0);
    _cleanup_(freep) char *text = answer_text(reply, (size_t)got);
    assert_string_equal(text, expected);
    free(wire);
}

static void the_table(void **state)
{
    struct resolver r;
    (void)state;
    resolver_init(&r);
    assert_answer(&r, "gitlab-kas", LDNS_RR_TYPE_A, "NOERROR 10.60.1.1");
    assert_answer(&r, "GitLab-KAS", LDNS_RR_TYPE_AAAA, "NOERROR fd00::1");
    assert_answer(&r, "gitlab-kas", LDNS_RR_TYPE_TXT, "NOERROR");
    assert_answer(&r, "gitlab-kas.svc.cluster.local", LDNS_RR_TYPE_A, "NXDOMAIN");
    assert_answer(&r, "a.apps.tld", LDNS_RR_TYPE_A, "NOERROR 10.60.1.2");
    assert_answer(&r, "a.b.apps.tld", LDNS_RR_TYPE_A, "NOERROR 10.60.1.2");
    assert_answer(&r, "deep.apps.tld", LDNS_RR_TYPE_A, "NOERROR 10.60.1.3");
    assert_answer(&r, "apps.tld", LDNS_RR_TYPE_A, "NXDOMAIN");
    assert_answer(&r, "empty", LDNS_RR_TYPE_A, "NOERROR");
    const json_t *e = world_event(&r.w, "dns.query", 0);
    assert_string_equal(text_of(e, "name"), "gitlab-kas");
    assert_string_equal(text_of(e, "type"), "A");
    assert_string_equal(text_of(e, "over"), "udp");
    assert_string_equal(text_of(world_event(&r.w, "dns.answer", 3), "rcode"), "NXDOMAIN");
    resolver_done(&r);
}

static void verbs(void **state)
{
    struct resolver r;
    (void)state;
    resolver_init(&r);
    json_t *servfail = json_string("SERVFAIL"), *empty = json_object(), *soon = json_string("20ms"),
           *other = json_pack("{s:[s], s:[s], s:i}", "a", "10.0.0.9", "aaaa", "fd00::9", "ttl", 60),
           *bad = json_string("OOPS");
    struct action rcode = {"rcode", servfail, NULL}, wait_rcode = {"delay", soon, &rcode}, wait = {"delay", soon, NULL},
                  answer = {"answer", other, NULL}, truncate = {"truncate", empty, NULL}, stall = {"stall", empty, NULL},
                  unknown = {"rcode", bad, NULL};
    r.w.at = "dns.query";
    r.w.then = &rcode;
    assert_answer(&r, "gitlab-kas", LDNS_RR_TYPE_A, "SERVFAIL");
    r.w.then = &answer;
    assert_answer(&r, "gitlab-kas", LDNS_RR_TYPE_A, "NOERROR 10.0.0.9");
    assert_answer(&r, "nobody", LDNS_RR_TYPE_AAAA, "NOERROR fd00::9");
    r.w.then = &truncate;
    assert_answer(&r, "gitlab-kas", LDNS_RR_TYPE_A, "NOERROR tc");
    uint64_t begin = clock_ns();
    r.w.then = &wait;
    assert_answer(&r, "gitlab-kas", LDNS_RR_TYPE_A, "NOERROR 10.60.1.1");
    r.w.then = &wait_rcode;
    assert_answer(&r, "gitlab-kas", LDNS_RR_TYPE_A, "SERVFAIL");
    assert_true(clock_ns() - begin >= 40000000);

    uint8_t *wire, reply[64];
    size_t n = query_write("gitlab-kas", LDNS_RR_TYPE_A, &wire);
    r.w.then = &stall;
    assert_int_equal(send(r.fd, wire, n, 0), (ssize_t)n);
    WAIT_FOR(&r.w, world_event(&r.w, "dns.query", 6));
    assert_string_equal(text_of(world_event(&r.w, "fault.done", 7), "verb"), "stall"); /* behind seven */
    r.w.then = &unknown;
    assert_int_equal(send(r.fd, wire, n, 0), (ssize_t)n);
    WAIT_FOR(&r.w, world_event(&r.w, "fault.unknown", 0));
    assert_true(recv(r.fd, reply, sizeof reply, 0) < 0);
    r.w.then = &wait; /* freed while it waits */
    assert_int_equal(send(r.fd, wire, n, 0), (ssize_t)n);
    WAIT_FOR(&r.w, world_event(&r.w, "dns.query", 8));
    free(wire);
    resolver_done(&r);
    json_decref(servfail);
    json_decref(empty);
    json_decref(soon);
    json_decref(other);
    json_decref(bad);
}

static void over_tcp(void **state)
{
    struct resolver r;
    uint8_t *wire, message[512], reply[512];
    int end;
    (void)state;
    resolver_init(&r);
    size_t n = query_write("gitlab-kas", LDNS_RR_TYPE_A, &wire);
    int fd = client_to(dns_port(r.dns));
    message[0] = 0;
    message[1] = (uint8_t)n;
    memcpy(message + 2, wire, n);
    for (int i = 0; i < 2; i++) { /* two in one connection, the second in pieces */
        size_t cut = i ? 5 : n + 2;
        assert_int_equal(send(fd, message, cut, 0), (ssize_t)cut);
        world_turn(&r.w, clock_ns());
        if (cut < n + 2)
            assert_int_equal(send(fd, message + cut, n + 2 - cut, 0), (ssize_t)(n + 2 - cut));
        assert_int_equal(client_read(&r.w, fd, reply, 2, &end), 2);
        size_t len = (size_t)(reply[0] << 8 | reply[1]);
        assert_int_equal(client_read(&r.w, fd, reply, len, &end), len);
        _cleanup_(freep) char *text = answer_text(reply, len);
        assert_string_equal(text, "NOERROR 10.60.1.1");
    }
    assert_string_equal(text_of(world_event(&r.w, "dns.query", 1), "over"), "tcp");
    json_t *empty = json_object();
    struct action reset = {"reset", empty, NULL};
    r.w.at = "dns.query";
    r.w.then = &reset;
    assert_int_equal(send(fd, message, n + 2, 0), (ssize_t)(n + 2));
    client_read(&r.w, fd, reply, 1, &end);
    assert_int_equal(end, -ECONNRESET);
    close(fd);
    free(wire);
    resolver_done(&r);
    json_decref(empty);
}

static void too_much_for_udp_is_truncated(void **state)
{
    struct dns_question q;
    struct dns_say say = {.rcode = -1};
    json_t *names = json_pack("{s:[]}", "many");
    uint8_t *wire, *reply;
    size_t n, len;
    (void)state;
    for (int i = 0; i < 200; i++) {
        char ip[32];
        snprintf(ip, sizeof ip, "10.0.0.%d", i);
        json_array_append_new(json_object_get(names, "many"), json_string(ip));
    }
    n = query_write("many", LDNS_RR_TYPE_A, &wire);
    assert_int_equal(dns_question_read(wire, n, &q), 0);
    assert_int_equal(dns_answer_write(&q, names, &say, true, &reply, &len, NULL), 0);
    assert_true(len <= 512);
    char *text = answer_text(reply, len);
    assert_string_equal(text, "NOERROR tc");
    free(text);
    free(reply);
    assert_int_equal(dns_answer_write(&q, names, &say, false, &reply, &len, NULL), 0);
    assert_true(len > 3000);
    free(reply);
    free(wire);
    dns_question_done(&q);
    json_decref(names);
}

static void what_is_no_question(void **state)
{
    struct dns_question q;
    struct resolver r;
    uint8_t *wire, reply[64];
    ssize_t got = -1;
    (void)state;
    size_t n = query_write("gitlab-kas.example", LDNS_RR_TYPE_A, &wire);
    for (size_t i = 0; i < n; i++) /* every length, every byte turned over */
        if (dns_question_read(wire, i, &q) == 0)
            dns_question_done(&q);
    for (size_t i = 0; i < n * 8; i++) {
        wire[i / 8] ^= (uint8_t)(1 << i % 8);
        if (dns_question_read(wire, n, &q) == 0)
            dns_question_done(&q);
        wire[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    free(wire);
    resolver_init(&r);
    assert_int_equal(send(r.fd, "\x12\x34\1\0\0\1\0\0\0\0\0\0\xff", 13, 0), 13);
    WAIT_FOR(&r.w, (got = recv(r.fd, reply, sizeof reply, 0)) > 0);
    assert_int_equal(got, 12);
    assert_memory_equal(reply, "\x12\x34\x81\1", 4); /* FORMERR */
    assert_int_equal(send(r.fd, "short", 5, 0), 5);
    WAIT_FOR(&r.w, world_event(&r.w, "dns.failed", 1));
    resolver_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table),
        cmocka_unit_test(verbs),
        cmocka_unit_test(over_tcp),
        cmocka_unit_test(too_much_for_udp_is_truncated),
        cmocka_unit_test(what_is_no_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
