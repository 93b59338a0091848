/* A client of a Kubernetes API that waits for its answers: for what happens before a world's loop runs, and for
 * comparisons. One connection for each, kept; to 127.0.0.1 only. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kube_client;

struct kube_client_options {
    uint16_t port;
    bool tls;          /* not verified: it is a server that we have just started */
    const char *token; /* NULL: none; borrowed */
};

struct kube_ask {
    const char *method, *target;
    const json_t *headers; /* name -> text; borrowed; NULL: none */
    const void *body;
    size_t n;
};

struct kube_answer {
    int status;
    char *content_type; /* owned; NULL: none said */
    char *body;         /* owned; a NUL follows */
    size_t n;
};

struct kube_client *kube_client_new(const struct kube_client_options *o);
struct kube_client *kube_client_free(struct kube_client *c); /* NULL is fine */
/* -errno: no answer (-ETIMEDOUT after 20 s). */
int kube_client_ask(struct kube_client *c, const struct kube_ask *ask, struct kube_answer *ret);
/* The head of an answer whose body goes on and on, then what has come of that until nothing came for `quiet_ms`. */
int kube_client_open(struct kube_client *c, const struct kube_ask *ask, struct kube_answer *ret);
int kube_client_drain(struct kube_client *c, uint64_t quiet_ms, struct kube_answer *ret);
void kube_answer_done(struct kube_answer *a);
