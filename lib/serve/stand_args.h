/* The command line of a fake that stands there by hand: what `serve` of all of them understands. */
#pragma once

#include <getopt.h>
#include <stdbool.h>

#include "lib/serve/listen_arg.h"

enum { EXIT_USAGE = 2, EXIT_ENVIRONMENT = 3, LISTENERS_MAX = 8 };

struct stand_options {
    struct serve_listen listen[LISTENERS_MAX];
    int n_listen;        /* 0: the program's own choice, any free ports of loopback */
    bool json, verbose;
    const char *control; /* path of a unix socket; NULL: in the private folder */
    int control_http;    /* -1: none */
    const char *events;  /* NULL: no file */
    const char *version; /* of what is faked; NULL: the program's own choice */
};

/* Values of getopt_long() for the options below; a program's own begin at OPT_OWN. */
enum { OPT_LISTEN = 256, OPT_VERSION, OPT_EVENTS, OPT_VERBOSE, OPT_JSON, OPT_CONTROL, OPT_CONTROL_HTTP, OPT_HELP, OPT_OWN };

#define STAND_OPTIONS                                                                                                 \
    {"listen", required_argument, NULL, OPT_LISTEN}, {"version", required_argument, NULL, OPT_VERSION},               \
        {"events", required_argument, NULL, OPT_EVENTS}, {"verbose", no_argument, NULL, OPT_VERBOSE},                 \
        {"json", no_argument, NULL, OPT_JSON}, {"control", required_argument, NULL, OPT_CONTROL},                     \
        {"control-http", required_argument, NULL, OPT_CONTROL_HTTP}, {"help", no_argument, NULL, OPT_HELP}

struct stand_program {
    const char *name;           /* "fakekas" */
    const char *help;           /* PROGRAM --help */
    const char *help_serve;     /* PROGRAM serve --help */
    const char *listen_example; /* "ws=127.0.0.1:8150" */
};

/* Says what is wrong and where to read more. EXIT_USAGE. */
int stand_usage(const struct stand_program *p, const char *why);
/* One that getopt_long() gave. An exit code, or -1: go on. `arg` is borrowed. */
int stand_option(const struct stand_program *p, struct stand_options *o, int opt, const char *arg);
/* What the first word of the command line means if it is none of the program's own commands: --version, --help, or a
 * mistake. An exit code. */
int stand_other_command(const struct stand_program *p, const char *command);
