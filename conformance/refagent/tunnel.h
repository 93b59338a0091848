/* One reverse tunnel: a Connect stream that says what it serves, waits for a request, answers it, and is replaced. */
#pragma once

struct agent;
struct channel;
struct tunnel;

struct tunnel *tunnel_start(struct agent *a, struct channel *c);
/* The agent ends: cancelled streams are logged, at level debug. */
struct tunnel *tunnel_free(struct tunnel *t);
