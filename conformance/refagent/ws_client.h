/* WebSocket by libwebsockets.
 *
 * It is given one end of a local socket in place of the network: dialling and TLS are ours, because their failures have
 * to be worded as Go words them, and what it writes is seen before it leaves. */
#pragma once

#include "conformance/refagent/link.h"

/* error NULL: the WebSocket is open and the link is ready. Else what follows "failed to WebSocket dial: ";
 * location: of a redirect, or NULL. */
typedef void (*ws_fn)(void *arg, const char *error, const char *location);

/* Owns `below`. fn is called once, never from within, unless the link is freed before. url: for messages. */
struct link *ws_start(struct agent *a, struct link *below, const char *url, const char *path, ws_fn fn, void *arg);
