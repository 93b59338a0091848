/* What answers pods/NAME/exec and pods/NAME/portforward; see remote.c, exec.c, portforward.c. */
#pragma once

#include "fakekube/internal.h"
#include "fakekube/spdy.h"

/* Does the client ask for SPDY/3.1 and, on it, for that protocol? false: it has been told no. */
bool remote_can(struct call *c, const char *protocol);
/* From here on the connection is SPDY. Once for a call, when nothing else has answered it. */
void remote_begin(struct call *c, const char *protocol, const struct spdy_owner *owner);
/* The Pod that is asked for, and its container, both borrowed until the next change; NULL: there is none that runs, and it has been said. */
const json_t *remote_pod(struct call *c, const struct ask *a, const char **ret_container);
