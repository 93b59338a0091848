/* Each direction is a queue of pieces with the time at which they are due. A piece leaves from a timer, never from
 * inside the call that brought it: so slices are slices on the wire too. */
#include "lib/net/shape.h"

#include <errno.h>
#include <string.h>
#include <sys/queue.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"

#define NS_MS 1000000u
#define QUEUE_MAX (64u << 20) /* more is lost: a peer that reads nothing must not take our memory */

enum ending { END_NOT, END_RESET, END_CLOSE, END_HALF_CLOSE, END_STALL };
static const char *const endings[] = {NULL, "reset", "close", "half_close", "stall"};

enum piece_kind { PIECE_BYTES, PIECE_SIGNAL, PIECE_CLOSE };

struct piece {
    uint64_t due_ns;
    enum piece_kind kind;
    int what;               /* signal or close */
    size_t len, sent;
    uint8_t *bytes;
    TAILQ_ENTRY(piece) link;
};

struct rules {
    int64_t latency_ms, jitter_ms, every_ms, bandwidth; /* 0: no such rule */
    size_t slice;                                        /* 0: as they come */
    int64_t after_bytes;                                 /* -1: never */
};

struct way {
    struct shape *shape;
    bool in;
    bool shaped;
    struct rules r;
    TAILQ_HEAD(, piece) queue;
    size_t queued;
    uint64_t passed;        /* bytes, since the rules were made */
    uint64_t last_due_ns;   /* nothing overtakes */
    uint64_t free_ns;       /* when the line is free for the next slice */
    struct timer *timer;
};

struct shape {
    struct layer layer;
    struct way out, in;
    enum ending then;
    struct timer *after;
    uint64_t random;        /* xorshift64 from the connection's id: the same run has the same jitter */
    bool ended;
};

static const struct layer_ops shape_ops;

static struct shape *shape_of(struct layer *l)
{
    return CONTAINER_OF(l, struct shape, layer);
}

/* ---- the end that was asked for ---- */

static void end_now(struct shape *s)
{
    struct conn *c = s->layer.conn;
    const char *verb = endings[s->then];
    if (s->ended || c->dead || !verb)
        return;
    s->ended = true;
    conn_event(c, 0, "fault.done", json_pack("{s:s, s:s}", "at", "tcp.shape", "verb", verb));
    json_t *none = json_object();
    struct action a = {.verb = verb, .args = none};
    (void)conn_act(c, c->bottom, &a); /* what waits here is lost, as it would be on the way */
    json_decref(none);
}

static void on_after(void *arg)
{
    struct shape *s = arg;
    s->after = timer_free(s->after);
    end_now(s);
}

/* ---- pieces ---- */

static void piece_free(struct way *w, struct piece *p)
{
    TAILQ_REMOVE(&w->queue, p, link);
    w->queued -= p->len - p->sent;
    free(p->bytes);
    free(p);
}

static uint64_t jitter_ns(struct shape *s, int64_t ms)
{
    if (ms <= 0)
        return 0;
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return s->random % ((uint64_t)ms * NS_MS);
}

static void arm(struct way *w);

static void put(struct way *w, enum piece_kind kind, int what, const uint8_t *bytes, size_t n)
{
    struct piece *p = NEW(struct piece);
    uint64_t due = clock_ns() + (uint64_t)w->r.latency_ms * NS_MS + jitter_ns(w->shape, w->r.jitter_ms);
    if (due < w->last_due_ns)
        due = w->last_due_ns;
    w->last_due_ns = due;
    *p = (struct piece){.due_ns = due, .kind = kind, .what = what, .len = n};
    if (n)
        p->bytes = xmemdup(bytes, n);
    w->queued += n;
    TAILQ_INSERT_TAIL(&w->queue, p, link);
    arm(w);
}

/* As many bytes as the rules let go now, and when the next ones may. */
static size_t portion(struct way *w, size_t n)
{
    const struct rules *r = &w->r;
    if (r->slice && n > r->slice)
        n = r->slice;
    if (r->bandwidth) { /* a slice of at most 20 ms of the line, so that it flows */
        size_t most = (size_t)(r->bandwidth / 50);
        if (most < 1)
            most = 1;
        if (n > most)
            n = most;
    }
    if (r->after_bytes >= 0 && !w->shape->ended && (int64_t)(w->passed + n) > r->after_bytes)
        n = (size_t)(r->after_bytes - (int64_t)w->passed);
    return n;
}

static void give(struct way *w, const uint8_t *bytes, size_t n)
{
    struct shape *s = w->shape;
    uint64_t now = clock_ns(), wait = (uint64_t)w->r.every_ms * NS_MS;
    if (w->r.bandwidth)
        wait += (uint64_t)n * 1000u * NS_MS / (uint64_t)w->r.bandwidth;
    w->free_ns = now + wait;
    w->passed += n;
    if (w->in)
        layer_up(&s->layer, bytes, n);
    else
        layer_down(&s->layer, bytes, n);
}

static void pass_signal(struct way *w, struct piece *p)
{
    struct shape *s = w->shape;
    enum piece_kind kind = p->kind;
    int what = p->what;
    piece_free(w, p);
    if (kind == PIECE_SIGNAL)
        layer_signal_up(&s->layer, (enum layer_signal)what, NULL);
    else
        layer_close_down(&s->layer, (enum layer_close)what);
}

static void pass_bytes(struct way *w, struct piece *p)
{
    size_t n = portion(w, p->len - p->sent);
    if (n) {
        uint8_t *bytes = xmemdup(p->bytes + p->sent, n); /* the piece may go while they are looked at */
        p->sent += n;
        w->queued -= n;
        if (p->sent == p->len)
            piece_free(w, p);
        give(w, bytes, n);
        free(bytes);
    }
    if (w->r.after_bytes >= 0 && (int64_t)w->passed >= w->r.after_bytes)
        end_now(w->shape);
}

static void on_due(void *arg)
{
    struct way *w = arg;
    struct conn *c = w->shape->layer.conn;
    struct piece *p = TAILQ_FIRST(&w->queue);
    w->timer = timer_free(w->timer);
    if (!p || c->dead || c->stalled)
        return;
    if (p->kind != PIECE_BYTES)
        pass_signal(w, p);
    else
        pass_bytes(w, p);
    if (c->dead)
        return;
    if (!w->in && TAILQ_EMPTY(&w->queue))
        layer_signal_up(&w->shape->layer, LAYER_DRAINED, NULL);
    arm(w);
}

static void arm(struct way *w)
{
    const struct piece *p = TAILQ_FIRST(&w->queue);
    struct conn *c = w->shape->layer.conn;
    if (!p || w->timer || c->dead || c->stalled)
        return;
    uint64_t now = clock_ns(), due = p->due_ns;
    if (p->kind == PIECE_BYTES && due < w->free_ns)
        due = w->free_ns;
    w->timer = timer_new(c->loop, due > now ? (due - now + NS_MS - 1) / NS_MS : 0, on_due, w);
}

/* ---- the layer ---- */

static void way_bytes(struct way *w, const uint8_t *p, size_t n)
{
    if (!w->shaped && TAILQ_EMPTY(&w->queue)) {
        if (w->in)
            layer_up(&w->shape->layer, p, n);
        else
            layer_down(&w->shape->layer, p, n);
        return;
    }
    if (n && w->queued + n <= QUEUE_MAX)
        put(w, PIECE_BYTES, 0, p, n);
}

static void shape_bytes_up(struct layer *l, const uint8_t *p, size_t n)
{
    way_bytes(&shape_of(l)->in, p, n);
}

static void shape_bytes_down(struct layer *l, const uint8_t *p, size_t n)
{
    way_bytes(&shape_of(l)->out, p, n);
}

static void shape_signal(struct layer *l, enum layer_signal s, const char *reason)
{
    struct shape *sh = shape_of(l);
    if (s == LAYER_EOF && (sh->in.shaped || !TAILQ_EMPTY(&sh->in.queue)))
        put(&sh->in, PIECE_SIGNAL, (int)s, NULL, 0);
    else
        layer_signal_up(l, s, reason);
}

static void shape_close(struct layer *l, enum layer_close how)
{
    struct shape *s = shape_of(l);
    if (how == LAYER_RESET || TAILQ_EMPTY(&s->out.queue))
        layer_close_down(l, how);
    else
        put(&s->out, PIECE_CLOSE, (int)how, NULL, 0);
}

static size_t shape_queued(const struct layer *l)
{
    return CONTAINER_OF(l, const struct shape, layer)->out.queued + layer_queued(l->below);
}

static void way_done(struct way *w)
{
    w->timer = timer_free(w->timer);
    while (!TAILQ_EMPTY(&w->queue))
        piece_free(w, TAILQ_FIRST(&w->queue));
}

static void shape_free(struct layer *l)
{
    struct shape *s = shape_of(l);
    timer_free(s->after);
    way_done(&s->out);
    way_done(&s->in);
    free(s);
}

static const struct layer_ops shape_ops = {
    .name = "shape",
    .bytes_up = shape_bytes_up,
    .signal = shape_signal,
    .bytes_down = shape_bytes_down,
    .close = shape_close,
    .queued = shape_queued,
    .free = shape_free,
};

/* Between the socket and what stands on it. */
static struct shape *shape_get(struct conn *c)
{
    struct layer *above = c->bottom->above;
    if (above && above->ops == &shape_ops)
        return shape_of(above);
    struct shape *s = NEW(struct shape);
    s->layer.ops = &shape_ops;
    s->layer.conn = c;
    s->random = (c->id + 1) * 0x9E3779B97F4A7C15ULL;
    s->out = (struct way){.shape = s, .r = {.after_bytes = -1}};
    s->in = (struct way){.shape = s, .in = true, .r = {.after_bytes = -1}};
    TAILQ_INIT(&s->out.queue);
    TAILQ_INIT(&s->in.queue);
    s->layer.below = c->bottom;
    s->layer.above = above;
    c->bottom->above = &s->layer;
    if (above)
        above->below = &s->layer;
    else
        c->top = &s->layer;
    return s;
}

/* ---- what the scenario says ---- */

static int read_ms(const json_t *args, const char *key, int64_t *ret)
{
    const json_t *v = json_object_get(args, key);
    return v && !json_is_null(v) ? action_delay(v, ret) : 0;
}

static int read_count(const json_t *args, const char *key, int64_t least, int64_t *ret)
{
    const json_t *v = json_object_get(args, key);
    if (!v || json_is_null(v))
        return 0;
    if (!json_is_integer(v) || json_integer_value(v) < least)
        return -EINVAL;
    *ret = json_integer_value(v);
    return 0;
}

static int rules_read(const json_t *args, struct rules *r)
{
    const json_t *trickle = json_object_get(args, "trickle");
    int64_t slice = 0;
    *r = (struct rules){.after_bytes = -1};
    if (read_ms(args, "latency", &r->latency_ms) < 0 || read_ms(args, "jitter", &r->jitter_ms) < 0 ||
        read_count(args, "bandwidth", 1, &r->bandwidth) < 0 || read_count(args, "slice", 1, &slice) < 0 ||
        read_count(args, "after_bytes", 0, &r->after_bytes) < 0)
        return -EINVAL;
    if (json_is_object(trickle)) {
        slice = 1;
        if (read_count(trickle, "bytes", 1, &slice) < 0 || read_ms(trickle, "every", &r->every_ms) < 0)
            return -EINVAL;
    }
    r->slice = (size_t)slice;
    return 0;
}

static int ending_read(const json_t *args, enum ending *ret)
{
    const char *word = json_string_value(json_object_get(args, "then"));
    *ret = END_RESET;
    for (int i = 1; word && i < (int)ARRAY_SIZE(endings); i++)
        if (strcmp(word, endings[i]) == 0) {
            *ret = (enum ending)i;
            return 0;
        }
    return word ? -EINVAL : 0;
}

static void way_set(struct way *w, const struct rules *r)
{
    w->r = *r;
    w->shaped = true;
    w->passed = 0;
    arm(w);
}

int shape_apply(struct conn *c, const json_t *args)
{
    struct rules r;
    enum ending then;
    int64_t after_ms = -1;
    const char *dir = json_string_value(json_object_get(args, "dir"));
    if (!json_is_object(args) || rules_read(args, &r) < 0 || ending_read(args, &then) < 0 ||
        read_ms(args, "after", &after_ms) < 0)
        return -EINVAL;
    if (dir && strcmp(dir, "in") && strcmp(dir, "out") && strcmp(dir, "both"))
        return -EINVAL;
    if (!c->bottom || c->dead)
        return 0;
    struct shape *s = shape_get(c);
    s->then = then;
    s->ended = false;
    if (!dir || strcmp(dir, "in") != 0)
        way_set(&s->out, &r);
    if (dir && strcmp(dir, "out") != 0)
        way_set(&s->in, &r);
    s->after = timer_free(s->after);
    if (after_ms >= 0)
        s->after = timer_new(c->loop, (uint64_t)after_ms, on_after, s);
    return 0;
}
