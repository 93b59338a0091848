/* The WebSocket handshake as it looks on the wire. libwebsockets makes it and checks the answer; here its request gets
 * the shape that net/http gives it, and the answer is read as net/http and the agent's WebSocket library read it, in
 * their order and words. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

struct agent;

/* lws_head: what libwebsockets wrote, up to its empty line. *ret_key is freed by the caller. */
void upgrade_request(const struct agent *a, const char *path, const char *lws_head, struct buf *out, char **ret_key);

struct upgrade_reply {
    size_t head_len;  /* of an answer that was accepted */
    char *error;      /* of one that was not: all that follows "failed to WebSocket dial: " but for `transport` */
    bool transport;   /* no HTTP: "failed to send handshake request: Get …: " stands before the error */
    size_t body;      /* how much of what follows the agent reads before it says so, at most 3 s */
    char *location;   /* of a redirect */
};

/* false: not all of it is there yet. eof: there will be no more. */
bool upgrade_judge(const uint8_t *p, size_t n, bool eof, const char *key, struct upgrade_reply *ret);
/* The head of an accepted answer, but for its word on compression: with permessage-deflate agreed, Debian's lws hands up a
 * message that is not compressed again and again. So we send none that are, and understand none. */
void upgrade_reply_for_lws(const uint8_t *head, size_t n, struct buf *out);
void upgrade_reply_done(struct upgrade_reply *r);
