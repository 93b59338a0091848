/* `fakekube serve`: a fake Kubernetes API to point kubectl or an agent at by hand. */
#pragma once

#include <stdbool.h>

#include "lib/serve/stand_args.h"

struct serve_options {
    struct stand_options stand; /* http, https; no listeners: http; no version: what the file says, or 1.27 */
    const char *watch_buffer; /* a size; NULL: what the file says, or the default */
    const char *spec;     /* a YAML file as the `kube:` of a scenario; NULL: an empty cluster that admits anybody */
};

/* Until SIGTERM or SIGINT. The exit code. */
int serve(const struct serve_options *o);
