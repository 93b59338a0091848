/* Inside lib/net: our handshake goes out message by message, each with its moment tls.message. */
#pragma once

#include "lib/net/conn.h"
#include "lib/net/tls_flight.h"

struct tls_fly {
    struct layer *layer;
    bool (*alert)(void *arg, const json_t *args); /* does the verb alert: the session is over then */
    void *arg;
    struct tls_flight flight; /* noted only if somebody cares for tls.message */
    struct buf outgoing;      /* … of which these bytes have not gone out */
    size_t message_len;       /* of outgoing: the message whose moment it is */
    bool flying;              /* that moment's actions wait */
};

bool tls_fly_under_way(const struct tls_fly *f); /* what is to be sent goes behind it, by tls_fly_send() */
/* Takes the bytes, and sends what is noted, one message after the other; what waits goes on by itself. */
void tls_fly_send(struct tls_fly *f, struct buf *bytes);
void tls_fly_done(struct tls_fly *f);
