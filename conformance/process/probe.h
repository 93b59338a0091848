/* Asks until somebody is there: by an HTTP endpoint that must answer 200, or by a port that must accept. */
#pragma once

#include <stdint.h>

#include "lib/loop/loop.h"

struct probe;

/* path NULL: the port is enough. host: numeric. done: once, never from within probe_new(). */
struct probe *probe_new(struct loop *loop, const char *host, uint16_t port, const char *path, void (*done)(void *arg),
                        void *arg);
struct probe *probe_free(struct probe *p); /* NULL is fine */
