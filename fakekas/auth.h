/* The rules of authentication, apart from the calls that they are applied to. */
#pragma once

#include <stdbool.h>

#include "fakekas/agents.h"
#include "fakekas/traits.h"

/* A gRPC code; on OK *ret_token points into the header, else *ret_message says why. */
int auth_bearer(const char *authorization, const char **ret_token, const char **ret_message);
/* The code that a status becomes, GRPC_OK, or -1: nothing is answered and the stream stays open. */
int auth_status_code(enum agent_status s, const struct kas_traits *t, const char **ret_message);
