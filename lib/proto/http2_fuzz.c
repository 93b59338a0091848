/* Any bytes where HTTP/2 should be. First byte: the size of pieces; second: how it ends, and whether a good beginning
 * (preface, SETTINGS) is put before the rest. A request is answered as its path says. */
#include "lib/proto/http2.h"

#include <string.h>

#include "lib/proto/proto_fuzz.h"

static const char beginning[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
static const struct h2_header status = {":status", "200", 7, 3}, trailer = {"grpc-status", "0", 11, 1};

static void request(void *arg, struct h2_stream *s, const struct h2_header *h, size_t n, bool end)
{
    char path = 0;
    for (size_t i = 0; i < n; i++)
        if (!strcmp(h[i].name, ":path") && h[i].value_len > 1)
            path = h[i].value[1];
    if (path == 'r') {
        h2_rst(s, 7);
    } else if (path == 'g') {
        h2_goaway(h2_stream_session(s), 0, "max_age", -1, n % 2);
    } else if (path == 'k') {
        conn_kill(h2_conn(h2_stream_session(s)), "fuzz");
    } else if (path != 'w') {
        h2_respond(s, &status, 1, false);
        h2_data(s, "hello", 5);
        h2_trailers(s, &trailer, 1);
    }
}

static void data(void *arg, struct h2_stream *s, const uint8_t *p, size_t n)
{
    h2_respond(s, &status, 1, false);
    h2_data(s, p, n);
}

static void end(void *arg, struct h2_stream *s)
{
    h2_trailers(s, &trailer, 1);
}

static void closed(void *arg, struct h2_stream *s, uint32_t code)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2)
        return 0;
    struct loop *loop = loop_new();
    struct conn *c = conn_fake(loop, NULL, NULL);
    struct h2_owner owner = {.request = request, .data = data, .end = end, .closed = closed};
    h2_server_push(c, &(struct h2_options){.min_ping_ms = p[1] & 8 ? 20000 : 0, .max_header_list = p[1] & 16 ? 200 : 0},
                   &owner);
    conn_fake_open(c);
    if (p[1] & 4)
        conn_fake_feed(c, beginning, sizeof(beginning) - 1);
    fuzz_feed(loop, c, p + 2, n - 2, p[0]);
    fuzz_end(loop, c, p[1]);
    return 0;
}
