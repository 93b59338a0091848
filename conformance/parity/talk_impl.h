/* Inside parity: a talk, between what is heard on the connection (talk_link.c) and the steps (talk.c). */
#pragma once

#include "conformance/parity/raw.h"
#include "conformance/parity/talk.h"
#include "conformance/parity/talk_call.h"
#include "lib/net/dial.h"
#include "lib/proto/http2_client.h"
#include "lib/proto/websocket.h"

enum { TALK_CALLS = 8 };

struct talk {
    struct talk_options o;
    json_t *said; /* owned */
    struct raw *raw;
    struct dial *dial;
    struct conn *conn;
    struct ws *ws;
    struct h2c *h2;
    struct timer *timer; /* the next step, or an await that is in vain */
    struct talk_call calls[TALK_CALLS];
    size_t n_calls, step;
    char authority[64];
    bool waiting, over;
};

json_t *talk_part(struct talk *t, const char *name); /* of what is said of it; borrowed */
void talk_order(struct talk *t, const char *who, const char *what);
/* Something came: is it what a step waits for? The step comes later, never from inside a layer's callback. */
void talk_heard(struct talk *t);
void talk_go_on(struct talk *t); /* with the steps, from the loop */
void talk_end(struct talk *t, const char *how); /* of the connection */

void talk_dial(struct talk *t);
void talk_hang_up(struct talk *t);
