/* One attempt to reach KAS, up to where HTTP/2 begins. */
#pragma once

#include <stdint.h>

#include "conformance/refagent/link.h"

/* The link is the callee's now and nobody reads from it before it returned; or error, as grpc-go words it:
 * `connection error: desc = "transport: …"`. Never called from within dial_start(). */
typedef void (*dial_fn)(void *arg, struct link *link, const char *error);
struct dial *dial_start(struct agent *a, uint64_t deadline_ms, dial_fn fn, void *arg);
struct dial *dial_free(struct dial *d); /* NULL is fine */
