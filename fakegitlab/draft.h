/* A tree while it is being changed: only what changes is unfolded, and written once at the end. */
#pragma once

#include "fakegitlab/objects.h"

struct draft;
struct draft *draft_new(const struct git_object *tree); /* NULL: empty */
struct draft *draft_free(struct draft *d);
/* 0, or -EINVAL and *reterr. bytes NULL deletes. Blobs are written at once: within a transaction. */
int draft_apply(struct store *s, struct draft *root, const struct git_change *change, json_t **reterr);
const struct git_object *draft_write(struct store *s, struct draft *root);
