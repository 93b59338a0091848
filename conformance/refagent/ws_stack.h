/* libwebsockets itself, and the local socket that it takes for the network. */
#pragma once

#include <libwebsockets.h>
#include <stdbool.h>
#include <sys/queue.h>

struct agent;

/* One connection that lws was asked for. Who waits is told once lws has dialled; fd is theirs then. */
struct ws_dialling {
    TAILQ_ENTRY(ws_dialling) next;
    bool waiting;
    void (*dialled)(struct ws_dialling *d, int fd);
};

/* user: what the protocol's callback gets; *wsi: lws's handle of it. */
void ws_stack_dial(struct agent *a, lws_callback_function *callback, struct ws_dialling *d, void *user, struct lws **wsi);
/* Nobody waits any longer. */
void ws_stack_forget(struct agent *a, struct ws_dialling *d);
void ws_stack_free(struct agent *a);
