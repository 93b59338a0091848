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
#include "lib/net/tls_bio.h"
#include "lib/net/tls_flight.h"
#include "lib/net/tls_hello.h"
#include "lib/net/tls_seal.h"

#define RECORD_HEADER 5
#define HELD_MAX (1u << 20) /* a peer that sends so much while it is held is cut off */

enum state {
    TLS_START,     /* not even a record header has come */
    TLS_HANDSHAKE,
    TLS_OPEN,
    TLS_OVER       /* failed or closed: input is thrown away */
};

struct tls {
    struct layer layer;
    SSL *ssl;
    const char *const *alpn;
    const char *alpn_force;
    const struct tls_sni *sni;
    struct tls_bytes bytes;
    struct tls_flight flight; /* noted only if somebody cares for tls.message */
    struct buf outgoing;      /* … of which these bytes have not gone out */
    size_t message_len;       /* of outgoing: the message whose moment it is */
    bool flying;              /* that moment's actions wait */
    struct buf held;
    enum state state;
    bool hold;            /* a moment's actions wait: nothing is given to OpenSSL */
    bool busy;            /* in work(): called again from above or by an action */
    bool hello_passed;
    bool opened;          /* LAYER_OPEN has gone up */
    bool eof_told, shut;  /* LAYER_EOF has gone up; close_notify is out */
    bool raw_eof;         /* the layer beneath has ended */
    json_t *hello;        /* facts noted by the callback */
    int alert_in, alert_out; /* noted by the callback; -1: none */
    char agreed[32];
    bool seals; /* a scenario may want an alert under the keys: then the secret is kept */
    struct tls_secret secret;
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
    if (t->seals)
        tls_secret_note(&t->secret, line);
}

static void keep_keys(struct tls *t)
{
    if (t->seals)
        SSL_CTX_set_keylog_callback(SSL_get_SSL_CTX(t->ssl), on_keys);
}

static void choose_by_name(struct tls *t)
{
    char name[256];
    if (!t->sni)
        return;
    tls_hello_sni(t->ssl, name, sizeof name);
    for (const struct tls_sni *s = t->sni; s->host; s++)
        if (strcasecmp(s->host, name) == 0) {
            SSL_set_SSL_CTX(t->ssl, s->ctx);
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
    for (const char *const *ours = t->alpn; *ours; ours++) {
        size_t n = strlen(*ours);
        for (unsigned i = 0; i < in_len && i + 1u + in[i] <= in_len; i += 1u + in[i])
            if (in[i] == n && memcmp(in + i + 1, *ours, n) == 0) {
                *ret = in + i + 1;
                *ret_len = in[i];
                return SSL_TLSEXT_ERR_OK;
            }
    }
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
    tls_flight_note(&t->flight, write, content_type, p, n);
}

/* Our handshake, message by message */

static bool own_alert(struct tls *t, const json_t *args);
static void fly(struct tls *t);

static bool message_action(void *arg, const struct action *a)
{
    struct tls *t = arg;
    const json_t *bytes = json_object_get(a->args, "bytes");
    if (strcmp(a->verb, "withhold") == 0)
        return true;
    if (strcmp(a->verb, "alert") == 0)
        return own_alert(t, a->args);
    if (strcmp(a->verb, "cut") != 0 || !json_is_integer(bytes) || json_integer_value(bytes) < 0)
        return false;
    size_t n = (size_t)json_integer_value(bytes);
    struct buf part = BUF_NULL;
    buf_add(&part, buf_data(&t->outgoing), n < t->message_len ? n : t->message_len);
    layer_down(&t->layer, buf_data(&part), buf_len(&part));
    buf_done(&part);
    return true;
}

static void after_message(void *arg, bool carry_on)
{
    struct tls *t = arg;
    t->flying = false;
    if (t->layer.conn->dead || t->layer.conn->stalled)
        return;
    struct buf message = BUF_NULL;
    buf_add(&message, buf_data(&t->outgoing), t->message_len);
    buf_consume(&t->outgoing, t->message_len);
    t->message_len = 0;
    if (carry_on)
        layer_down(&t->layer, buf_data(&message), buf_len(&message));
    buf_done(&message);
    fly(t);
}

/* Sends what is noted, one message after the other; what waits is gone on with by after_message(). */
static void fly(struct tls *t)
{
    struct conn *c = t->layer.conn;
    const char *type;
    while (!t->flying && !c->dead && tls_flight_take(&t->flight, &t->outgoing, &type, &t->message_len)) {
        t->flying = true;
        json_t *facts = json_pack("{s:s, s:I}", "type", type, "bytes", (json_int_t)t->message_len);
        conn_act_all(c, &t->layer, conn_moment(c, 0, "tls.message", facts), message_action, after_message, t);
        return; /* after_message() has gone on, or will */
    }
    if (t->flying || c->dead || buf_len(&t->outgoing) == 0 || t->flight.n)
        return;
    struct buf rest = t->outgoing;
    t->outgoing = BUF_NULL;
    layer_down(&t->layer, buf_data(&rest), buf_len(&rest));
    buf_done(&rest);
}

/* What OpenSSL left behind */

static void send_out(struct tls *t)
{
    if (buf_len(&t->bytes.out) == 0)
        return;
    if (t->flight.n || t->flying || buf_len(&t->outgoing)) {
        buf_add(&t->outgoing, buf_data(&t->bytes.out), buf_len(&t->bytes.out));
        buf_consume(&t->bytes.out, buf_len(&t->bytes.out));
        fly(t);
        return;
    }
    struct buf out = t->bytes.out; /* sending may come back here */
    t->bytes.out = BUF_NULL;
    layer_down(&t->layer, buf_data(&out), buf_len(&out));
    buf_done(&out);
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

static bool own_alert(struct tls *t, const json_t *args)
{
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
    else if (tls_seal_alert(t->ssl, &t->secret, level, (uint8_t)code, sealed))
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
    SSL_set_msg_callback(t->ssl, NULL);
    layer_signal_up(&t->layer, LAYER_OPEN, NULL);
    if (!t->busy && !t->layer.conn->dead)
        work(t);
}

static void tell_handshake(struct tls *t)
{
    struct conn *c = t->layer.conn;
    const unsigned char *alpn;
    unsigned alpn_len;
    const char *sni = SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name);
    SSL_get0_alpn_selected(t->ssl, &alpn, &alpn_len);
    snprintf(t->agreed, sizeof t->agreed, "%.*s", (int)alpn_len, alpn ? (const char *)alpn : "");
    json_t *facts = NULL;
    if (conn_heard(c, "tls.handshake")) {
        facts = json_pack("{s:s, s:s, s:s}", "version", tls_version_text(SSL_version(t->ssl)), "cipher",
                          SSL_get_cipher_name(t->ssl), "alpn", t->agreed);
        json_object_set_new(facts, "sni", json_string(sni ? sni : "")); /* refuses what is no UTF-8 */
    }
    t->hold = true;
    conn_act_all(c, &t->layer, conn_moment(c, 0, "tls.handshake", facts), own_action, after_handshake, t);
}

/* A peer that does not speak TLS at all */

/* As Go's server: an answer in clear to HTTP/1, and to everything else the connection's end without a word. */
static bool is_tls(struct tls *t, const uint8_t *p)
{
    static const char answer[] =
        "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    static const char *const methods[] = {"GET /", "HEAD ", "POST ", "PUT /", "OPTIO"};
    if ((p[0] == 21 || p[0] == 22) && p[1] < 0x10)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        if (memcmp(p, methods[i], RECORD_HEADER) == 0) {
            layer_down(&t->layer, answer, sizeof answer - 1);
            fail(t, "client sent an HTTP request to an HTTPS server");
            return false;
        }
    fail(t, "first record does not look like a TLS handshake");
    return false;
}

/* Work */

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
    ERR_clear_error();
    int r = SSL_do_handshake(t->ssl);
    int error = r == 1 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, r);
    if (error == SSL_ERROR_WANT_CLIENT_HELLO_CB) {
        send_out(t);
        tell_hello(t);
        return true;
    }
    if (r == 1) {
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
    ERR_clear_error();
    int r = SSL_read_ex(t->ssl, plain, sizeof plain, &n);
    int error = r == 1 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, r);
    send_out(t); /* answers to key updates */
    tell_alerts(t);
    if (t->layer.conn->dead || t->state != TLS_OPEN)
        return false;
    if (r == 1) {
        layer_up(&t->layer, plain, n);
        return true;
    }
    if (error == SSL_ERROR_ZERO_RETURN) {
        t->bytes.in_len = 0; /* after close_notify nothing counts */
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
        if (t->bytes.in_len < RECORD_HEADER) {
            if (t->raw_eof)
                fail(t, "EOF");
            return false;
        }
        t->state = TLS_HANDSHAKE;
        if (!is_tls(t, t->bytes.in))
            return false;
        if (conn_cares(t->layer.conn, "tls.message")) {
            SSL_set_msg_callback(t->ssl, on_message);
            SSL_set_msg_callback_arg(t->ssl, t);
        }
        t->seals = conn_cares(t->layer.conn, "tls.handshake");
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
        t->bytes.in = buf_data(&held);
        t->bytes.in_len = buf_len(&held);
    }
    t->bytes.eof = t->raw_eof;
    while (step(t))
        ;
    struct tls_bytes *b = &t->bytes;
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
        t->bytes.in = p;
        t->bytes.in_len = n;
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
    size_t done;
    if (t->state != TLS_OPEN || t->shut)
        return;
    ERR_clear_error();
    SSL_write_ex(t->ssl, p, n, &done); /* into memory: all of it, or the session is broken and reading says so */
    send_out(t);
}

static void say_close_notify(struct tls *t)
{
    if (t->state != TLS_OPEN || t->shut)
        return;
    t->shut = true;
    ERR_clear_error();
    SSL_shutdown(t->ssl);
    send_out(t);
}

static void tls_close(struct layer *l, enum layer_close how)
{
    struct tls *t = tls_of(l);
    if (how != LAYER_RESET)
        say_close_notify(t);
    if (how == LAYER_CLOSE)
        t->state = TLS_OVER;
    layer_close_down(l, how);
}

static void tls_free(struct layer *l)
{
    struct tls *t = tls_of(l);
    SSL_free(t->ssl);
    OPENSSL_cleanse(&t->secret, sizeof t->secret);
    json_decref(t->hello);
    buf_done(&t->held);
    buf_done(&t->bytes.out);
    buf_done(&t->outgoing);
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
    t->ssl = SSL_new(o->ctx);
    BIO *bio = tls_bio_new(&t->bytes);
    if (!t->ssl || !bio) {
        fprintf(stderr, "fakekas: no TLS session: %s\n", ERR_reason_error_string(ERR_peek_error()));
        abort();
    }
    SSL_set_bio(t->ssl, bio, bio);
    SSL_set_app_data(t->ssl, t);
    SSL_set_info_callback(t->ssl, on_info);
    SSL_set_mode(t->ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_set_accept_state(t->ssl);
    conn_push(c, &t->layer);
    return &t->layer;
}
