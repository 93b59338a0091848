/* grpc-go's client: a channel that connects when a call needs it, and calls on it.
 *
 *   IDLE ─ a call ─> CONNECTING ─ SETTINGS ─> READY ─ GOAWAY or the end ─> IDLE
 *                        └─ failure ─> TRANSIENT FAILURE ─ back-off ─> IDLE
 *
 * Calls wait while it connects and fail at once, with the last attempt's error, while it is in TRANSIENT FAILURE. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance/refagent/grpc_status.h"

struct agent;
struct channel;
struct call;

struct call_events {
    void (*opened)(void *arg); /* there is a stream: messages may go */
    void (*message)(void *arg, const uint8_t *p, size_t n);
    /* The call is over and is freed after this. opened: whether it had a stream ever. */
    void (*ended)(void *arg, bool opened, const struct status *st, const char *correlation_id);
};

struct channel *channel_new(struct agent *a);
/* Lets go of its connections, orderly. Its calls have been cancelled before. */
struct channel *channel_free(struct channel *c);

/* Nothing is called from within. */
struct call *call_start(struct channel *c, const char *path, const struct call_events *ev, void *arg);
void call_send(struct call *c, const void *p, size_t n, bool end);
void call_end(struct call *c); /* half-closes */
/* RST_STREAM(CANCEL), no events any more, freed; NULL is fine. */
struct call *call_cancel(struct call *c);
/* Our side refuses what came: the call ends with this status. */
void call_fail(struct call *c, int code, const char *message);
