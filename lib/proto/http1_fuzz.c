/* Any bytes where an HTTP/1.1 request should be. First byte: the size of pieces; second: how it ends. */
#include "lib/proto/http1.h"

#include <string.h>

#include "lib/proto/proto_fuzz.h"

static void request(void *arg, struct http1 *h, const struct http1_request *r)
{
    if (http1_header_has(r, "connection", "upgrade"))
        http1_upgrade(h, r->headers);
    else if (strcmp(r->path, "/wait") != 0)
        http1_respond(h, 200, NULL, r->headers, r->body, r->body_len, http1_header(r, "x-close") != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2)
        return 0;
    struct loop *loop = loop_new();
    struct conn *c = conn_fake(loop, NULL, NULL);
    http1_server_push(c, &(struct http1_owner){request, NULL});
    conn_fake_open(c);
    fuzz_feed(loop, c, p + 2, n - 2, p[0]);
    fuzz_end(loop, c, p[1]);
    return 0;
}
