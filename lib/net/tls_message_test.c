/* The handshake taken apart: what a scenario does at tls.message is what the client gets. */
#include "lib/net/tls_test.h"

static const char *const hosts[] = {"gitlab.host.tld", NULL};
static const struct leaf_spec good = {.hosts = hosts};
static const char *const h2[] = {"h2", NULL};

static void begin(struct pair *p, const struct action *list)
{
    pair_init(p, &good, hosts[0], h2);
    p->w.at = "tls.message";
    p->w.then = list;
}

static void each_message_is_told(void **state)
{
    static const char *const want[] = {"server_hello", "change_cipher_spec", "encrypted_extensions", "certificate",
                                       "certificate_verify", "finished"};
    struct pair p;
    (void)state;
    begin(&p, NULL);
    assert_int_equal(shake(&p, 16384), 1);
    for (size_t i = 0; i < ARRAY_SIZE(want); i++)
        assert_string_equal(text_of(world_event(&p.w, "tls.message", (int)i), "type"), want[i]);
    assert_null(world_event(&p.w, "tls.message", ARRAY_SIZE(want)));
    assert_int_equal(p.top->opened, 1);
    pair_done(&p);
}

static void older_handshakes_too(void **state)
{
    struct pair p;
    (void)state;
    begin(&p, NULL);
    SSL_set_max_proto_version(p.client, TLS1_2_VERSION);
    assert_int_equal(shake(&p, 100), 1);
    assert_string_equal(text_of(world_event(&p.w, "tls.message", 0), "type"), "server_hello");
    assert_string_equal(text_of(world_event(&p.w, "tls.message", 2), "type"), "server_key_exchange");
    assert_int_equal(p.top->opened, 1);
    pair_done(&p);
}

static void a_delay_holds_each_back(void **state)
{
    struct pair p;
    (void)state;
    json_t *ms = json_integer(3);
    struct action delay = {"delay", ms, NULL};
    begin(&p, &delay);
    for (uint64_t since = clock_ns(); shake(&p, 16384) != 1;)
        world_turn(&p.w, since);
    assert_int_equal(p.top->opened, 1);
    pair_done(&p);
    json_decref(ms);
}

/* The bytes of the first flight that the list at its first message lets out. */
static size_t first_flight(const struct action *list, uint8_t *to, size_t size, enum conn_fake_closed *closed)
{
    struct pair p;
    char hello[4096];
    begin(&p, list);
    assert_int_not_equal(SSL_do_handshake(p.client), 1);
    int n = BIO_read(SSL_get_wbio(p.client), hello, sizeof hello);
    conn_fake_feed(p.c, hello, (size_t)n);
    struct buf *out = conn_fake_out(p.c);
    size_t len = buf_len(out) < size ? buf_len(out) : size;
    memcpy(to, buf_data(out), len);
    *closed = conn_fake_closed(p.c);
    pair_done(&p);
    return len;
}

static void cut_alert_and_silence(void **state)
{
    uint8_t got[8192];
    enum conn_fake_closed closed;
    (void)state;
    json_t *none = json_object(), *bytes = json_pack("{s:i}", "bytes", 9), *name = json_string("internal_error");
    struct action stall = {"stall", none, NULL}, close = {"close", none, NULL}, cut = {"cut", bytes, &close},
                  alert = {"alert", name, NULL};
    assert_int_equal(first_flight(&stall, got, sizeof got, &closed), 0);
    assert_int_equal(first_flight(&cut, got, sizeof got, &closed), 9);
    assert_memory_equal(got, "\x16\x03\x03", 3); /* a record of the handshake, cut */
    assert_int_equal(closed, FAKE_CLOSED);
    assert_int_equal(first_flight(&alert, got, sizeof got, &closed), 7);
    assert_memory_equal(got, "\x15\x03\x03\x00\x02\x02\x50", 7);
    json_decref(none);
    json_decref(bytes);
    json_decref(name);
}

static void an_alert_under_the_keys(void **state)
{
    static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                         "TLS_CHACHA20_POLY1305_SHA256"};
    json_t *name = json_string("access_denied");
    struct action alert = {"alert", name, NULL};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(suites); i++) {
        struct pair p;
        char some[8];
        begin(&p, &alert);
        p.w.at = "tls.handshake";
        SSL_set_ciphersuites(p.client, suites[i]);
        assert_int_equal(shake(&p, 16384), 1); /* the client is done before we are */
        assert_true(SSL_read(p.client, some, sizeof some) <= 0);
        assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_AD_REASON_OFFSET + SSL_AD_ACCESS_DENIED);
        assert_string_equal(text_of(world_event(&p.w, "tls.alert", 0), "sent"), "access_denied");
        assert_int_equal(p.top->opened, 0);
        pair_done(&p);
    }
    json_decref(name);
}

static void before_13_there_is_none_under_the_keys(void **state)
{
    json_t *name = json_string("access_denied");
    struct action alert = {"alert", name, NULL};
    struct pair p;
    (void)state;
    begin(&p, &alert);
    p.w.at = "tls.handshake";
    SSL_set_max_proto_version(p.client, TLS1_2_VERSION);
    assert_int_equal(shake(&p, 16384), 1);
    assert_non_null(world_event(&p.w, "fault.unknown", 0));
    pair_done(&p);
    json_decref(name);
}

static void other_names_other_certificates(void **state)
{
    static const char *const other[] = {"other.example", NULL};
    struct pair p;
    SSL_CTX *ctx;
    (void)state;
    pair_init(&p, &good, other[0], NULL);
    assert_int_equal(pki_server_ctx(p.pki, &(struct leaf_spec){.hosts = other}, &ctx), 0);
    struct tls_sni sni[] = {{other[0], ctx}, {NULL, NULL}};
    conn_fake_free(p.c);
    p.c = conn_fake(p.w.loop, p.w.events, &p.w.moments);
    p.tls = tls_layer_push(p.c, &(struct tls_options){.ctx = p.server, .sni = sni, .alpn = h2});
    p.top = NEW(struct top);
    p.top->layer.ops = &top_ops;
    conn_push(p.c, &p.top->layer);
    conn_fake_open(p.c);
    SSL_set_alpn_protos(p.client, (const unsigned char *)"\2h2", 3);
    assert_int_equal(shake(&p, 16384), 1); /* verified for other.example */
    assert_string_equal(tls_alpn(p.tls), "h2");
    pair_done(&p);
    SSL_CTX_free(ctx);
}

/* What nobody offered is chosen: the client says what it thinks of that. */
static void alpn_by_force(void **state)
{
    struct pair p;
    (void)state;
    pair_init(&p, &good, hosts[0], NULL);
    conn_fake_free(p.c);
    p.c = conn_fake(p.w.loop, p.w.events, &p.w.moments);
    p.tls = tls_layer_push(p.c, &(struct tls_options){.ctx = p.server, .alpn = h2, .alpn_force = "spdy/3"});
    p.top = NEW(struct top);
    p.top->layer.ops = &top_ops;
    conn_push(p.c, &p.top->layer);
    conn_fake_open(p.c);
    SSL_set_alpn_protos(p.client, (const unsigned char *)"\2h2", 3);
    (void)shake(&p, 16384);
    const json_t *e = world_event(&p.w, "tls.handshake", 0);
    assert_true(!e || strcmp(text_of(e, "alpn"), "spdy/3") == 0);
    assert_true(e || world_event(&p.w, "tls.failed", 0));
    pair_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_is_told),  cmocka_unit_test(older_handshakes_too),
        cmocka_unit_test(a_delay_holds_each_back), cmocka_unit_test(cut_alert_and_silence),
        cmocka_unit_test(an_alert_under_the_keys), cmocka_unit_test(before_13_there_is_none_under_the_keys),
        cmocka_unit_test(other_names_other_certificates), cmocka_unit_test(alpn_by_force),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
