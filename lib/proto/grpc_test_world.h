/* For tests of gRPC: a server with a few methods on a connection without a socket, nghttp2's client before it, a
 * scenario of a few faults, and everything written down. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <nghttp2/nghttp2.h>

#include "lib/base/buf.h"
#include "lib/net/conn_test.h"
#include "lib/proto/grpc.h"

enum { MAX_STREAMS = 32, MAX_FAULTS = 4 };

struct reply {
    struct buf heads[2];  /* "name=value\n…": HEADERS and trailers, as they came */
    struct buf body;
    int n_heads;
    bool ended, closed;
    uint32_t code;
};

struct fault {
    const char *at;
    const char *direction; /* of a message; NULL: any */
    int stream;            /* 0: any */
    int left;              /* so many times */
    struct action actions[3];
    json_t *args;
};

struct world {
    struct moments m;
    struct fault faults[MAX_FAULTS];
    struct events *events;
    struct event_sub *sub;
    json_t *log;
    struct conn *c;
    struct grpc_server *server;
    struct grpc_session *session;
    struct buf seen; /* what the methods were told: "open Unary;message Unary 5;…" */
    bool kill_in_message, session_open;
    const char *refusal;
    json_t *headers;
    nghttp2_session *client;
    struct reply replies[MAX_STREAMS];
    struct grpc_call *last;
};

/* Methods: /t.Echo/Unary answers with what it got, OK. /t.Echo/Watch answers each request with two messages and stays.
 * /t.Echo/Chat echoes, and ends when the client has. /t.Other/Hidden is not served. */
struct world *world_new(const struct grpc_server_options *o);
void world_free(struct world *w);
/* list: JSON, [{"verb": args}, …] */
struct fault *world_fault(struct world *w, const char *at, const char *list);

/* A POST of gRPC to path. `more`: "name=value\n…", over the usual ones. body may be NULL. */
int32_t world_call(struct world *w, const char *path, const char *more, const struct buf *body, bool end);
void world_data(struct world *w, int32_t stream, const void *p, size_t n, bool end);
/* Gives what the client has to say to the server and back, until all is quiet and no delay is left. */
void world_run(struct world *w);
/* One exchange without waiting for delays. */
void world_exchange(struct world *w);
struct reply *world_reply(struct world *w, int32_t stream);

/* 0 or 1, length, bytes. */
void frame(struct buf *out, int flag, const void *p, size_t n);
struct buf framed(const char *text); /* prototool.Values {value: [text]}, plain */
/* The texts of the messages in a body: "a,b". */
char *texts(const struct buf *body);
/* Value of a header: heads 0 or 1; NULL: not there. A new string. */
char *head(const struct reply *r, int which, const char *name);
#define assert_head(r, which, name, value) \
    do { \
        char *assert_head_ = head(r, which, name); \
        assert_non_null(assert_head_); \
        assert_string_equal(assert_head_, value); \
        free(assert_head_); \
    } while (0)
/* The n-th (from 0) event of that name; NULL: not so many. Borrowed. */
const json_t *world_event(const struct world *w, const char *name, size_t n);
size_t world_event_count(const struct world *w, const char *name);
#define assert_seen(w, text) \
    do { \
        buf_add(&(w)->seen, "", 1); \
        assert_string_equal((const char *)buf_data(&(w)->seen), text); \
        buf_done(&(w)->seen); \
    } while (0)
