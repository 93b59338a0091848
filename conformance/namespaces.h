/* Private user, network, mount, PID, UTS and IPC namespaces for one world, without root where the kernel
 * allows it. */
#pragma once

#include <sys/types.h>

/* Runs inside(arg) as PID 1 of new namespaces and waits for it. Its return value is the exit code. When the
 * caller dies, everything inside dies. `born`, if not NULL, is told the PID of the world as the caller sees
 * it. -errno and *reterr where namespaces cannot be had. */
int namespaces_run(int (*inside)(void *arg), void (*born)(void *arg, pid_t pid), void *arg, char **reterr);
/* Can namespaces be had here? 0 or -errno and *reterr with the cure. */
int namespaces_try(char **reterr);
