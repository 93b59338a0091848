/* The component under test: started with the flags that its profile knows, followed line by line, ended with
 * its whole process tree. */
#pragma once

#include <jansson.h>

#include "lib/events/events.h"
#include "lib/loop/loop.h"

struct sut;

struct sut_options {
    struct loop *loop;
    struct events *events;
    const json_t *row, *component, *profile;
    const char *program; /* path as it is started */
    const char *prefix;  /* of the world's files: "" or a folder */
    int log_fd;          /* sut.log; -1: none. The caller's */
    unsigned stop_ms;    /* from SIGTERM to SIGKILL */
    void (*exited)(void *arg);
    void *arg;
};

/* Each line becomes an event log.line {fd, line: parsed or {text}, raw}; its end an event sut.exit {code,
 * signal, lifetime_ms}, then `exited`. -errno and *reterr. */
int sut_start(const struct sut_options *o, struct sut **ret, char **reterr);
void sut_stop(struct sut *s);              /* SIGTERM, later SIGKILL; nothing if it has ended */
int sut_signal(struct sut *s, int signum); /* -ESRCH if it has ended */
bool sut_running(const struct sut *s);
json_t *
sut_exit_json(const struct sut *s); /* {code, signal, lifetime_ms}, new reference; null while it runs */
struct sut *sut_free(struct sut *s);
