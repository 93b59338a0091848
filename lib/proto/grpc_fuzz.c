/* Any bytes where gRPC's framed messages should be: DATA of good HTTP/2 frames. First byte: how many bytes a
 * frame carries; second: method (2 bits), gzip (4), half-close (8), the scenario meddles (16), how it ends
 * (2 bits of 64). */
#include "lib/proto/grpc.h"

#include <string.h>

#include "lib/proto/proto_fuzz.h"
#include "prototool.pb-c.h"

static const char beginning[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";

static void echo(struct grpc_call *call, const uint8_t *p, size_t n)
{
    grpc_send(call, p, n);
    if (n == 3)
        grpc_finish(call, GRPC_ABORTED, "\xff%");
    if (n == 5)
        grpc_call_rst(call, 8);
    if (n == 7)
        conn_close(grpc_call_conn(call), LAYER_RESET);
}

static void half(struct grpc_call *call)
{
    grpc_finish(call, GRPC_OK, NULL);
}

static const struct grpc_method methods[] = {
    {"/f.F/U", &prototool__values__descriptor, &prototool__values__descriptor, false, false, NULL, echo,
     half, NULL},
    {"/f.F/B", &prototool__http_request__descriptor, NULL, true, true, NULL, echo, half, NULL},
    {"/f.F/R", NULL, NULL, true, true, NULL, echo, half, NULL},
    {NULL}};

/* A scenario that answers every other message. */
struct meddler {
    struct moments m;
    bool on;
    unsigned count;
    struct action actions[4];
};

static const struct action *at(struct moments *m, struct conn *c, int64_t stream, const char *moment,
                               const json_t *facts)
{
    struct meddler *x = (struct meddler *)m;
    if (!x->on || strncmp(moment, "grpc.", 5) != 0 || x->count++ % 2 == 0)
        return NULL;
    return &x->actions[x->count / 2 % ARRAY_SIZE(x->actions)];
}

static bool cares(struct moments *m, const char *moment)
{
    return ((struct meddler *)m)->on;
}

static void feed_frame(struct conn *c, int type, int flags, const void *p, size_t n)
{
    uint8_t head[9] = {
        (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n, (uint8_t)type, (uint8_t)flags, 0, 0, 0, 1};
    conn_fake_feed(c, head, sizeof(head));
    conn_fake_feed(c, p, n);
}

static void put_header(struct buf *b, const char *name, const char *value)
{
    size_t n = strlen(name), v = strlen(value);
    buf_add(b, &(uint8_t[2]){0, (uint8_t)n}, 2); /* literal, not indexed, not Huffman */
    buf_add(b, name, n);
    buf_add(b, &(uint8_t){(uint8_t)v}, 1);
    buf_add(b, value, v);
}

static void feed_request(struct conn *c, uint8_t bits)
{
    static const char *const paths[] = {"/f.F/U", "/f.F/B", "/f.F/R", "/f.F/none"};
    struct buf b = BUF_NULL;

    put_header(&b, ":method", "POST");
    put_header(&b, ":path", paths[bits & 3]);
    put_header(&b, "content-type", "application/grpc");
    put_header(&b, "grpc-accept-encoding", "gzip");
    if (bits & 4)
        put_header(&b, "grpc-encoding", "gzip");
    feed_frame(c, 1, 4, buf_data(&b), buf_len(&b));
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2 || n > 60000) /* one window of HTTP/2 */
        return 0;
    size_t step = p[0] ? p[0] : n;
    uint8_t bits = p[1];
    json_t *message = json_pack("{s:[s]}", "value", "x"), *two = json_integer(2), *null = json_null();
    struct meddler x = {.m = {at, cares}, .on = bits & 16};
    x.actions[0] = (struct action){"message", message, &x.actions[3]};
    x.actions[1] = (struct action){"repeat", two, NULL};
    x.actions[2] = (struct action){"withhold", null, NULL};
    x.actions[3] = (struct action){"pass", null, NULL};
    struct loop *loop = loop_new();
    struct grpc_server *server = grpc_server_new(
        &(struct grpc_server_options){.methods = methods, .max_message = 4096, .reply_gzip = bits & 4});
    struct conn *c = conn_fake(loop, NULL, &x.m);

    grpc_serve(server, c);
    conn_fake_open(c);
    conn_fake_feed(c, beginning, sizeof(beginning) - 1);
    feed_request(c, bits);
    for (size_t i = 2; i < n; i += step)
        feed_frame(c, 0, bits & 8 && i + step >= n, p + i, i + step < n ? step : n - i);
    fuzz_turn(loop);
    fuzz_end(loop, c, bits >> 6);
    grpc_server_free(server);
    json_decref(message);
    json_decref(two);
    return 0;
}
