/* The control API of a fake that stands there by hand: HTTP on a unix socket and, if asked, on loopback (libmicrohttpd, a guest of the loop).
 *
 *   GET  /connections      GET /faults      GET /events?follow=1 (JSON Lines)      GET /state
 *   POST /do {"push_config": {…}}           one verb of the fake
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "lib/events/events.h"
#include "lib/loop/loop.h"
#include "lib/script/faults.h"
#include "lib/script/steps.h"

struct control;
struct control_options {
    struct loop *loop;
    struct events *events;
    json_t *(*state)(void *arg); /* what GET /state says; its `connections` are GET /connections. A new reference */
    perform_fn perform;          /* kas_perform, gitlab_perform */
    void *arg;                   /* of both */
    const char *program;         /* "fakekas", for what is said on standard error */
    struct faults *faults;
    const char *socket_path;  /* NULL: none */
    int http_port;            /* < 0: none; 0: any. Bound to 127.0.0.1 */
};
int control_open(const struct control_options *o, struct control **ret, char **reterr);
uint16_t control_http_port(const struct control *c);
struct control *control_free(struct control *c);
