/* One request to the Kubernetes API that came through a tunnel: HTTP in gRPC messages in, HTTP out, and back. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct agent;
struct kube_request;

struct kube_events {
    /* A grpctool.HttpResponse, packed. */
    void (*message)(void *arg, const uint8_t *p, size_t n);
    /* error NULL: answered in full. Else what went wrong, as net/http says it. The request is freed by its owner. */
    void (*ended)(void *arg, int code, const char *error);
};

struct kube_request *kube_request_new(struct agent *a, const struct kube_events *ev, void *arg);
/* A grpctool.HttpRequest, packed. May end the request, but never from within. */
void kube_request_message(struct kube_request *k, const uint8_t *p, size_t n);
void kube_request_orphan(struct kube_request *k); /* goes on, and nobody hears of it; freed with the agent's last one */
struct kube_request *kube_request_free(struct kube_request *k); /* NULL is fine */
