/* A fake cluster and a client of it without a socket, for tests of what its doors answer. */
#pragma once

#include "fakekube/internal.h"

struct kube_test_world {
    struct events *events;
    struct loop *loop;
    struct kube *k;
    struct conn *c; /* the client's; NULL: a test has let it go */
    struct buf got; /* what kube_test_take() gave last */
};

/* `spec`: what stands under `kube:`, as JSON. `door`: what its connection can do beside requests; `arg` is set here. */
void kube_test_begin(struct kube_test_world *w, const char *spec, struct http1_owner door);
void kube_test_end(struct kube_test_world *w);

/* A verb, with arguments as JSON, that works or does not. */
void kube_test_do(struct kube_test_world *w, const char *verb, const char *args, bool works);
/* Sends that, and gives what is answered; until the next of these. */
const char *kube_test_feed(struct kube_test_world *w, const char *text);
const char *kube_test_take(struct kube_test_world *w);
