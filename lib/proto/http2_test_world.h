/* What the tests of HTTP/2 share: a session over a fake connection, an owner that notes what it is told, a scenario of
 * one moment, a log as text, and nghttp2's own client. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/net/conn_test.h"
#include "lib/proto/http2.h"

struct world {
    struct moments m;
    const char *at;
    const struct action *then;
    struct events *events;
    struct event_sub *sub;
    struct buf log;
    struct conn *c;
    struct h2 *h;
    /* what the owner saw */
    struct buf seen;
    struct h2_stream *stream;
    bool respond_at_once;
    /* the client */
    nghttp2_session *client;
    struct buf got; /* ":status=200 D:5 grpc-status=0 E R:CANCEL G:1:NO_ERROR:max_age PONG" as it came */
};

struct world *world_new(const struct h2_options *o, const char *moment, const struct action *then);
void world_free(struct world *w);
void conn_done(struct world *w); /* frees the connection; the rest stays to be looked at */
const char *text(struct buf *b);
void assert_logged(struct world *w, const char *what);
void client_new(struct world *w);
int32_t client_request(struct world *w, bool end);
void exchange(struct world *w); /* carries bytes between the two until both are silent */
