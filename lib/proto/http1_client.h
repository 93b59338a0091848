/* The client's side of a WebSocket upgrade, as a layer: one request, one answer, then only a passage. */
#pragma once

#include <jansson.h>

#include "lib/net/layer.h"

struct http1_client;

struct http1_client_options {
    const char *target, *host;
    const json_t *headers;     /* name -> text or list of texts, beside those of the upgrade itself; borrowed */
    const char *subprotocol;   /* NULL: none is asked for */
    /* 101, with the right Sec-WebSocket-Accept: push the next layer; LAYER_OPEN goes up when this returns.
     * `headers` (lower-case names) is borrowed. */
    void (*upgraded)(void *arg, const json_t *headers);
    /* Every other answer, whole (1 MiB of its body at most). */
    void (*refused)(void *arg, int status, const char *reason, const json_t *headers, const void *body, size_t n);
    void (*failed)(void *arg, const char *why); /* no answer, or none that is HTTP */
    void *arg;
};

struct layer *http1_client_push(struct conn *c, const struct http1_client_options *o);
