/* `fakegitlab serve`: a fake GitLab, with its Gitaly, to point a KAS at by hand. */
#pragma once

#include <stdbool.h>

#include "lib/serve/stand_args.h"

struct serve_options {
    struct stand_options stand; /* http, https, gitaly; no listeners: http and gitaly; no version: every call that some version has */
    const char *seed;          /* a YAML file; NULL: user root, project grp/proj, agent my-agent with a token */
    const char *data;          /* SQLite in this folder; NULL: memory only */
    const char *secret_file;   /* of KAS, base64; NULL: one is made (in `data`: kept) */
    const char *gitaly_token_file; /* Gitaly asks for proof of it; NULL: it asks nobody */
};

/* Until SIGTERM or SIGINT. The exit code. */
int serve(const struct serve_options *o);
