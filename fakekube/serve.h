/* `fakekube serve`: a fake Kubernetes API to point kubectl or an agent at by hand. */
#pragma once

#include <stdbool.h>

#include "lib/serve/listen_arg.h"

enum { EXIT_USAGE = 2, EXIT_ENVIRONMENT = 3, LISTENERS_MAX = 8 };

struct serve_options {
    const char *spec;     /* a YAML file as the `kube:` of a scenario; NULL: an empty cluster that admits anybody */
    struct serve_listen listen[LISTENERS_MAX]; /* http, https */
    int n_listen;         /* 0: http, any free port of loopback */
    const char *version;  /* NULL: what the file says, or 1.27 */
    bool json, verbose;
    const char *control;  /* NULL: in the private folder */
    int control_http;     /* -1: none */
    const char *events;   /* NULL: no file */
};

/* Until SIGTERM or SIGINT. The exit code. */
int serve(const struct serve_options *o);
