/* TLS, the server's side.
 *
 *   bytes_up ─► in ─► OpenSSL ─► layer_up        while it is held (a scenario delays), input waits in `held`
 *   bytes_down ─► OpenSSL ─► out ─► layer_down
 *
 * OpenSSL's callbacks only take notes. Events are written and the scenario is asked when OpenSSL has returned: what it
 * then does (close, reset) may come back into this layer.
 */
#include "lib/net/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/net/alert.h"
#include "lib/net/conn.h"
#include "lib/net/tls_fly.h"
#include "lib/net/tls_hello.h"
#include "lib/net/tls_pump.h"
#include "lib/net/tls_seal.h"

#define HELD_MAX (1u << 20) /* a peer that sends so much while it is held is cut off */

enum state {
    TLS_START,     /* not even a record header has come */
    TLS_HANDSHAKE,
    TLS_OPEN,
    TLS_OVER       /* failed or closed: input is thrown away */
};

struct tls {
    struct layer layer;
    struct tls_pump pump;
    struct tls_fly fly;
    const char *const *alpn;
    const char *alpn_force;
    const struct tls_sni *sni;
    struct buf held;
    enum state state;
    bool hold;            /* a moment's actions wait: nothing is given to OpenSSL */
    bool busy;            /* in work(): called again from above or by an action */
    bool hello_passed;
    bool opened;          /* LAYER_OPEN has gone up */
    bool eof_told;        /* LAYER_EOF has gone up */
    bool raw_eof;         /* the layer beneath has ended */
    json_t *hello;        /* facts noted by the callback */
    int alert_in, alert_out; /* noted by the callback; -1: none */
    char agreed[32];
    struct tls_secret secret; /* for an alert under the keys */
};

static struct tls *tls_of(const struct layer *l)
{
    return CONTAINER_OF(l, struct tls, layer);
}

static void work(struct tls *t);

/* OpenSSL's callbacks */

static void on_keys(const SSL *ssl, const char *line)
{
    struct tls *t = SSL_get_app_data(ssl);
    tls_secret_note(&t->secret, line);
}

static void keep_keys(struct tls *t)
{
    if (t->secret.wanted)
        SSL_CTX_set_keylog_callback(SSL_get_SSL_CTX(t->pump.ssl), on_keys);
}

static void choose_by_name(struct tls *t)
{
    char name[256];
    if (!t->sni)
        return;
    tls_hello_sni(t->pump.ssl, name, sizeof name);
    for (const struct tls_sni *s = t->sni; s->host; s++)
        if (strcasecmp(s->host, name) == 0) {
            SSL_set_SSL_CTX(t->pump.ssl, s->ctx);
            keep_keys(t);
            return;
        }
}

static int on_client_hello(SSL *ssl, int *al, void *arg)
{
    struct tls *t = SSL_get_app_data(ssl);
    (void)al, (void)arg;
    if (t->hello_passed) {
        choose_by_name(t);
        return SSL_CLIENT_HELLO_SUCCESS;
    }
    if (!t->hello && conn_heard(t->layer.conn, "tls.hello"))
        t->hello = tls_hello_facts(ssl);
    return SSL_CLIENT_HELLO_RETRY; /* comes again once hello_passed */
}

static int on_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_len, const unsigned char *in,
                   unsigned in_len, void *arg)
{
    struct tls *t = SSL_get_app_data(ssl);
    (void)arg;
    if (t->alpn_force) {
        *ret = (const unsigned char *)t->alpn_force;
        *ret_len = (unsigned char)strlen(t->alpn_force);
        return SSL_TLSEXT_ERR_OK;
    }
    if (!t->alpn)
        return SSL_TLSEXT_ERR_NOACK;
    if (tls_hello_alpn(t->alpn, in, in_len, ret, ret_len))
        return SSL_TLSEXT_ERR_OK;
    return SSL_TLSEXT_ERR_ALERT_FATAL; /* no_application_protocol, as Go's servers do since 1.17 */
}

static void on_info(const SSL *ssl, int where, int value)
{
    struct tls *t = SSL_get_app_data(ssl);
    if (!(where & SSL_CB_ALERT))
        return;
    if (where & SSL_CB_READ)
        t->alert_in = value & 0xff;
    else
        t->alert_out = value & 0xff;
}

static void on_message(int write, int version, int content_type, const void *p, size_t n, SSL *ssl, void *arg)
{
    struct tls *t = arg;
    (void)version, (void)ssl;
    tls_flight_note(&t->fly.flight, write, content_type, p, n);
}

/* What OpenSSL left behind */

static void send_out(struct tls *t)
{
    if (buf_len(&t->pump.bytes.out) && tls_fly_under_way(&t->fly))
        tls_fly_send(&t->fly, &t->pump.bytes.out);
    else
        tls_pump_flush(&t->pump);
}

static void tell_alert(struct tls *t, int *alert, const char *dir)
{
    int code = *alert;
    *alert = -1;
    if (code > 0 && events_heard(t->layer.conn->events)) /* close_notify is not worth a line */
        conn_event(t->layer.conn, 0, "tls.alert", json_pack("{s:s, s:s}", dir, alert_name(code), "description",
                                                            SSL_alert_desc_string_long(code)));
}

static void tell_alerts(struct tls *t)
{
    tell_alert(t, &t->alert_in, "received");
    tell_alert(t, &t->alert_out, "sent");
}

/* `own_words` NULL: what OpenSSL says. */
static void fail(struct tls *t, const char *own_words)
{
    char reason[192];
    struct conn *c = t->layer.conn;
    int peers = t->alert_in;
    unsigned long error = ERR_peek_error();
    if (t->state == TLS_OVER)
        return;
    t->state = TLS_OVER;
    if (own_words)
        snprintf(reason, sizeof reason, "%s", own_words);
    else if (peers > 0)
        snprintf(reason, sizeof reason, "remote error: tls: %s", SSL_alert_desc_string_long(peers));
    else if (error)
        snprintf(reason, sizeof reason, "%s", ERR_reason_error_string(error) ? ERR_reason_error_string(error) : "?");
    else
        snprintf(reason, sizeof reason, "EOF");
    ERR_clear_error();
    send_out(t);
    tell_alerts(t);
    json_t *facts = json_pack("{s:s, s:b}", "reason", reason, "handshake", !t->opened);
    if (peers > 0)
        json_object_set_new(facts, "alert", json_string(alert_name(peers)));
    conn_event(c, 0, "tls.failed", facts);
    /* First close beneath: what the layers above do upon the news must not cut off our alert. */
    layer_close_down(&t->layer, LAYER_CLOSE);
    if (t->opened)
        layer_signal_up(&t->layer, LAYER_FAILED, reason);
}

/* The moments */

static bool own_alert(void *arg, const json_t *args)
{
    struct tls *t = arg;
    const char *name = json_string_value(json_is_object(args) ? json_object_get(args, "name") : args);
    char number[16];
    if (json_is_integer(args)) {
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(args));
        name = number;
    }
    int code = alert_code(name);
    if (code < 0)
        return false;
    /* By hand: OpenSSL sends alerts only for what went wrong. During the handshake they travel in clear. */
    uint8_t level = code == 0 || code == 90 || code == 100 ? SSL3_AL_WARNING : SSL3_AL_FATAL, sealed[SEALED_ALERT_LEN];
    if (t->state != TLS_OPEN)
        layer_down(&t->layer, (uint8_t[]){SSL3_RT_ALERT, 3, 3, 0, 2, level, (uint8_t)code}, 7);
    else if (tls_seal_alert(t->pump.ssl, &t->secret, level, (uint8_t)code, sealed))
        layer_down(&t->layer, sealed, sizeof sealed);
    else
        return false;
    t->state = TLS_OVER;
    t->alert_out = code;
    tell_alerts(t);
    layer_close_down(&t->layer, LAYER_CLOSE);
    return true;
}

static bool own_action(void *arg, const struct action *a)
{
    return strcmp(a->verb, "alert") == 0 && own_alert(arg, a->args);
}

static void after_hello(void *arg, bool carry_on)
{
    struct tls *t = arg;
    if (t->layer.conn->dead)
        return;
    if (!carry_on) { /* the scenario has spoken in our place */
        t->state = TLS_OVER;
        return;
    }
    t->hold = false;
    t->hello_passed = true;
    if (!t->busy)
        work(t);
}

static void tell_hello(struct tls *t)
{
    struct conn *c = t->layer.conn;
    json_t *facts = t->hello;
    t->hello = NULL;
    t->hold = true;
    conn_act_all(c, &t->layer, conn_moment(c, 0, "tls.hello", facts), own_action, after_hello, t);
}

static void after_handshake(void *arg, bool carry_on)
{
    struct tls *t = arg;
    (void)carry_on;
    if (t->layer.conn->dead || t->state != TLS_OPEN)
        return;
    t->hold = false;
    t->opened = true;
    SSL_set_msg_callback(t->pump.ssl, NULL);
    layer_signal_up(&t->layer, LAYER_OPEN, NULL);
    if (!t->busy && !t->layer.conn->dead)
        work(t);
}

static void tell_handshake(struct tls *t)
{
    struct conn *c = t->layer.conn;
    json_t *facts = tls_pump_facts(&t->pump);
    snprintf(t->agreed, sizeof t->agreed, "%s", json_string_value(json_object_get(facts, "alpn")));
    if (!conn_heard(c, "tls.handshake")) {
        json_decref(facts);
        facts = NULL;
    }
    t->hold = true;
    conn_act_all(c, &t->layer, conn_moment(c, 0, "tls.handshake", facts), own_action, after_handshake, t);
}

static bool is_tls(struct tls *t, const uint8_t *p)
{
    const char *answer = NULL, *reason = tls_hello_refused(p, &answer);
    if (answer)
        layer_down(&t->layer, answer, strlen(answer));
    if (reason)
        fail(t, reason);
    return !reason;
}

static void tell_eof(struct tls *t)
{
    if (!t->eof_told) {
        t->eof_told = true;
        layer_signal_up(&t->layer, LAYER_EOF, NULL);
    }
}

/* true: go on. */
static bool handshake(struct tls *t)
{
    int error = tls_pump_handshake(&t->pump);
    if (error == SSL_ERROR_WANT_CLIENT_HELLO_CB) {
        send_out(t);
        tell_hello(t);
        return true;
    }
    if (error == SSL_ERROR_NONE) {
        t->state = TLS_OPEN;
        send_out(t);
        tell_alerts(t);
        if (!t->layer.conn->dead && !t->layer.conn->stalled)
            tell_handshake(t);
        return true;
    }
    if (error != SSL_ERROR_WANT_READ) {
        fail(t, t->raw_eof && t->alert_in <= 0 ? "EOF" : NULL);
        return false;
    }
    send_out(t);
    return false;
}

static bool read_some(struct tls *t)
{
    uint8_t plain[SSL3_RT_MAX_PLAIN_LENGTH];
    size_t n = 0;
    int error = tls_pump_read(&t->pump, plain, sizeof plain, &n);
    send_out(t); /* answers to key updates */
    tell_alerts(t);
    if (t->layer.conn->dead || t->state != TLS_OPEN)
        return false;
    if (error == SSL_ERROR_NONE) {
        layer_up(&t->layer, plain, n);
        return true;
    }
    if (error == SSL_ERROR_ZERO_RETURN) {
        t->pump.bytes.in_len = 0; /* after close_notify nothing counts */
        tell_eof(t);
    } else if (error != SSL_ERROR_WANT_READ && t->raw_eof) {
        tell_eof(t); /* gone without close_notify */
    } else if (error != SSL_ERROR_WANT_READ) {
        fail(t, NULL);
    }
    return false;
}

static bool step(struct tls *t)
{
    if (t->layer.conn->dead || t->hold || t->state == TLS_OVER)
        return false;
    if (t->state == TLS_START) {
        if (t->pump.bytes.in_len < TLS_RECORD_HEADER) {
            if (t->raw_eof)
                fail(t, "EOF");
            return false;
        }
        t->state = TLS_HANDSHAKE;
        if (!is_tls(t, t->pump.bytes.in))
            return false;
        if (conn_cares(t->layer.conn, "tls.message")) {
            SSL_set_msg_callback(t->pump.ssl, on_message);
            SSL_set_msg_callback_arg(t->pump.ssl, t);
        }
        t->secret.wanted = conn_cares(t->layer.conn, "tls.handshake");
        keep_keys(t);
    }
    return t->state == TLS_OPEN ? read_some(t) : handshake(t);
}

static void work(struct tls *t)
{
    t->busy = true;
    /* What waited comes first; new input was put behind it. */
    struct buf held = t->held;
    t->held = BUF_NULL;
    if (buf_len(&held)) {
        t->pump.bytes.in = buf_data(&held);
        t->pump.bytes.in_len = buf_len(&held);
    }
    t->pump.bytes.eof = t->raw_eof;
    while (step(t))
        ;
    struct tls_bytes *b = &t->pump.bytes;
    if (b->in_len && !t->layer.conn->dead && t->state != TLS_OVER)
        buf_add(&t->held, b->in, b->in_len); /* held, or not yet a record header */
    b->in = NULL;
    b->in_len = 0;
    buf_done(&held);
    t->busy = false;
}

/* The layer */

static void tls_bytes_up(struct layer *l, const uint8_t *p, size_t n)
{
    struct tls *t = tls_of(l);
    if (t->state == TLS_OVER)
        return;
    if (t->hold || t->busy || buf_len(&t->held)) {
        buf_add(&t->held, p, n);
        if (buf_len(&t->held) > HELD_MAX) {
            fail(t, "too much was sent while the connection was held");
            return;
        }
        if (t->hold || t->busy)
            return;
    } else {
        t->pump.bytes.in = p;
        t->pump.bytes.in_len = n;
    }
    work(t);
}

static void tls_signal(struct layer *l, enum layer_signal s, const char *reason)
{
    struct tls *t = tls_of(l);
    if (s == LAYER_OPEN)
        return; /* ours goes up after the handshake */
    if (s == LAYER_EOF && t->state != TLS_OVER) {
        t->raw_eof = true;
        if (!t->hold && !t->busy)
            work(t);
    } else if (s == LAYER_EOF) {
        layer_close_down(l, LAYER_CLOSE);
    } else if (s == LAYER_FAILED && !t->opened) {
        fail(t, reason);
    } else if (t->opened) {
        layer_signal_up(l, s, reason);
    }
}

static void tls_bytes_down(struct layer *l, const uint8_t *p, size_t n)
{
    struct tls *t = tls_of(l);
    if (t->state != TLS_OPEN || t->pump.shut)
        return;
    tls_pump_write(&t->pump, p, n);
    send_out(t);
}

static void tls_close(struct layer *l, enum layer_close how)
{
    struct tls *t = tls_of(l);
    if (how != LAYER_RESET && t->state == TLS_OPEN && !t->pump.shut) {
        tls_pump_goodbye(&t->pump);
        send_out(t);
    }
    if (how == LAYER_CLOSE)
        t->state = TLS_OVER;
    layer_close_down(l, how);
}

static void tls_free(struct layer *l)
{
    struct tls *t = tls_of(l);
    tls_pump_done(&t->pump);
    tls_fly_done(&t->fly);
    OPENSSL_cleanse(&t->secret, sizeof t->secret);
    json_decref(t->hello);
    buf_done(&t->held);
    free(t);
}

static const struct layer_ops tls_ops = {
    .name = "tls",
    .bytes_up = tls_bytes_up,
    .signal = tls_signal,
    .bytes_down = tls_bytes_down,
    .close = tls_close,
    .free = tls_free,
};

const char *tls_alpn(const struct layer *l)
{
    return l && l->ops == &tls_ops ? tls_of(l)->agreed : "";
}

struct layer *tls_layer_push(struct conn *c, const struct tls_options *o)
{
    struct tls *t = NEW(struct tls);
    t->layer.ops = &tls_ops;
    t->alpn = o->alpn;
    t->alpn_force = o->alpn_force;
    t->sni = o->sni;
    t->alert_in = t->alert_out = -1;
    /* The same for every connection of the context; what differs hangs on the SSL. */
    SSL_CTX_set_client_hello_cb(o->ctx, on_client_hello, NULL);
    SSL_CTX_set_alpn_select_cb(o->ctx, on_alpn, NULL);
    for (const struct tls_sni *s = o->sni; s && s->host; s++) /* with the certificate comes all of its context */
        SSL_CTX_set_alpn_select_cb(s->ctx, on_alpn, NULL);
    tls_pump_init(&t->pump, &t->layer, o->ctx);
    t->fly = (struct tls_fly){.layer = &t->layer, .alert = own_alert, .arg = t};
    SSL_set_app_data(t->pump.ssl, t);
    SSL_set_info_callback(t->pump.ssl, on_info);
    SSL_set_mode(t->pump.ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_set_accept_state(t->pump.ssl);
    conn_push(c, &t->layer);
    return &t->layer;
}
