/* A process in the world: the component under test, or a helper beside it (an agent, Redis, a second KAS). Followed
 * line by line, ended with its whole process tree, and started again where a step says so.
 *
 * Each line becomes the event log.line {fd, line: parsed or {text}, raw} of its `who`. The component under test tells
 * sut.start, sut.exit, sut.killed, sut.leaked; a helper tells actor.start {argv, pid}, actor.exit and actor.killed. An end
 * that a step brought about is no exit of its own: sut.stopped, actor.stopped. In a Pod (world_kubelet.h) an end by itself is sut.ended.
 */
#pragma once

#include <jansson.h>

#include "lib/events/events.h"
#include "lib/loop/loop.h"

struct process;

struct process_options {
    struct loop *loop;
    struct events *events;
    const char *who;     /* in the log; borrowed, as everything here */
    bool sut;            /* the component under test */
    bool hosted;         /* somebody starts it again: an end by itself is sut.ended */
    const char *program; /* path as it is started */
    char **argv, **envp; /* NULL-terminated */
    int log_fd;          /* its own file; -1: none. The caller's */
    unsigned stop_ms;    /* from SIGTERM to SIGKILL */
    void (*started)(void *arg, struct process *p); /* each time; NULL is fine */
    void (*exited)(void *arg, struct process *p);
    void *arg;
};

/* -errno and *reterr. */
int process_start(const struct process_options *o, struct process **ret, char **reterr);
void process_stop(struct process *p);                   /* SIGTERM, later SIGKILL; nothing if it has ended */
int process_signal(struct process *p, int signum);      /* -ESRCH if it has ended */
bool process_running(const struct process *p);          /* NULL: no */
/* {code, signal, lifetime_ms}, new reference; null while it runs. */
json_t *process_exit_json(const struct process *p);
/* A step's word: ends it (SIGTERM and later SIGKILL, or another signal), with all that it has started. -ESRCH. */
int process_down(struct process *p, int signum);
/* Starts it again, as it was, at once or when it has ended; after so long. -EALREADY if it runs and nobody ends it. */
int process_up(struct process *p, uint64_t after_ms);
struct process *process_free(struct process *p); /* SIGKILL for what still runs */
