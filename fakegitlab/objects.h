/* Git's objects: blobs and trees, by the SHA-1 of what they hold, for all projects together. */
#pragma once

#include <uthash.h>

#include "fakegitlab/repository.h"

struct git_item {
    const char *name; /* in the tree's bytes */
    uint32_t mode;
    const struct git_object *object;
};

struct git_object {
    char oid[GIT_ID_LEN];
    enum git_type type;
    bool saved; /* it is on disk, if anything is */
    size_t len;
    uint8_t *bytes;         /* owned; a NUL follows */
    struct git_item *items; /* owned; of a tree, in Git's order */
    size_t n_items;
    struct git_object *next_fresh;
    bool fresh;
    UT_hash_handle hh;
};

/* The one that holds these bytes, made if it is not there, within a transaction of the database. */
const struct git_object *objects_put(struct store *s, enum git_type type, const void *bytes, size_t len);
/* After the transaction: was it written? What was not is written by the next one that needs it. */
void objects_settle(struct store *s, bool written);
const struct git_object *objects_get(const struct store *s, const char *oid);
const struct git_item *tree_item(const struct git_object *tree, const char *name, size_t len);
void objects_free(struct store *s);
/* The id Git gives to a body of this type ("blob", "tree", "commit"). */
void git_id(struct store *s, const char *type, const void *body, size_t len, char out[GIT_ID_LEN]);
