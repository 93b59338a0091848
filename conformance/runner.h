/* Plays rows, many at once, each in a process of its own (worlds.h). */
#pragma once

#include "conformance/suite.h"

struct runner_options {
    const struct options *o;
    const char *out; /* folder of the results */
    /* Called when a row has its outcome; may be NULL. */
    void (*ended)(void *arg, struct row *r);
    /* Something has changed: how many run, how many are left. May be NULL. */
    void (*progress)(void *arg, size_t running, size_t left);
    void (*kept)(void *arg, struct row *r, int pid, bool met); /* --keep: the world stands open */
    /* Judges the outcome of a row whose world has told `judged`; sets verdict and reason. Required. */
    void (*conclude)(void *arg, struct row *r);
    void *arg;
};

/* -errno if nothing could be started at all; 0 otherwise, also when a person interrupted (then
 * *ret_interrupted). */
int runner_run(struct rows *rows, const struct runner_options *ro, bool *ret_interrupted);
