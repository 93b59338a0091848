/* The agent's own HTTP endpoint on port 8080: /liveness, /readiness, and as much of /metrics as is looked at. */
#pragma once

struct agent;
struct observability;

/* Never NULL: if the port is taken the agent runs on and says so at its end, as 14.7 does. */
struct observability *observability_start(struct agent *a);
struct observability *observability_free(struct observability *o);
