/* Puts a Pod's files into the file system of the world, and takes them away again. What was there before is covered meanwhile, as
 * by a mount. */
#pragma once

#include <jansson.h>

struct pod_mounts;

/* mounts: of struct pod_plan. prefix: of the component's files. -errno and *reterr; then nothing is left behind. */
int pod_mounts_put(const char *prefix, const json_t *mounts, struct pod_mounts **ret, char **reterr);
struct pod_mounts *pod_mounts_undo(struct pod_mounts *m); /* NULL is fine; always NULL back */
