/* Any bytes where SPDY should be. First byte: the size of pieces; second: how it ends. Streams send back what comes; one that has the
 * header `end` ends as soon as it is there. */
#include "fakekube/spdy.h"

#include "lib/proto/proto_fuzz.h"

static bool accepts(void *arg, struct spdy *s, const json_t *headers)
{
    (void)arg;
    (void)s;
    return !json_object_get(headers, "refuse");
}

static void opened(void *arg, struct spdy_stream *s)
{
    (void)arg;
    if (json_object_get(s->headers, "end"))
        spdy_end(s);
}

static void data(void *arg, struct spdy_stream *s, const uint8_t *p, size_t n)
{
    (void)arg;
    spdy_send(s, p, n);
}

static void ended(void *arg, struct spdy_stream *s)
{
    (void)arg;
    spdy_end(s);
}

static void gone(void *arg, struct spdy_stream *s)
{
    (void)arg;
    (void)s;
}

static void nothing(void *arg)
{
    (void)arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2)
        return 0;
    struct loop *loop = loop_new();
    struct conn *c = conn_fake(loop, NULL, NULL);
    spdy_push(c, &(struct spdy_owner){accepts, opened, data, ended, gone, nothing, NULL});
    conn_fake_open(c);
    fuzz_feed(loop, c, p + 2, n - 2, p[0]);
    fuzz_end(loop, c, p[1]);
    return 0;
}
