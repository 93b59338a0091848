/* Answers on one stream. All of it is queued; nghttp2 asks for data when window and queue beneath allow. */
#include "lib/proto/http2_session.h"

#include <string.h>

#include "lib/base/mem.h"

enum { NV_FEW = 32 };

/* nghttp2's form of a header list, NULL if it is empty; `few` saves an allocation for the usual short ones. */
static nghttp2_nv *to_nv(const struct h2_header *h, size_t n, nghttp2_nv few[NV_FEW])
{
    if (n == 0)
        return NULL;
    nghttp2_nv *nv = n <= NV_FEW ? few : xcalloc(n, sizeof(*nv));
    for (size_t i = 0; i < n; i++) /* nghttp2 copies what it is given */
        nv[i] = (nghttp2_nv){(uint8_t *)h[i].name, (uint8_t *)h[i].value, h[i].name_len, h[i].value_len,
                             NGHTTP2_NV_FLAG_NONE};
    return nv;
}

static void submit_trailers(struct h2_stream *s)
{
    nghttp2_nv few[NV_FEW], *nv = to_nv(s->trailers, s->trailer_count, few);
    nghttp2_submit_trailer(s->h->session, s->id, nv, s->trailer_count);
    if (nv != few)
        free(nv);
    free(s->trailers);
    s->trailers = NULL;
}

static ssize_t read_data(nghttp2_session *session, int32_t id, uint8_t *to, size_t room, uint32_t *flags,
                         nghttp2_data_source *source, void *arg)
{
    struct h2_stream *s = source->ptr;
    size_t n = buf_len(&s->out);
    if (s->closed)
        return NGHTTP2_ERR_DEFERRED;
    if (n == 0 && (!s->finished || s->trailers)) {
        s->deferred = true; /* trailers alone: no empty DATA goes before them */
        if (s->trailers)
            submit_trailers(s);
        return NGHTTP2_ERR_DEFERRED;
    }
    if (n > room)
        n = room;
    if (n) {
        memcpy(to, buf_data(&s->out), n);
        buf_consume(&s->out, n);
    }
    if (buf_len(&s->out))
        return (ssize_t)n;
    buf_trim(&s->out);
    if (s->h->owner.drained)
        s->drain_pending = s->h->any_drain = true;
    if (s->finished) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (s->trailers) {
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            submit_trailers(s);
        }
    }
    return (ssize_t)n;
}

static bool dead(const struct h2_stream *s)
{
    return s->closed || h2_over(s->h);
}

/* More to send, or an end: wakes nghttp2's interest in the stream. */
static void wake(struct h2_stream *s)
{
    if (s->deferred) {
        s->deferred = false;
        nghttp2_session_resume_data(s->h->session, s->id);
    }
    h2_schedule(s->h);
}

void h2_respond(struct h2_stream *s, const struct h2_header *h, size_t n, bool end)
{
    if (dead(s) || s->responded)
        return;
    nghttp2_nv few[NV_FEW], *nv = to_nv(h, n, few);
    nghttp2_data_provider provider = {.source.ptr = s, .read_callback = read_data};
    s->responded = true;
    s->finished |= end;
    nghttp2_submit_response(s->h->session, s->id, nv, n, end ? NULL : &provider);
    if (nv != few)
        free(nv);
    h2_schedule(s->h);
}

void h2_data(struct h2_stream *s, const void *p, size_t n)
{
    if (dead(s) || s->finished || n == 0)
        return;
    buf_add(&s->out, p, n);
    if (s->responded)
        wake(s);
}

static struct h2_header *copy_headers(const struct h2_header *h, size_t n)
{
    size_t size = n * sizeof(*h);
    for (size_t i = 0; i < n; i++)
        size += h[i].name_len + h[i].value_len + 2;
    struct h2_header *copy = xcalloc(1, size ? size : 1);
    char *at = (char *)(copy + n);
    for (size_t i = 0; i < n; i++) {
        copy[i] = h[i];
        copy[i].name = memcpy(at, h[i].name, h[i].name_len);
        at += h[i].name_len + 1;
        copy[i].value = memcpy(at, h[i].value, h[i].value_len);
        at += h[i].value_len + 1;
    }
    return copy;
}

void h2_trailers(struct h2_stream *s, const struct h2_header *h, size_t n)
{
    if (dead(s) || s->finished)
        return;
    if (!s->responded) {
        h2_respond(s, h, n, true);
        return;
    }
    s->finished = true;
    s->trailers = copy_headers(h, n);
    s->trailer_count = n;
    wake(s);
}

void h2_end(struct h2_stream *s)
{
    if (dead(s) || s->finished || !s->responded)
        return;
    s->finished = true;
    wake(s);
}

void h2_rst(struct h2_stream *s, uint32_t code)
{
    if (dead(s))
        return;
    nghttp2_submit_rst_stream(s->h->session, NGHTTP2_FLAG_NONE, s->id, code);
    h2_schedule(s->h);
}

/* looking */

int32_t h2_stream_id(const struct h2_stream *s)
{
    return s->id;
}

struct h2 *h2_stream_session(const struct h2_stream *s)
{
    return s->h;
}

void h2_stream_set_user(struct h2_stream *s, void *user)
{
    s->user = user;
}

void *h2_stream_user(const struct h2_stream *s)
{
    return s->user;
}

struct h2_stream *h2_find(struct h2 *h, int32_t id)
{
    struct h2_stream *s = id > 0 ? nghttp2_session_get_stream_user_data(h->session, id) : NULL;
    return s && s->announced ? s : NULL;
}

void h2_each_stream(struct h2 *h, void (*fn)(void *arg, struct h2_stream *s), void *arg)
{
    size_t n = 0;
    struct h2_stream *s, **all = xcalloc(h->count ? h->count : 1, sizeof(struct h2_stream *));
    TAILQ_FOREACH (s, &h->streams, link)
        all[n++] = s;
    h->depth++; /* fn may end streams, or all of them: their memory stays meanwhile */
    for (size_t i = 0; i < n; i++)
        if (all[i]->announced && !all[i]->closed)
            fn(arg, all[i]);
    h->depth--;
    free(all);
    h2_schedule(h);
}

size_t h2_queued(const struct h2_stream *s)
{
    return buf_len(&s->out);
}

void h2_give_back(struct h2_stream *s)
{
    if (s->held || !s->owed || dead(s))
        return;
    nghttp2_session_consume_stream(s->h->session, s->id, s->owed);
    s->owed = 0;
}

void h2_hold(struct h2_stream *s, bool hold)
{
    s->held = hold;
    if (hold || !s->owed)
        return;
    h2_give_back(s);
    h2_schedule(s->h);
}

size_t h2_stream_count(const struct h2 *h)
{
    return h->count;
}
