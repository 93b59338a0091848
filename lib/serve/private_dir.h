/* The private folder of a run: 0700, gone at the end. It holds what an agent or a KAS must read: tokens,
 * secrets, the CA. */
#pragma once

struct private_dir;

/* Its name begins with the program's. */
int private_dir_new(const char *program, struct private_dir **ret, char **reterr);
const char *private_dir_path(const struct private_dir *d);
/* The whole path of a file in it, which is removed at the end; with text: written. Borrowed. NULL: cannot. */
const char *private_dir_file(struct private_dir *d, const char *name, const char *text);
struct private_dir *private_dir_free(struct private_dir *d);
