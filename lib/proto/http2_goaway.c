/* How a session ends in words: GOAWAY, in one or two steps, and the pings that go with it; and how a server answers a
 * client that pings too often. The order of steps is grpc-go's, which is what KAS is made of.
 */
#include "lib/proto/http2_session.h"

#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"

enum { GOAWAY_LAST_MAX = 0x7fffffff, DRAIN_MS = 1000, MAX_STRIKES = 2 };

static const uint8_t drain_ping[8] = {1, 6, 1, 8, 0, 3, 3, 9};

void h2_goaway_event(struct h2 *h, const char *by, uint32_t code, int32_t last, const void *debug, size_t n)
{
    json_t *text = json_stringn(n ? debug : "", n);
    if (!text)
        text = json_string("(not UTF-8)");
    json_t *facts = json_pack("{s:s, s:s, s:i, s:o}", "by", by, "code", h2_error_name(code), "last", last, "debug",
                              text);
    if (!strcmp(by, "peer")) {
        h2_moment(h, 0, "h2.goaway", facts);
        if (h->owner.goaway && !h2_over(h)) {
            _cleanup_(freep) char *said = xstrndup(n ? debug : "", n);
            h->owner.goaway(h->owner.arg, h, code, said);
        }
        return;
    }
    conn_event(h->l.conn, 0, "h2.goaway", facts);
    if (code && !h->wanted_goaway) { /* nghttp2's own verdict on what the peer sent */
        text = n ? json_stringn(debug, n) : NULL;
        conn_event(h->l.conn, 0, "h2.failed",
                   json_pack("{s:o}", "reason", text ? text : json_string(h2_error_name(code))));
    }
}

/* A GOAWAY that nghttp2 would not write: it knows no debug text for the first of two, nor an impossible last. */
static void raw_goaway(struct h2 *h, uint32_t code, const char *debug, int32_t last)
{
    size_t n = strlen(debug), len = 8 + n;
    uint32_t l = (uint32_t)last;
    uint8_t head[17] = {(uint8_t)(len >> 16), (uint8_t)(len >> 8),  (uint8_t)len, NGHTTP2_GOAWAY, 0, 0, 0, 0, 0,
                        (uint8_t)(l >> 24),   (uint8_t)(l >> 16),   (uint8_t)(l >> 8),  (uint8_t)l,
                        (uint8_t)(code >> 24), (uint8_t)(code >> 16), (uint8_t)(code >> 8), (uint8_t)code};
    buf_add(&h->raw, head, sizeof(head));
    buf_add(&h->raw, debug, n);
    h2_goaway_event(h, "us", code, last, debug, n);
}

static void final_goaway(struct h2 *h, uint32_t code, const char *debug, int32_t last)
{
    h->wanted_goaway = true;
    if (last < 0)
        last = nghttp2_session_get_last_proc_stream_id(h->session);
    int r = nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE, last, code, (const uint8_t *)debug, strlen(debug));
    if (r < 0)
        raw_goaway(h, code, debug, last);
    h2_schedule(h);
}

void h2_goaway_frame(struct h2 *h, uint32_t code, const char *debug, int32_t last)
{
    if (h2_over(h))
        return;
    raw_goaway(h, code, debug, last);
    h2_schedule(h);
}

static void drain(struct h2 *h)
{
    h->drain_timer = timer_free(h->drain_timer);
    final_goaway(h, h->goaway_code, h->goaway_debug, -1);
}

static void drain_late(void *arg)
{
    struct h2 *h = arg;
    if (!h2_over(h))
        drain(h);
}

void h2_goaway(struct h2 *h, uint32_t code, const char *debug, int32_t last, bool graceful)
{
    if (h2_over(h))
        return;
    if (!debug)
        debug = "";
    if (!graceful) {
        final_goaway(h, code, debug, last);
        return;
    }
    if (h->drain_timer)
        return;
    free(h->goaway_debug);
    h->goaway_debug = xstrdup(debug);
    h->goaway_code = code;
    h->wanted_goaway = true;
    raw_goaway(h, NGHTTP2_NO_ERROR, debug, GOAWAY_LAST_MAX);
    nghttp2_submit_ping(h->session, NGHTTP2_FLAG_NONE, drain_ping);
    h->drain_timer = timer_new(h->l.conn->loop, DRAIN_MS, drain_late, h);
    h2_schedule(h);
}

/* pings */

void h2_pong(struct h2 *h, const uint8_t data[8])
{
    if (h2_over(h))
        return;
    nghttp2_submit_ping(h->session, NGHTTP2_FLAG_ACK, data);
    h2_schedule(h);
}

void h2_ping(struct h2 *h, const uint8_t data[8])
{
    if (h2_over(h))
        return;
    nghttp2_submit_ping(h->session, NGHTTP2_FLAG_NONE, data);
    h2_schedule(h);
}

/* What we send forgives the pings before it; beyond that, each that comes too soon is a strike. */
static bool too_many_pings(struct h2 *h)
{
    uint64_t now = clock_ns() / 1000000, last = h->last_ping_ms;
    h->last_ping_ms = now;
    if (!h->o.min_ping_ms)
        return false;
    if (h->sent_since_ping) {
        h->sent_since_ping = false;
        h->strikes = 0;
        return false;
    }
    if (last && now < last + h->o.min_ping_ms)
        h->strikes++;
    return h->strikes > MAX_STRIKES;
}

static void answer_ping(void *arg, bool carry_on)
{
    struct h2 *h = arg;
    carry_on |= h->ping_pass;
    h->ping_pass = false;
    if (!carry_on || h2_over(h))
        return;
    if (h->owner.ping) {
        h->owner.ping(h->owner.arg, h, h->ping, false);
        return;
    }
    nghttp2_submit_ping(h->session, NGHTTP2_FLAG_ACK, h->ping);
    if (!h->ending && too_many_pings(h)) {
        final_goaway(h, NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings", -1);
        h->ending = true;
    }
    h2_schedule(h);
}

static bool ping_action(void *arg, const struct action *a)
{
    struct h2 *h = arg;
    bool pass = !strcmp(a->verb, "pass");
    h->ping_pass |= pass;
    return pass || !strcmp(a->verb, "withhold") || h2_act(h, NULL, a);
}

void h2_ping_received(struct h2 *h, const nghttp2_ping *ping)
{
    bool ack = ping->hd.flags & NGHTTP2_FLAG_ACK;
    const struct action *a = NULL;
    if (!ack)
        memcpy(h->ping, ping->opaque_data, sizeof(h->ping));
    if (conn_cares(h->l.conn, "h2.ping")) {
        char hex[17];
        for (int i = 0; i < 8; i++)
            snprintf(hex + 2 * i, 3, "%02x", ping->opaque_data[i]);
        a = conn_moment(h->l.conn, 0, "h2.ping", json_pack("{s:b, s:s}", "ack", ack, "data", hex));
    }
    if (h->l.conn->dead)
        return;
    if (!ack) {
        conn_act_all(h->l.conn, &h->l, a, ping_action, answer_ping, h);
    } else if (h->drain_timer && !memcmp(ping->opaque_data, drain_ping, sizeof(drain_ping))) {
        drain(h);
    } else if (h->owner.ping) {
        h->owner.ping(h->owner.arg, h, ping->opaque_data, true);
    }
}

/* verbs */

static bool code_of(const json_t *v, uint32_t *ret)
{
    if (json_is_integer(v)) {
        *ret = (uint32_t)json_integer_value(v);
        return true;
    }
    return json_is_string(v) && h2_error_code(json_string_value(v), ret) == 0;
}

static void bad_code(struct h2 *h, int32_t stream, const char *verb)
{
    conn_event(h->l.conn, stream, "fault.failed",
               json_pack("{s:s, s:s}", "verb", verb, "reason",
                         "no such HTTP/2 error code; write a name like ENHANCE_YOUR_CALM or a number"));
}

static void act_goaway(struct h2 *h, const json_t *args)
{
    uint32_t code = NGHTTP2_NO_ERROR;
    json_t *c = json_object_get(args, "code"), *last = json_object_get(args, "last");
    if (c && !code_of(c, &code)) {
        bad_code(h, 0, "goaway");
        return;
    }
    h2_goaway(h, code, json_string_value(json_object_get(args, "debug")),
              json_is_integer(last) ? (int32_t)json_integer_value(last) : -1,
              json_is_true(json_object_get(args, "graceful")));
}

static void act_rst_stream(struct h2_stream *s, const json_t *args)
{
    uint32_t code = NGHTTP2_CANCEL;
    const json_t *c = json_is_object(args) ? json_object_get(args, "code") : args;
    if (c && !code_of(c, &code))
        bad_code(s->h, s->id, "rst_stream");
    else
        h2_rst(s, code);
}

bool h2_act(struct h2 *h, struct h2_stream *s, const struct action *a)
{
    if (!strcmp(a->verb, "goaway")) {
        act_goaway(h, a->args);
        return true;
    }
    if (s && !strcmp(a->verb, "rst_stream")) {
        act_rst_stream(s, a->args);
        return true;
    }
    return h2_act_frame(h, s ? s->id : 0, a);
}
