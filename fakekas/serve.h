/* `fakekas serve`: a fake KAS to point agents at by hand. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/serve/stand_args.h"

struct serve_options {
    struct stand_options stand; /* no listeners: all four transports; no version: the scenario's, else every service in 14.7's words */
    const char *scenario;      /* NULL: none */
    bool proxy;                /* which help is meant */
    const char *to;            /* not NULL: a proxy for this KAS (upstream.h) */
    const char *ca;            /* whose certificates are trusted there; NULL: the system's roots */
    bool insecure;
    int linger_us;             /* see loop_linger() */
    const char *record;        /* NULL, or the scenario file to write at the end */
    const char *token_file;    /* NULL: a token made for this run */
    const char *max_connections, *max_header, *max_message, *max_ws_message; /* kas.limits; NULL: not said */
    const char *agent_version; /* for which the scenario is read; NULL: the first that it applies to */
};

/* Until SIGTERM or SIGINT. The exit code. */
int serve(const struct serve_options *o);

/* fixtures/scenario.schema.json, put into the program when it is built. */
extern const char scenario_schema[];
