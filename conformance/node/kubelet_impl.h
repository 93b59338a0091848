/* What the files of the kubelet share; nobody else includes it. */
#pragma once

#include <stdbool.h>

#include "conformance/node/pod_mounts.h"
#include "conformance/node/pod_plan.h"
#include "conformance/process/probe.h"
#include "conformance/node/world_kubelet.h"

/* WAITS: for its volumes, its image. BACKS_OFF: it has ended by itself. ENDS: told to. */
enum pod_state { POD_WAITS, POD_RUNS, POD_BACKS_OFF, POD_ENDS };

struct pod {
    struct kubelet *k;
    char *ns, *name, *uid, *container; /* owned, as the next four */
    char *token;
    struct pod_plan plan;
    struct pod_mounts *mounts;
    json_t *last;          /* the state `terminated` of the container that was; NULL: none was */
    enum pod_state state;
    struct probe *probe;
    struct timer *again;
    unsigned restarts;
    uint64_t wait_ms;
    bool ready, due;       /* due: it may be started again */
};

struct kubelet {
    struct kubelet_options o;
    struct cluster *cluster;
    struct kube_store_watch *watch;
    struct event_sub *lines;
    struct timer *turn; /* NULL: nothing has changed */
    struct pod *pod;    /* NULL: none */
};

void kubelet_look_again(struct kubelet *k); /* in the loop's next turn */

/* ---- kubelet_pod.c: the Pod's life ---- */

struct pod *pod_adopt(struct kubelet *k, const json_t *object);
void pod_follow(struct pod *p);  /* is it still wanted, can it begin? It may be freed: k->pod */
void pod_release(struct pod *p); /* with all it has; NULL is fine */

/* ---- kubelet_rollout.c ---- */

bool kubelet_ours(void *arg, const json_t *object);
void rollout(struct kubelet *k);
/* All that are ours of a resource: list of objects, a new reference. */
json_t *kubelet_all(struct kubelet *k, const char *plural);

/* ---- kubelet_say.c: what the cluster is told ---- */

/* Stores the status unless it says the same, times apart. Takes status. */
void say_status(struct kubelet *k, const char *plural, const char *ns, const char *name, json_t *status);
json_t *say_condition(const char *type, bool yes, const char *reason, const char *message);
/* An Event about a Pod or a Deployment, once for each message. */
void say_event(struct kubelet *k, const json_t *about, const char *type, const char *reason, const char *message);
/* Asks the cluster as its own controllers do; body is taken. The code of the answer. */
int say_ask(struct kubelet *k, const char *plural, enum kube_verb verb, const char *ns, const char *name, json_t *body);

/* ---- kubelet_image.c ---- */

/* Why an image cannot be had: the reason that the container waits for ("InvalidImageName"), static, and *ret_message, new. NULL:
 * it is this version's. */
const char *image_wrong(const char *image, const char *version, char **ret_message);
bool image_is_agent(const char *image);
