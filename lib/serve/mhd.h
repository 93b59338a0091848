/* libmicrohttpd, loaded when the first client knocks: it brings GnuTLS and eight libraries with it, which would cost
 * every start 3 ms and 3 MiB for an API that few runs use. */
#pragma once

#include <microhttpd.h>

#define MHD_FUNCTIONS(X)                                                                                              \
    X(start_daemon)                                                                                                   \
    X(stop_daemon)                                                                                                    \
    X(get_daemon_info)                                                                                                \
    X(run)                                                                                                            \
    X(get_timeout)                                                                                                    \
    X(create_response_from_buffer)                                                                                    \
    X(create_response_from_callback)                                                                                  \
    X(destroy_response)                                                                                               \
    X(add_response_header)                                                                                            \
    X(queue_response)                                                                                                 \
    X(suspend_connection)                                                                                             \
    X(resume_connection)

struct mhd {
    void *handle; /* NULL: not loaded */
#define MHD_POINTER(name) __typeof__(MHD_##name) *name;
    MHD_FUNCTIONS(MHD_POINTER)
#undef MHD_POINTER
};

/* Loads what is not loaded yet. 0, or -ENOENT and *reterr: a new string that names the cure. */
int mhd_load(struct mhd *m, char **reterr);
void mhd_done(struct mhd *m);
