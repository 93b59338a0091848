/* What the fuzz targets of protocols share: input arrives in pieces of a size that the first byte says, and the loop
 * turns between them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/mem.h"
#include "lib/net/conn_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static inline void fuzz_stop(void *arg)
{
    loop_stop(arg);
}

/* One turn: what was put off is done, timers are not waited for. */
static inline void fuzz_turn(struct loop *loop)
{
    loop_defer(loop, fuzz_stop, loop);
    loop_run(loop);
}

static inline void fuzz_feed(struct loop *loop, struct conn *c, const uint8_t *p, size_t n, size_t step)
{
    if (step == 0)
        step = n ? n : 1;
    for (size_t i = 0; i < n; i += step) {
        conn_fake_feed(c, p + i, i + step < n ? step : n - i);
        struct buf *out = conn_fake_out(c);
        buf_consume(out, buf_len(out));
        if (step > 16)
            fuzz_turn(loop);
    }
    fuzz_turn(loop);
}

/* The connection ends in one of the ways in which connections end, and the loop frees it. */
static inline void fuzz_end(struct loop *loop, struct conn *c, uint8_t how)
{
    if (how % 4 == 0)
        conn_fake_eof(c);
    else if (how % 4 == 1)
        conn_close(c, LAYER_CLOSE);
    else if (how % 4 == 2)
        conn_close(c, LAYER_RESET);
    conn_fake_free(c);
    fuzz_turn(loop);
    loop_free(loop);
}
