/* The TLS layer against OpenSSL's client: the handshake, its moments, and peers that speak something else. */
#include "lib/net/tls_test.h"

static const char *const hosts[] = {"gitlab.host.tld", "127.0.0.1", NULL};
static const struct leaf_spec good = {.hosts = hosts};
static const char *const h2_and_h1[] = {"h2", "http/1.1", NULL};

static void handshake_and_bytes_cut_anywhere(void **state)
{
    static const size_t steps[] = {1, 7, 16384};
    static char big[100000], back[100000];
    struct pair p;
    (void)state;
    memset(big, 'b', sizeof big);
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        pair_init(&p, &good, hosts[0], h2_and_h1);
        SSL_set_alpn_protos(p.client, (const unsigned char *)"\10http/1.1\2h2", 12);
        assert_int_equal(shake(&p, steps[i]), 1);
        assert_int_equal(p.top->opened, 1);
        assert_string_equal(tls_alpn(p.tls), "h2"); /* our order counts */
        assert_int_equal(SSL_write(p.client, big, sizeof big), sizeof big);
        carry(&p, steps[i]);
        assert_int_equal(buf_len(&p.top->got), sizeof big);
        assert_memory_equal(buf_data(&p.top->got), big, sizeof big);
        layer_down(&p.top->layer, big, sizeof big);
        carry(&p, steps[i]);
        size_t got = 0;
        for (int n; got < sizeof back && (n = SSL_read(p.client, back + got, (int)(sizeof back - got))) > 0;)
            got += (size_t)n;
        assert_int_equal(got, sizeof back);
        assert_memory_equal(back, big, sizeof big);
        const json_t *e = world_event(&p.w, "tls.handshake", 0);
        assert_string_equal(text_of(e, "version"), "1.3");
        assert_string_equal(text_of(e, "sni"), hosts[0]);
        assert_string_equal(text_of(e, "alpn"), "h2");
        e = world_event(&p.w, "tls.hello", 0);
        assert_string_equal(text_of(e, "sni"), hosts[0]);
        assert_string_equal(json_string_value(json_array_get(json_object_get(e, "alpn"), 0)), "http/1.1");
        assert_string_equal(json_string_value(json_array_get(json_object_get(e, "versions"), 0)), "1.3");
        pair_done(&p);
    }
}

static void older_version(void **state)
{
    struct pair p;
    (void)state;
    pair_init(&p, &good, hosts[0], NULL);
    SSL_set_max_proto_version(p.client, TLS1_2_VERSION);
    assert_int_equal(shake(&p, 100), 1);
    assert_string_equal(text_of(world_event(&p.w, "tls.handshake", 0), "version"), "1.2");
    assert_string_equal(tls_alpn(p.tls), "");
    pair_done(&p);
}

static void no_common_protocol_is_an_alert(void **state)
{
    struct pair p;
    (void)state;
    pair_init(&p, &good, hosts[0], h2_and_h1);
    SSL_set_alpn_protos(p.client, (const unsigned char *)"\4spdy", 5);
    assert_int_not_equal(shake(&p, 16384), 1);
    assert_string_equal(text_of(world_event(&p.w, "tls.alert", 0), "sent"), "no_application_protocol");
    assert_non_null(world_event(&p.w, "tls.failed", 0));
    assert_int_equal(conn_fake_closed(p.c), FAKE_CLOSED);
    assert_int_equal(p.top->opened, 0);
    pair_done(&p);
}

static void the_peers_alert_is_told(void **state)
{
    struct pair p;
    (void)state;
    pair_init(&p, &(struct leaf_spec){.hosts = hosts, .unknown_ca = true}, hosts[0], NULL);
    assert_int_not_equal(shake(&p, 16384), 1);
    assert_string_equal(text_of(world_event(&p.w, "tls.failed", 0), "alert"), "unknown_ca");
    assert_string_equal(text_of(world_event(&p.w, "tls.alert", 0), "received"), "unknown_ca");
    assert_non_null(strstr(text_of(world_event(&p.w, "tls.failed", 0), "reason"), "unknown CA"));
    assert_int_equal(conn_fake_closed(p.c), FAKE_CLOSED);
    pair_done(&p);
}

static void ends(void **state)
{
    struct pair p;
    char byte;
    (void)state;
    pair_init(&p, &good, hosts[0], NULL); /* the peer says goodbye, then ends */
    assert_int_equal(shake(&p, 16384), 1);
    SSL_shutdown(p.client);
    carry(&p, 16384);
    conn_fake_eof(p.c);
    assert_int_equal(p.top->eof, 1);
    pair_done(&p);

    pair_init(&p, &good, hosts[0], NULL); /* … or just ends */
    assert_int_equal(shake(&p, 16384), 1);
    conn_fake_eof(p.c);
    assert_int_equal(p.top->eof, 1);
    assert_null(world_event(&p.w, "tls.failed", 0));
    pair_done(&p);

    pair_init(&p, &good, hosts[0], NULL); /* we say goodbye */
    assert_int_equal(shake(&p, 16384), 1);
    struct buf *out = conn_fake_out(p.c);
    layer_close_down(&p.top->layer, LAYER_CLOSE);
    assert_int_equal(conn_fake_closed(p.c), FAKE_CLOSED);
    BIO_write(SSL_get_rbio(p.client), buf_data(out), (int)buf_len(out));
    assert_int_equal(SSL_get_error(p.client, SSL_read(p.client, &byte, 1)), SSL_ERROR_ZERO_RETURN);
    pair_done(&p);

    pair_init(&p, &good, hosts[0], NULL); /* in the middle of the handshake */
    SSL_do_handshake(p.client);
    carry(&p, 16384);
    conn_fake_eof(p.c);
    assert_string_equal(text_of(world_event(&p.w, "tls.failed", 0), "reason"), "EOF");
    pair_done(&p);

    pair_init(&p, &good, hosts[0], NULL); /* before anything */
    conn_fake_eof(p.c);
    assert_int_equal(conn_fake_closed(p.c), FAKE_CLOSED);
    pair_done(&p);
}

static void who_does_not_speak_tls(void **state)
{
    static const struct {
        const char *says, *answer;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n",
         "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ""},
        {"hello, is this TLS?", ""},
        {"\x16\x7f\x01\x00\x05", ""},
    };
    struct pair p;
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        pair_init(&p, &good, hosts[0], NULL);
        conn_fake_feed(p.c, cases[i].says, 3); /* too little to tell */
        assert_null(world_event(&p.w, "tls.failed", 0));
        conn_fake_feed(p.c, cases[i].says + 3, strlen(cases[i].says + 3) + (i == 3 ? 2 : 0));
        struct buf *out = conn_fake_out(p.c);
        buf_add(out, "", 1);
        assert_string_equal((const char *)buf_data(out), cases[i].answer);
        assert_non_null(world_event(&p.w, "tls.failed", 0));
        assert_int_equal(conn_fake_closed(p.c), FAKE_CLOSED);
        pair_done(&p);
    }
}

static void garbage_in_records_is_survived(void **state)
{
    uint32_t random = 99;
    struct pair p;
    (void)state;
    for (int round = 0; round < 50; round++) {
        uint8_t bytes[300] = {22, 3, 1, 1, 0x27, 1, 0, 1, 0x23, 3, 3};
        for (size_t i = 11; i < sizeof bytes; i++) {
            random = random * 1103515245u + 12345u;
            bytes[i] = (uint8_t)(random >> (round & 15));
        }
        pair_init(&p, &good, hosts[0], h2_and_h1);
        conn_fake_feed(p.c, bytes, sizeof bytes);
        conn_fake_feed(p.c, bytes, sizeof bytes);
        conn_fake_eof(p.c);
        assert_int_equal(p.top->opened, 0);
        assert_int_equal(conn_fake_closed(p.c), FAKE_CLOSED);
        pair_done(&p);
    }
}

/* The client's fate when the scenario does `list` at `at`. */
static int shake_with(struct pair *p, const char *at, const struct action *list)
{
    pair_init(p, &good, hosts[0], NULL);
    p->w.at = at;
    p->w.then = list;
    return shake(p, 16384);
}

static void faults_at_hello(void **state)
{
    struct pair p;
    (void)state;
    json_t *name = json_string("handshake_failure"), *ms = json_integer(20), *empty = json_object(),
           *text = json_string("HTTP/1.1 500 no\r\n");
    assert_int_not_equal(shake_with(&p, "tls.hello", &(struct action){"alert", name, NULL}), 1);
    assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
    assert_int_equal(conn_fake_closed(p.c), FAKE_CLOSED);
    assert_string_equal(text_of(world_event(&p.w, "tls.alert", 0), "sent"), "handshake_failure");
    assert_string_equal(text_of(world_event(&p.w, "fault.done", 0), "at"), "tls.hello");
    pair_done(&p);

    shake_with(&p, "tls.hello", &(struct action){"delay", ms, NULL});
    assert_int_equal(p.top->opened, 0);
    conn_fake_run(p.c);
    assert_int_equal(shake(&p, 16384), 1);
    assert_int_equal(p.top->opened, 1);
    pair_done(&p);

    shake_with(&p, "tls.hello", &(struct action){"reset", empty, NULL});
    assert_int_equal(conn_fake_closed(p.c), FAKE_RESET);
    pair_done(&p);

    shake_with(&p, "tls.hello", &(struct action){"stall", empty, NULL});
    assert_int_equal(conn_fake_closed(p.c), FAKE_NOT_CLOSED);
    assert_true(p.c->stalled);
    pair_done(&p);

    assert_int_not_equal(shake_with(&p, "tls.hello", &(struct action){"send", text, NULL}), 1);
    assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_WRONG_VERSION_NUMBER);
    pair_done(&p);

    shake_with(&p, "tls.hello", &(struct action){"alert", empty, NULL});
    assert_non_null(world_event(&p.w, "fault.unknown", 0));
    pair_done(&p);
    json_decref(name);
    json_decref(ms);
    json_decref(empty);
    json_decref(text);
}

static void held_after_the_handshake(void **state)
{
    struct pair p;
    json_t *ms = json_integer(20);
    (void)state;
    shake_with(&p, "tls.handshake", &(struct action){"delay", ms, NULL});
    assert_int_equal(SSL_write(p.client, "early", 5), 5);
    carry(&p, 3);
    assert_int_equal(p.top->opened, 0);
    assert_int_equal(buf_len(&p.top->got), 0);
    conn_fake_run(p.c);
    assert_int_equal(p.top->opened, 1);
    assert_int_equal(buf_len(&p.top->got), 5);
    pair_done(&p);
    json_decref(ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshake_and_bytes_cut_anywhere),
        cmocka_unit_test(older_version),
        cmocka_unit_test(no_common_protocol_is_an_alert),
        cmocka_unit_test(the_peers_alert_is_told),
        cmocka_unit_test(ends),
        cmocka_unit_test(who_does_not_speak_tls),
        cmocka_unit_test(garbage_in_records_is_survived),
        cmocka_unit_test(faults_at_hello),
        cmocka_unit_test(held_after_the_handshake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
