/* GitLab's other half as KAS meets it: Rails, which asks KAS's own API (port 8153, gRPC with a JWT) who is connected, and
 * tells it of pushes.
 *
 * Events, who "rails": rails.request {id, to, method}; then rails.response {id, code, message} (of the gRPC status) or
 * rails.failed {id, reason}. id: as written, else the how-manieth call it is.
 */
#pragma once

#include <jansson.h>

#include "conformance/world/world_kas.h"
#include "lib/events/events.h"
#include "lib/loop/loop.h"

struct rails;

/* All borrowed. */
struct rails *rails_new(struct loop *loop, struct events *events, uint64_t *next_conn_id, const struct kas_secrets *secrets);
/* {id, to: HOST:PORT, method: /service/Method, secret: good|other|none, audience, message: {hex}, timeout}, now. -EINVAL and
 * *reterr, a new string. */
int rails_call(struct rails *r, const json_t *call, char **reterr);
struct rails *rails_free(struct rails *r); /* NULL is fine */
