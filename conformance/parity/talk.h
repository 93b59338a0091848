/* One scripted conversation with a KAS, be it real or fake, and what that answered: the same words to both.
 *
 *   talk: NAME
 *   raw: TEXT                        these bytes, and all that comes back (raw.h); or
 *   steps:                           over one connection, one after the other:
 *     - open: {call: a, method: /package.Service/Method, in: MESSAGE, out: MESSAGE, headers: {…}, message:
 * {…}, end: true} headers are laid over those of an agent: null takes one away. `inner` names the message
 * that stands in an answer's message.data
 *     - send: {call: a, message: {…}}
 *     - end: a                       half-closes
 *     - reset: a                     RST_STREAM CANCEL
 *     - await: {call: a, messages: 2}, {call: a, end: true}, {goaway: true}, {gone: true}; within: 10s
 *     - ping: 5                      so many PINGs at once
 *     - quiet: 2s                    so long nothing need come; what does is told
 *     - do: {real: {…}, fake: {…}}   a verb of a step, for whoever it is
 *
 * Told: {calls: {a: {headers, messages, trailers, end}}, conn: {goaway, close, refused, end}, order, late}.
 * Headers and trailers are lists of [name, value] in their order, messages are JSON by their descriptors,
 * `end` of a call is "trailers", "trailers-only", "no trailers", "rst CODE" or "open". `order` tells calls
 * and connection apart in time. `late` are awaits that were in vain.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/events/events.h"
#include "lib/loop/loop.h"

struct talk;

struct talk_options {
    struct loop *loop;
    struct events *events;
    uint64_t *next_conn_id;
    const char *host; /* numeric */
    uint16_t port;
    bool ws;            /* HTTP/2 in a WebSocket, else at once */
    const char *side;   /* "real" or "fake": whose part of a `do` is meant */
    const json_t *spec; /* borrowed; values put in */
    const char *token;  /* of the agent that we are */
    int (*perform)(void *arg, const char *verb, const json_t *args, char **reterr);
    void (*done)(void *arg, json_t *said); /* said is the callee's; never from within talk_new() */
    void *arg;
};

/* Lives until talk_free(), which done() may call. */
struct talk *talk_new(const struct talk_options *o);
struct talk *talk_free(struct talk *t);
