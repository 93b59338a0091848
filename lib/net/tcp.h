/* Inside lib/net: the socket layer, and connections from their birth to their end. */
#pragma once

#include "lib/net/conn.h"

/* An empty connection. Its maker sets sever and release. */
struct conn *conn_new(struct loop *loop, struct events *events, struct moments *moments);
void conn_free(struct conn *c); /* on_free, actions under way, layers from the top, itself */
void conn_act_abort(struct conn *c); /* calls `done` of every list that still waits */

/* The bottom layer over a connected, non-blocking socket, which it owns from here on. Reads nothing before
 * tcp_layer_start(). NULL (and the socket closed): cannot be watched. */
struct layer *tcp_layer_push(struct conn *c, int fd);
void tcp_layer_start(struct layer *l);              /* LAYER_OPEN goes up, reading begins */
void tcp_layer_stalled(struct layer *l);            /* conn->stalled was set: have an eye on the peer's end only */
bool tcp_layer_closing(const struct layer *l);
/* Closes the socket now and writes tcp.closed. */
void tcp_layer_end(struct layer *l, const char *why);
