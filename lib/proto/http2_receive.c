/* What nghttp2 reports: frames of the peer, turned into calls of the owner and events; and frames that have gone. */
#include "lib/proto/http2_session.h"

#include <string.h>

#include "lib/base/mem.h"

static int verdict(const struct h2 *h)
{
    return h2_over(h) ? NGHTTP2_ERR_CALLBACK_FAILURE : 0; /* stops nghttp2 where it stands */
}

static json_t *code_json(uint32_t code)
{
    return code <= NGHTTP2_HTTP_1_1_REQUIRED ? json_string(h2_error_name(code)) : json_integer(code);
}

/* the room for heads */

void h2_head_reset(struct h2 *h)
{
    buf_consume(&h->head_bytes, buf_len(&h->head_bytes));
    h->head_count = h->head_size = 0;
}

/* The room for heads is kept for a turn, so that an idle connection has none. */
void h2_head_trim(struct h2 *h)
{
    if (h->head_count)
        return; /* CONTINUATION is to come */
    buf_trim(&h->head_bytes);
    free(h->heads);
    h->heads = NULL;
    h->head_cap = 0;
}

/* late frames */

/* DATA and HEADERS on a stream that lives no more: nghttp2 reads past them in silence. */
void h2_frame_begins(struct h2 *h)
{
    const struct h2_cut *f = &h->cut;
    if ((f->type != NGHTTP2_HEADERS && f->type != NGHTTP2_DATA) || f->id > h->last_id || f->id % 2 == 0 ||
        nghttp2_session_get_stream_user_data(h->session, f->id))
        return;
    enum h2_late late = h2_closed_find(&h->closed, f->id);
    if (f->type == NGHTTP2_DATA && late == H2_LATE_CLOSED)
        nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, f->id, NGHTTP2_STREAM_CLOSED);
    else if (f->type == NGHTTP2_HEADERS && late != H2_LATE_IGNORED)
        nghttp2_session_terminate_session(h->session, late == H2_LATE_CLOSED ? NGHTTP2_STREAM_CLOSED
                                                                             : NGHTTP2_PROTOCOL_ERROR);
}

/* request heads */

/* As Go's framer: the stream is reset, and nobody above hears of it. */
static void malformed(struct h2_stream *s, const char *why)
{
    struct h2 *h = s->h;
    if (s->malformed || s->closed)
        return;
    s->malformed = true;
    if (events_heard(h->l.conn->events))
        conn_event(h->l.conn, s->id, "h2.malformed", json_pack("{s:s}", "reason", why));
    nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_PROTOCOL_ERROR);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct h2 *h = arg;
    if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    h2_check_begin(&h->check, frame->headers.cat != NGHTTP2_HCAT_REQUEST);
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    struct h2_stream *s = NEW(struct h2_stream);
    s->h = h;
    s->id = h->last_id = frame->hd.stream_id;
    s->length = -1;
    TAILQ_INSERT_TAIL(&h->streams, s, link);
    h->count++;
    nghttp2_session_set_stream_user_data(session, s->id, s);
    h2_head_reset(h);
    return 0;
}

static void add_header(struct h2 *h, const uint8_t *name, size_t name_len, const uint8_t *value, size_t value_len)
{
    if (h->head_count == h->head_cap) {
        h->head_cap = h->head_cap ? h->head_cap * 2 : 16;
        h->heads = xrealloc(h->heads, h->head_cap * sizeof(*h->heads));
    }
    h->heads[h->head_count++] = (struct h2_header){.name_len = name_len, .value_len = value_len};
    buf_add(&h->head_bytes, name, name_len);
    buf_add(&h->head_bytes, "", 1);
    buf_add(&h->head_bytes, value, value_len);
    buf_add(&h->head_bytes, "", 1);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags, void *arg)
{
    struct h2 *h = arg;
    if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    h2_check_field(&h->check, name, name_len, value, value_len);
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0; /* trailers of a client say nothing in gRPC */
    struct h2_stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (!s || s->overflow)
        return 0;
    h->head_size += name_len + value_len + 32; /* RFC 9113 §6.5.2 */
    if (h->head_size > h->o.max_header_list || h->head_count == H2_HEADERS_MAX) {
        s->overflow = true;
        h2_head_reset(h);
        return 0;
    }
    add_header(h, name, name_len, value, value_len);
    return 0;
}

static void request_complete(struct h2 *h, struct h2_stream *s, bool end)
{
    if (s->overflow) { /* grpc-go's answer to a head beyond its limit */
        nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_FRAME_SIZE_ERROR);
        return;
    }
    const char *wrong = h2_check_end(&h->check, end), *p = (const char *)buf_data(&h->head_bytes);
    s->peer_ended = end;
    s->length = h->check.length;
    if (wrong) {
        malformed(s, wrong);
        h2_head_reset(h);
        return;
    }
    for (size_t i = 0; i < h->head_count; i++) { /* only now do the bytes stay where they are */
        h->heads[i].name = p;
        p += h->heads[i].name_len + 1;
        h->heads[i].value = p;
        p += h->heads[i].value_len + 1;
    }
    s->announced = true;
    h->owner.request(h->owner.arg, s, h->heads, h->head_count, end);
    h2_head_reset(h);
}

/* frames */

static json_t *settings_json(const nghttp2_settings *settings)
{
    json_t *facts = json_object();
    for (size_t i = 0; i < settings->niv; i++) {
        int32_t id = settings->iv[i].settings_id;
        char number[16];
        const char *name = h2_setting_name(id);
        snprintf(number, sizeof(number), "%d", id);
        json_object_set_new(facts, name ? name : number, json_integer(settings->iv[i].value));
    }
    return facts;
}

static void settings_received(struct h2 *h, const nghttp2_settings *settings)
{
    if (settings->hd.flags & NGHTTP2_FLAG_ACK)
        return;
    h2_moment(h, 0, "h2.peer_settings", settings_json(settings));
    if (h->peer_ready || h2_over(h))
        return;
    h->peer_ready = true;
    if (h->owner.peer_ready)
        h->owner.peer_ready(h->owner.arg, h);
}

static void stream_ended(struct h2_stream *s)
{
    if (!s || !s->announced || s->closed || s->peer_ended || s->malformed)
        return;
    s->peer_ended = true;
    if (s->length >= 0 && s->received != s->length) {
        malformed(s, "content-length is not the body's");
        return;
    }
    s->h->owner.end(s->h->owner.arg, s);
}

static void trailers_complete(struct h2 *h, struct h2_stream *s, bool end)
{
    const char *wrong = h2_check_end(&h->check, end);
    if (wrong)
        malformed(s, wrong);
    else
        stream_ended(s);
}

static void frame_event(struct h2 *h, const char *by, const nghttp2_frame_hd *hd)
{
    static const char *const types[] = {"DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS",
                                        "PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE", "CONTINUATION"};
    if (!conn_cares(h->l.conn, "h2.frame"))
        return;
    json_t *type = hd->type < ARRAY_SIZE(types) ? json_string(types[hd->type]) : json_integer(hd->type);
    json_t *facts = json_pack("{s:s, s:o, s:i, s:I}", "by", by, "type", type, "flags", hd->flags, "length",
                              (json_int_t)hd->length);
    if (!strcmp(by, "peer"))
        h2_moment(h, hd->stream_id, "h2.frame", facts);
    else /* inside mem_send a scenario's bytes could not keep their place */
        conn_event(h->l.conn, hd->stream_id, "h2.frame", facts);
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct h2 *h = arg;
    struct h2_stream *s = NULL;
    frame_event(h, "peer", &frame->hd);
    if (h2_over(h))
        return verdict(h);
    if (frame->hd.stream_id)
        s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        if (s && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
            request_complete(h, s, end);
        else if (s)
            trailers_complete(h, s, end);
        break;
    case NGHTTP2_DATA:
        if (end)
            stream_ended(s);
        break;
    case NGHTTP2_SETTINGS:
        settings_received(h, &frame->settings);
        break;
    case NGHTTP2_PING:
        h2_ping_received(h, &frame->ping);
        break;
    case NGHTTP2_GOAWAY:
        h2_goaway_event(h, "peer", frame->goaway.error_code, frame->goaway.last_stream_id,
                        frame->goaway.opaque_data, frame->goaway.opaque_data_len);
        break;
    case NGHTTP2_RST_STREAM:
        if (s)
            s->peer_reset = true;
        h2_moment(h, frame->hd.stream_id, "h2.rst_stream",
                  json_pack("{s:s, s:o}", "by", "peer", "code", code_json(frame->rst_stream.error_code)));
        break;
    default:
        break;
    }
    return verdict(h);
}

static int on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *p, size_t n, void *arg)
{
    struct h2 *h = arg;
    struct h2_stream *s = nghttp2_session_get_stream_user_data(session, id);
    if (h->o.manual_window)
        nghttp2_session_consume_connection(session, n); /* one stream that is held does not hold the others */
    if (!s || !s->announced || s->closed || s->malformed)
        return verdict(h);
    s->owed += h->o.manual_window ? (uint32_t)n : 0;
    s->received += (int64_t)n;
    if (s->length >= 0 && s->received > s->length)
        malformed(s, "more body than content-length says");
    else
        h->owner.data(h->owner.arg, s, p, n);
    if (!h2_over(h))
        h2_give_back(s);
    return verdict(h);
}

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct h2 *h = arg;
    const nghttp2_frame_hd *hd = &frame->hd;
    frame_event(h, "us", hd);
    if (hd->type == NGHTTP2_DATA || hd->type == NGHTTP2_HEADERS) {
        h->sent_since_ping = true;
        struct h2_stream *s = nghttp2_session_get_stream_user_data(session, hd->stream_id);
        /* As grpc-go: a call that ends before its client has ended is closed for the client too. */
        if ((hd->flags & NGHTTP2_FLAG_END_STREAM) && s && !s->peer_ended)
            nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, hd->stream_id, NGHTTP2_NO_ERROR);
    } else if (hd->type == NGHTTP2_RST_STREAM && events_heard(h->l.conn->events)) {
        conn_event(h->l.conn, hd->stream_id, "h2.rst_stream",
                   json_pack("{s:s, s:o}", "by", "us", "code", code_json(frame->rst_stream.error_code)));
    } else if (hd->type == NGHTTP2_GOAWAY) {
        h2_goaway_event(h, "us", frame->goaway.error_code, frame->goaway.last_stream_id, frame->goaway.opaque_data,
                        frame->goaway.opaque_data_len);
    }
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
    struct h2_stream *s = nghttp2_session_get_stream_user_data(session, id);
    if (s) {
        h2_closed_add(&((struct h2 *)arg)->closed, id, s->peer_ended || s->peer_reset);
        h2_stream_over(s, code);
    }
    return 0;
}

void h2_receive_callbacks(nghttp2_session_callbacks *cbs)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(cbs, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(cbs, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cbs, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cbs, on_data_chunk);
    nghttp2_session_callbacks_set_on_frame_send_callback(cbs, on_frame_send);
    nghttp2_session_callbacks_set_on_stream_close_callback(cbs, on_stream_close);
}
