/* The control API: HTTP on a unix socket and, if asked, on loopback (libmicrohttpd, a guest of the loop).
 *
 *   GET  /connections      GET /faults      GET /events?follow=1 (JSON Lines)      GET /state
 *   POST /do {"push_config": {…}}           one verb of kas_perform()
 */
#pragma once

#include "fakekas/kas.h"

struct control;
struct control_options {
    struct loop *loop;
    struct events *events;
    struct kas *kas;
    struct faults *faults;
    const char *socket_path;  /* NULL: none */
    int http_port;            /* < 0: none; 0: any. Bound to 127.0.0.1 */
};
int control_open(const struct control_options *o, struct control **ret, char **reterr);
uint16_t control_http_port(const struct control *c);
struct control *control_free(struct control *c);
