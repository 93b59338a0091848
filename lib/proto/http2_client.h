/* HTTP/2 client session as a layer (nghttp2, without sockets), for whoever passes calls on: heads and trailers go
 * through as they are, pings and GOAWAY are told to the owner, and what it cannot take yet can be held, stream by
 * stream.
 *
 * Events: h2.peer_settings, h2.goaway, h2.rst_stream {by: peer}, h2.failed. No moments: faults are put on the side of
 * the agent.
 */
#pragma once

#include "lib/proto/http2.h"

struct h2c;
struct h2c_stream;

struct h2c_owner {
    void (*response)(void *arg, struct h2c_stream *s, const struct h2_header *h, size_t n, bool end);
    void (*data)(void *arg, struct h2c_stream *s, const uint8_t *p, size_t n);
    void (*trailers)(void *arg, struct h2c_stream *s, const struct h2_header *h, size_t n); /* END_STREAM with them */
    void (*end)(void *arg, struct h2c_stream *s);     /* END_STREAM with DATA */
    void (*closed)(void *arg, struct h2c_stream *s, uint32_t code); /* last call for s */
    void (*drained)(void *arg, struct h2c_stream *s); /* everything queued on s has gone */
    void (*ping)(void *arg, const uint8_t data[8], bool ack); /* the owner answers */
    void (*goaway)(void *arg, uint32_t code, int32_t last, const char *debug);
    void (*gone)(void *arg);                          /* after closed() of every stream: last call of all */
    void *arg;
};

struct h2c *h2c_push(struct conn *c, const struct h2c_owner *owner);
void h2c_forget(struct h2c *h); /* the owner goes: it hears nothing more */
struct conn *h2c_conn(const struct h2c *h);

/* A stream, with this identifier if it is still free, else with the next. NULL: the session is over, or takes no more
 * streams. Values are copied. */
struct h2c_stream *h2c_request(struct h2c *h, int32_t id, const struct h2_header *head, size_t n, void *user);
void *h2c_user(const struct h2c_stream *s);
void h2c_set_user(struct h2c_stream *s, void *user);
int32_t h2c_id(const struct h2c_stream *s);
void h2c_data(struct h2c_stream *s, const void *p, size_t n);
void h2c_end(struct h2c_stream *s);
void h2c_rst(struct h2c_stream *s, uint32_t code);
size_t h2c_queued(const struct h2c_stream *s); /* not yet given to the connection */
void h2c_hold(struct h2c_stream *s, bool hold); /* while held its window is not opened again */
void h2c_ping(struct h2c *h, const uint8_t data[8], bool ack);
void h2c_goaway(struct h2c *h, uint32_t code, const char *debug);
