#include "conformance/refagent/backoff.h"

#include <sys/random.h>

uint64_t random_u64(void)
{
    uint64_t r = 0;
    if (getrandom(&r, sizeof r, 0) != sizeof r)
        r = 0x9e3779b97f4a7c15u;
    return r;
}

static double fraction(uint64_t r)
{
    return (double)(r >> 11) / 9007199254740992.0; /* 2⁵³: [0, 1) */
}

void backoff_init_stream(struct backoff *b)
{
    *b = (struct backoff){.base_ms = 10000,
                          .next_ms = 10000,
                          .factor = 2,
                          .cap_ms = 300000,
                          .jitter = 1,
                          .reset_ns = 600ull * 1000000000u,
                          .random = random_u64};
}

uint64_t backoff_next(struct backoff *b, uint64_t now_ns)
{
    if (b->last_ns && now_ns - b->last_ns > b->reset_ns)
        b->next_ms = b->base_ms;
    b->last_ns = now_ns;
    double ms = b->next_ms;
    b->next_ms = ms * b->factor > b->cap_ms ? b->cap_ms : ms * b->factor;
    return (uint64_t)(ms + ms * b->jitter * fraction(b->random()));
}

uint64_t backoff_channel(unsigned retry, uint64_t (*random)(void))
{
    if (!retry)
        return 1000; /* grpc-go: the base delay, without jitter */
    double ms = 1000;
    for (; retry && ms < 120000; retry--)
        ms *= 1.6;
    if (ms > 120000)
        ms = 120000;
    return (uint64_t)(ms * (1 + 0.2 * (fraction(random()) * 2 - 1)));
}
