/* `fakegitlab serve`: a fake GitLab, with its Gitaly, to point a KAS at by hand. */
#pragma once

#include <stdbool.h>

#include "lib/serve/listen_arg.h"

enum { EXIT_USAGE = 2, EXIT_ENVIRONMENT = 3, LISTENERS_MAX = 8 };

struct serve_options {
    const char *seed;          /* a YAML file; NULL: user root, project grp/proj, agent my-agent with a token */
    struct serve_listen listen[LISTENERS_MAX]; /* http, https, gitaly */
    int n_listen;              /* 0: http and gitaly, any free ports of loopback */
    const char *data;          /* SQLite in this folder; NULL: memory only */
    const char *version;       /* of GitLab; NULL: every call that some version has */
    const char *secret_file;   /* of KAS, base64; NULL: one is made (in `data`: kept) */
    const char *gitaly_token_file; /* Gitaly asks for proof of it; NULL: it asks nobody */
    bool json, verbose;
    const char *control;       /* NULL: in the private folder */
    int control_http;          /* -1: none */
    const char *events;        /* NULL: no file */
};

/* Until SIGTERM or SIGINT. The exit code. */
int serve(const struct serve_options *o);
