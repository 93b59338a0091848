/* What passed through a proxy, as a scenario that a fake KAS can play to the same agent. */
#pragma once

#include "lib/events/events.h"

struct record;
struct record *record_start(struct events *events);
/* 0, or -errno (said on standard error, as is what was replaced). */
int record_write(struct record *r, const char *path);
struct record *record_free(struct record *r); /* NULL is fine */
