/* What the peer of the HTTP/2 client session says. */
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/proto/http2_client_session.h"

enum { HEADERS_MAX = 1000, HEAD_MAX = 16 * 1024 * 1024 };

static int verdict(const struct h2c *h)
{
    return h2c_over(h) ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct h2c *h = arg;
    buf_consume(&h->head_bytes, buf_len(&h->head_bytes));
    h->head_count = h->head_size = 0;
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags, void *arg)
{
    struct h2c *h = arg;
    h->head_size += name_len + value_len + 32;
    if (h->head_size > HEAD_MAX || h->head_count == HEADERS_MAX)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (!h->heads)
        h->heads = xcalloc(HEADERS_MAX, sizeof(*h->heads));
    h->heads[h->head_count++] = (struct h2_header){.name_len = name_len, .value_len = value_len};
    buf_add(&h->head_bytes, name, name_len);
    buf_add(&h->head_bytes, "", 1);
    buf_add(&h->head_bytes, value, value_len);
    buf_add(&h->head_bytes, "", 1);
    return 0;
}

static void head_complete(struct h2c *h, struct h2c_stream *s, bool response, bool end)
{
    const char *p = (const char *)buf_data(&h->head_bytes);
    for (size_t i = 0; i < h->head_count; i++) { /* only now do the bytes stay where they are */
        h->heads[i].name = p;
        p += h->heads[i].name_len + 1;
        h->heads[i].value = p;
        p += h->heads[i].value_len + 1;
    }
    s->peer_ended |= end;
    if (response)
        h->owner.response(h->owner.arg, s, h->heads, h->head_count, end);
    else if (end)
        h->owner.trailers(h->owner.arg, s, h->heads, h->head_count);
    free(h->heads);
    h->heads = NULL;
    buf_done(&h->head_bytes);
}

static json_t *code_json(uint32_t code)
{
    return code <= NGHTTP2_HTTP_1_1_REQUIRED ? json_string(h2_error_name(code)) : json_integer(code);
}

static void goaway_came(struct h2c *h, const nghttp2_goaway *f)
{
    _cleanup_(freep) char *debug = xstrndup((const char *)f->opaque_data, f->opaque_data_len);
    json_t *text = json_string(debug ? debug : "");
    conn_event(h->l.conn, 0, "h2.goaway",
               json_pack("{s:s, s:o, s:i, s:o}", "by", "peer", "code", code_json(f->error_code), "last",
                         f->last_stream_id, "debug", text ? text : json_string("(not UTF-8)")));
    h->owner.goaway(h->owner.arg, f->error_code, f->last_stream_id, debug ? debug : "");
}

static void settings_came(struct h2c *h, const nghttp2_settings *f)
{
    json_t *facts = json_object();
    for (size_t i = 0; i < f->niv; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", f->iv[i].settings_id);
        json_object_set_new(facts, id, json_integer(f->iv[i].value));
    }
    conn_event(h->l.conn, 0, "h2.peer_settings", facts);
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct h2c *h = arg;
    bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    struct h2c_stream *s =
        frame->hd.stream_id ? nghttp2_session_get_stream_user_data(session, frame->hd.stream_id) : NULL;
    if (h2c_over(h))
        return verdict(h);
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        if (s)
            head_complete(h, s, frame->headers.cat == NGHTTP2_HCAT_RESPONSE, end);
        break;
    case NGHTTP2_DATA:
        if (s && end && !s->peer_ended) {
            s->peer_ended = true;
            h->owner.end(h->owner.arg, s);
        }
        break;
    case NGHTTP2_SETTINGS:
        if (!(frame->hd.flags & NGHTTP2_FLAG_ACK))
            settings_came(h, &frame->settings);
        break;
    case NGHTTP2_PING:
        h->owner.ping(h->owner.arg, frame->ping.opaque_data, frame->hd.flags & NGHTTP2_FLAG_ACK);
        break;
    case NGHTTP2_GOAWAY:
        goaway_came(h, &frame->goaway);
        break;
    case NGHTTP2_RST_STREAM:
        conn_event(h->l.conn, frame->hd.stream_id, "h2.rst_stream",
                   json_pack("{s:s, s:o}", "by", "peer", "code", code_json(frame->rst_stream.error_code)));
        break;
    default:
        break;
    }
    return verdict(h);
}

static int on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *p, size_t n, void *arg)
{
    struct h2c *h = arg;
    struct h2c_stream *s = nghttp2_session_get_stream_user_data(session, id);
    nghttp2_session_consume_connection(session, n); /* one stream that is held does not hold the others */
    if (!s || s->closed)
        return verdict(h);
    s->owed += n;
    h->owner.data(h->owner.arg, s, p, n);
    if (!h2c_over(h))
        h2c_give_back(s);
    return verdict(h);
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
    struct h2c_stream *s = nghttp2_session_get_stream_user_data(session, id);
    if (s)
        h2c_stream_over(s, code);
    return 0;
}

void h2c_receive_callbacks(nghttp2_session_callbacks *cbs)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(cbs, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(cbs, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cbs, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cbs, on_data_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(cbs, on_stream_close);
}
