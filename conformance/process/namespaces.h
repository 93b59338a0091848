/* Private user, network, mount, PID, UTS and IPC namespaces for one world, without root where the kernel
 * allows it. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Forks: the child runs inside(arg), as PID 1 of new namespaces if they are to be its `own`, and ends with what
 * that returns. When the caller dies, everything inside dies. `born`, if not NULL, is told the child's PID as the
 * caller sees it, before the child begins. That PID and *ret_pidfd, the caller's to close; -errno and *reterr where
 * namespaces cannot be had. */
int namespaces_start(int (*inside)(void *arg), void (*born)(void *arg, pid_t pid), void *arg, bool own,
                     int *ret_pidfd, char **reterr);
/* Can namespaces be had here? 0 or -errno and *reterr with the cure. */
int namespaces_try(char **reterr);
