/* What the two halves of upstream.h share: relaying, and what is made of what was answered. */
#pragma once

#include "fakekube/internal.h"
#include "fakekube/upstream_ask.h"

struct relayed;

struct kube_upstream {
    struct kube *k;          /* borrowed */
    char *host, *token;      /* owned */
    uint16_t port;
    bool own_token;
    SSL_CTX *tls;            /* owned; NULL: plain */
    json_t *seen;            /* owned: path of an object -> as it was last; what changed is known by it */
    uint64_t *next_conn_id;  /* borrowed */
    TAILQ_HEAD(, relayed) under_way;
};

void kube_upstream_free(struct kube_upstream *u);
/* Answers the call, later. r NULL: no resource that we know. */
void kube_upstream_call(struct call *c, const struct kube_resource *r, const char *ns, const char *name, const char *sub);
/* The client has gone: conn->on_free. */
void kube_upstream_abandon(struct conn *c);
void kube_upstream_end_watches(struct kube_upstream *u);

/* ---- upstream_change.c ---- */

/* A write was answered: what of it is a change is told. */
void kube_upstream_changed(struct kube_upstream *u, const struct kube_resource *r, const char *method, const char *path, int status,
                           json_t *answer);
int kube_upstream_apply(struct kube_upstream *u, const json_t *object, char **reterr);
int kube_upstream_delete(struct kube_upstream *u, const json_t *args, char **reterr);
/* Asks with the admin's rights, on nobody's behalf; what comes of it is told as any change. */
void kube_upstream_ask(struct kube_upstream *u, const struct kube_resource *r, const char *method, const char *target,
                       const char *content_type, const json_t *body);
