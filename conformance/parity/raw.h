/* Bytes said to a server as they stand, and everything that it says to them. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/loop/loop.h"

struct raw;

struct raw_options {
    struct loop *loop;
    const char *host; /* numeric */
    uint16_t port;
    const void *bytes; /* copied; none: we only listen */
    size_t n;
    /* Once: what came until the server ended, or until it had been silent for half a second (5 s if it says
     * nothing at all). how: "eof", "reset", "open" or why nobody could be reached; static. Never from within
     * raw_new(). */
    void (*done)(void *arg, const void *p, size_t n, const char *how);
    void *arg;
};

struct raw *raw_new(const struct raw_options *o);
struct raw *raw_free(struct raw *r); /* also from done(); NULL is fine */

/* What came, to be read and compared. An HTTP answer is {status, headers: [[name, value], …], body}, a 101
 * has in place of the body {h2: hex of its binary messages, frames: [{opcode, text}], close: {code,
 * reason}}; all else is {bytes: hex}. `end` is how. New reference. */
json_t *raw_json(const void *p, size_t n, const char *how);
