/* The WebSocket layer: how it opens, how it closes, and what a scenario may do to it. */
#include "lib/proto/websocket_session.h"

#include <string.h>

#include "lib/base/mem.h"

/* moments */

/* A scenario's list, with `close: {code, reason}` under a name that conn_act() leaves to us. */
struct acting {
    struct ws *w;
    ws_decided_fn decided;
    bool pass;
    struct action list[];
};

static const char close_frame[] = "close_frame";

static bool is_close_frame(const struct action *a)
{
    return !strcmp(a->verb, "close") && (json_object_get(a->args, "code") || json_object_get(a->args, "reason"));
}

static bool own_action(void *arg, const struct action *a)
{
    struct acting *x = arg;
    if (!strcmp(a->verb, close_frame)) {
        json_t *code = json_object_get(a->args, "code");
        ws_close(x->w, (uint16_t)(json_is_integer(code) ? json_integer_value(code) : WSLAY_CODE_NORMAL_CLOSURE),
                 json_string_value(json_object_get(a->args, "reason")));
        return true;
    }
    if (!strcmp(a->verb, "pass"))
        x->pass = true;
    else if (strcmp(a->verb, "withhold") != 0)
        return ws_act(x->w, a);
    return true;
}

static void acted(void *arg, bool carry_on)
{
    struct acting *x = arg;
    if (!x->w->l.conn->dead)
        x->decided(x->w, carry_on || x->pass);
    free(x);
}

void ws_moment(struct ws *w, const char *moment, json_t *facts, ws_decided_fn decided)
{
    const struct action *a = conn_moment(w->l.conn, 0, moment, facts);
    size_t n = 0;
    if (w->l.conn->dead)
        return;
    if (!a) {
        decided(w, true);
        return;
    }
    for (const struct action *i = a; i; i = i->next)
        n++;
    struct acting *x = xcalloc(1, sizeof(*x) + n * sizeof(x->list[0]));
    x->w = w;
    x->decided = decided;
    for (size_t i = 0; i < n; i++, a = a->next)
        x->list[i] = (struct action){is_close_frame(a) ? close_frame : a->verb, a->args,
                                     i + 1 < n ? &x->list[i + 1] : NULL};
    conn_act_all(w->l.conn, &w->l, x->list, own_action, acted, x);
}

/* closing */

static void close_below(struct ws *w, enum layer_close how)
{
    w->close_timer = timer_free(w->close_timer);
    w->closed_below = true;
    layer_close_down(&w->l, how);
}

void ws_finish(struct ws *w)
{
    w->deaf = true;
    w->close_timer = timer_free(w->close_timer);
    if (!w->eof_told) {
        w->eof_told = true;
        layer_signal_up(&w->l, LAYER_EOF, NULL); /* usually comes back as our close */
    }
    if (!w->closed_below && !w->l.conn->dead)
        close_below(w, LAYER_CLOSE);
}

/* The peer has broken the protocol: it is told, and not waited for. */
void ws_fail(struct ws *w, uint16_t code, const char *reason)
{
    if (w->deaf)
        return;
    w->deaf = true;
    ws_close_frame(w, code, reason, strlen(reason));
    if (!w->l.conn->dead)
        ws_finish(w);
}

static void not_answered(void *arg)
{
    ws_finish(arg);
}

void ws_close(struct ws *w, uint16_t code, const char *reason)
{
    if (w->close_sent || w->l.conn->dead)
        return;
    ws_close_frame(w, code, reason ? reason : "", reason ? strlen(reason) : 0);
    if (w->l.conn->dead)
        return;
    if (w->deaf || w->eof_below)
        ws_finish(w); /* no answer will come */
    else
        w->close_timer = timer_new(w->l.conn->loop, WS_CLOSE_WAIT_MS, not_answered, w);
}

/* the layer */

static void close_layer(struct layer *l, enum layer_close how)
{
    struct ws *w = CONTAINER_OF(l, struct ws, l);
    if (how != LAYER_CLOSE || w->deaf || w->eof_below || !w->opened) {
        if (how == LAYER_CLOSE && !w->eof_below)
            ws_close_frame(w, WSLAY_CODE_NORMAL_CLOSURE, "", 0);
        if (!l->conn->dead)
            close_below(w, how);
        return;
    }
    ws_close(w, WSLAY_CODE_NORMAL_CLOSURE, NULL);
}

static void opened(struct ws *w, bool carry_on)
{
    if (!carry_on)
        return; /* what is read waits for ever */
    w->opened = true;
    layer_signal_up(&w->l, LAYER_OPEN, NULL);
    ws_read(w);
}

static void bytes_up(struct layer *l, const uint8_t *p, size_t n)
{
    struct ws *w = CONTAINER_OF(l, struct ws, l);
    if (w->deaf)
        return;
    buf_add(&w->in, p, n);
    ws_read(w);
}

static void signal_from_below(struct layer *l, enum layer_signal s, const char *reason)
{
    struct ws *w = CONTAINER_OF(l, struct ws, l);
    switch (s) {
    case LAYER_OPEN:
        ws_moment(w, "ws.open", NULL, opened);
        return;
    case LAYER_EOF:
        w->eof_below = true;
        ws_finish(w);
        return;
    case LAYER_FAILED:
        w->deaf = w->eof_told = w->closed_below = true;
        w->close_timer = timer_free(w->close_timer);
        break;
    case LAYER_DRAINED:
        break;
    }
    layer_signal_up(l, s, reason);
}

static void bytes_down(struct layer *l, const uint8_t *p, size_t n)
{
    ws_message(CONTAINER_OF(l, struct ws, l), p, n);
}

static size_t queued(const struct layer *l)
{
    const struct ws *w = CONTAINER_OF(l, struct ws, l);
    return buf_len(&w->out) + buf_len(&w->out_held) + layer_queued(l->below);
}

static void free_layer(struct layer *l)
{
    struct ws *w = CONTAINER_OF(l, struct ws, l);
    timer_free(w->close_timer);
    wslay_frame_context_free(w->frames);
    buf_done(&w->in);
    buf_done(&w->up);
    buf_done(&w->control);
    buf_done(&w->out);
    buf_done(&w->out_held);
    free(w);
}

static const struct layer_ops ops = {
    .name = "ws",
    .bytes_up = bytes_up,
    .signal = signal_from_below,
    .bytes_down = bytes_down,
    .close = close_layer,
    .queued = queued,
    .free = free_layer,
};

struct ws *ws_push(struct conn *c, const struct ws_options *o)
{
    static const struct wslay_frame_callbacks callbacks = {ws_frame_output, ws_frame_input, ws_frame_mask};
    struct ws *w = NEW(struct ws);
    w->l.ops = &ops;
    w->o = *o;
    if (!w->o.max_message)
        w->o.max_message = WS_MAX_MESSAGE;
    if (wslay_frame_context_init(&w->frames, &callbacks, w))
        abort(); /* only for want of memory */
    conn_push(c, &w->l);
    return w;
}

struct layer *ws_layer(struct ws *w)
{
    return &w->l;
}

void ws_ping(struct ws *w, const void *p, size_t n)
{
    if (!w->close_sent && n <= WS_CONTROL_MAX)
        ws_frame(w, WSLAY_PING, p, n);
}
