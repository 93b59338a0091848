/* How long to wait before the next attempt. Two schedules: that of an agent's streams (client-go's exponential back-off
 * manager) and that of grpc-go's channel. */
#pragma once

#include <stdint.h>

struct backoff {
    double base_ms, next_ms, factor, cap_ms;
    double jitter;     /* of 1.0: up to twice the value */
    uint64_t reset_ns; /* so long without a failure, and it starts over */
    uint64_t last_ns;
    uint64_t (*random)(void); /* 0 … UINT64_MAX; tests put their own */
};

/* 10 s, doubling to 5 min, each plus up to as much again; forgotten after 10 min. */
void backoff_init_stream(struct backoff *b);
uint64_t backoff_next(struct backoff *b, uint64_t now_ns); /* milliseconds */

/* 1 s × 1.6ⁿ up to 120 s, ±20 %, for the nth retry; the 0th waits exactly 1 s. */
uint64_t backoff_channel(unsigned retry, uint64_t (*random)(void));

uint64_t random_u64(void);
