/* Follows the frames that a server sends, only to say what is wrong with them as the agent's WebSocket library does.
 * libwebsockets decides whether something is. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ws_frames {
    uint8_t head[14];
    size_t n_head;
    uint64_t left; /* of the payload */
    bool in_message;
};

/* NULL, or why reading failed (freed by the caller). */
char *ws_frames_feed(struct ws_frames *f, const uint8_t *p, size_t n);
/* How it says that the connection ended just here, for the reason that the socket gave. */
char *ws_frames_cut(const struct ws_frames *f, const char *error);
