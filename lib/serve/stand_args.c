#include "lib/serve/stand_args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


int stand_usage(const struct stand_program *p, const char *why)
{
    fprintf(stderr, "%s: %s\n%s serve --help says more.\n", p->name, why, p->name);
    return EXIT_USAGE;
}

static int take_listen(const struct stand_program *p, struct stand_options *o, const char *text)
{
    char *err = NULL;
    if (o->n_listen == LISTENERS_MAX)
        return stand_usage(p, "--listen: no more than 8");
    if (serve_listen_parse(text, p->listen_example, &o->listen[o->n_listen], &err) == 0) {
        o->n_listen++;
        return -1;
    }
    int code = stand_usage(p, err);
    free(err);
    return code;
}

int stand_option(const struct stand_program *p, struct stand_options *o, int opt, const char *arg)
{
    switch (opt) {
    case OPT_LISTEN:
        return take_listen(p, o, arg);
    case OPT_VERSION:
        o->version = arg;
        return -1;
    case OPT_EVENTS:
        o->events = arg;
        return -1;
    case OPT_VERBOSE:
        o->verbose = true;
        return -1;
    case OPT_JSON:
        o->json = true;
        return -1;
    case OPT_CONTROL:
        o->control = arg;
        return -1;
    case OPT_CONTROL_HTTP:
        return serve_port_parse(arg, &o->control_http) ? -1 : stand_usage(p, "--control-http: expected a port, 0 to 65535");
    case OPT_HELP:
        fputs(p->help_serve, stdout);
        return 0;
    default: /* getopt has said what is wrong */
        fprintf(stderr, "%s serve --help says more.\n", p->name);
        return EXIT_USAGE;
    }
}

int stand_other_command(const struct stand_program *p, const char *command)
{
    if (!strcmp(command, "--version")) {
        printf("%s %s\n", p->name, FAKEKAS_VERSION);
        return 0;
    }
    if (!strcmp(command, "--help") || !strcmp(command, "help")) {
        fputs(p->help, stdout);
        return 0;
    }
    fputs(p->help, stderr);
    if (*command)
        fprintf(stderr, "\n%s: \"%s\" is no command; did you mean serve?\n", p->name, command);
    return EXIT_USAGE;
}
