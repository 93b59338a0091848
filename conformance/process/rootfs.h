/* What a component sees as its file system: a Pod's. Programs and libraries of the machine read-only, a
 * private /etc, /run, /tmp, /proc and /dev, and its own program under /app. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct rootfs_program {
    const char *path, *name; /* the program at path becomes /app/<name> */
};
enum { ROOTFS_PROGRAMS = 6 }; /* at most so many */
/* Makes the new root and enters it. The calling process must be alone in its mount namespace. programs: path NULL ends.
 * -errno and *reterr. */
int rootfs_enter(const struct rootfs_program *programs, char **reterr);

/* Writes a file (folders above are made). -errno. */
int file_write(const char *path, const void *p, size_t n, mode_t mode);
int folder_make(const char *path, mode_t mode); /* with those above; an existing one is fine */
void folder_remove(const char *path);           /* with all that is in it; stays on its file system */
