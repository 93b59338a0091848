/* The processes of a world: the component under test, and beside a KAS its helpers: an agent, Redis, a second KAS.
 *
 * In this order: Redis, until it accepts; then KAS (and the second one), asked by its own endpoint until it is ready
 * (events sut.ready, actor.ready); then the agent. Whoever is under test alone is simply started.
 */
#pragma once

#include <jansson.h>

#include "conformance/process/process.h"
#include "conformance/process/rootfs.h"
#include "conformance/world/world_kas.h"

struct actors;

struct actors_options {
    const json_t *job; /* world.h; borrowed */
    struct loop *loop;
    struct events *events;
    struct pki *pki;
    const struct kas_secrets *secrets;
    const char *prefix; /* of the component's files */
    unsigned stop_ms;
    void (*started)(void *arg);                    /* the component under test runs, the first time */
    void (*ready)(void *arg);                      /* a KAS under test has said so, the first time */
    void (*exited)(void *arg);                     /* the component under test has ended */
    void (*failed)(void *arg, const char *reason); /* one could not be started */
    void *arg;
};

/* Opens the logs of those who will be there in the row's folder: while the machine's file system is still ours. -errno. */
int actors_new(const json_t *job, struct actors **ret, char **reterr);
/* What must be there as /app/NAME; path NULL ends. Borrowed. */
const struct rootfs_program *actors_programs(const struct actors *a);
/* -errno and *reterr; -ENOTSUP: this version cannot be started so. */
int actors_begin(struct actors *a, const struct actors_options *o, char **reterr);
struct process *actors_sut(const struct actors *a); /* NULL until it is started */
/* Starts the component for who hosts it (world_kubelet.h), not from within a callback of the one before, which has ended. args: taken.
 * exited: also when a step or the host told it to; not at the end of the world. -errno and *reterr. */
int actors_host(struct actors *a, struct process_args *args, void (*exited)(void *arg, const json_t *how), void *arg, char **reterr);
/* Helpers whose end nobody judges go first, so that the component need not wait for them. */
void actors_stop(struct actors *a);
/* {stop: {signal}}, start, {restart: {down, signal}}, {signal: NAME} of "agent", "kas", "kas2", "redis". */
int actors_perform(struct actors *a, const char *who, const json_t *what, char **reterr);
struct actors *actors_free(struct actors *a);
