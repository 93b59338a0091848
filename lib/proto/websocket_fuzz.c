/* Any bytes where WebSocket frames should be; what is understood is sent back. First byte: the size of pieces; second:
 * how it ends, which side we are, fragments. */
#include "lib/proto/websocket.h"

#include "lib/proto/proto_fuzz.h"

struct echo {
    struct layer l;
};

static void echo_bytes(struct layer *l, const uint8_t *p, size_t n)
{
    layer_down(l, p, n);
}

static void echo_free(struct layer *l)
{
    free(l);
}

static const struct layer_ops echo_ops = {.name = "echo", .bytes_up = echo_bytes, .free = echo_free};

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2)
        return 0;
    struct loop *loop = loop_new();
    struct conn *c = conn_fake(loop, NULL, NULL);
    struct ws *w = ws_push(c, &(struct ws_options){.server = !(p[1] & 4), .fragment = p[1] & 8 ? 3 : 0,
                                                   .max_message = p[1] & 16 ? 100 : 0});
    struct echo *e = NEW(struct echo);
    e->l.ops = &echo_ops;
    conn_push(c, &e->l);
    conn_fake_open(c);
    if (p[1] & 32)
        ws_close(w, 1001, "Shutting down");
    fuzz_feed(loop, c, p + 2, n - 2, p[0]);
    fuzz_end(loop, c, p[1]);
    return 0;
}
