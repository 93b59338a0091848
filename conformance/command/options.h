/* What a person asked for on the command line; shared by the subcommands. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct strings {
    const char **items; /* owned array of borrowed strings */
    size_t n;
};
void strings_add(struct strings *s, const char *item);

struct options {
    struct strings patterns;   /* bare arguments */
    struct strings suts;       /* --sut */
    struct strings transports; /* --transport */
    struct strings results;    /* --results FILE: results.json of runs; a row of a later one replaces an earlier */
    struct strings tags;       /* --tag: tags and layers, any of them; none: all */
    char *fixtures;            /* owned; never NULL after options_parse() */
    const char *out;           /* --out, or NULL */
    const char *jsonl;         /* --jsonl FILE|-, or NULL */
    const char *rows_from;     /* --rows-from FILE|-, or NULL */
    const char *agents;        /* --agents, or NULL: $FAKEKAS_AGENTS, ~/agents */
    const char *mutant;        /* --mutant: one only */
    const char *kube_apiserver; /* --kube-apiserver, or NULL */
    char *apiserver, *etcd;    /* owned: what kube_programs_find() found, with --kube real */
    char *no_kube;             /* owned: why there is no real API server, though it is meant; NULL: there is */
    unsigned jobs, repeat, stop_ms;
    long long seed;
    bool has_seed;
    bool no_cures, only_cures, spread, json, rows, faults, requirements, coverage, markdown, keep, no_namespace, no_golden, no_thrift,
        kube_real, has_jobs, faults_off, yes, add, verbose, quiet, no_reference, only_reference, fail_fast;
    bool recording; /* not an option: `conform record` */
};

/* Reads argv after the subcommand. 0; 1: help was printed; -EINVAL: complained on standard error. */
int options_parse(struct options *o, const char *command, int argc, char **argv);
void options_done(struct options *o);

/* Paths beside the running program and in the repository. New strings. */
char *path_of_self(void);
char *path_beside_self(const char *name);
