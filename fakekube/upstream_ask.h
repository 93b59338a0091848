/* One request to a real API server, over a connection of its own. Nobody outside this folder includes it. */
#pragma once

#include <jansson.h>
#include <openssl/ssl.h>

#include "lib/events/events.h"
#include "lib/loop/loop.h"

struct upstream_ask;

struct upstream_ask_options {
    struct loop *loop;
    struct events *events;
    uint64_t *next_conn_id;
    const char *host; /* numeric */
    uint16_t port;
    SSL_CTX *tls;     /* NULL: plain */
    const char *method, *target;
    const json_t *headers; /* lower-case name -> text or list of texts; Host and Content-Length are added */
    const void *body;      /* copied */
    size_t n;
    void (*head)(void *arg, int status, const json_t *headers); /* headers are borrowed */
    void (*bytes)(void *arg, const void *p, size_t n);
    void (*done)(void *arg, const char *failed); /* last, once; failed NULL: the answer is whole. It frees the ask */
    void *arg;
};

struct upstream_ask *upstream_ask_new(const struct upstream_ask_options *o);
struct upstream_ask *upstream_ask_free(struct upstream_ask *a); /* none of the functions is called any more */
