/* A project's branches and commits; nobody outside this folder includes it. */
#pragma once

#include "fakegitlab/objects.h"
#include "fakegitlab/shelf.h"
#include "fakegitlab/store_impl.h"

struct commit {
    struct git_commit pub;
    char parent_id[GIT_ID_LEN]; /* "": none */
    const struct git_object *tree;
};

struct follower;

struct repository {
    struct git_ref *refs; /* by name; the names are owned */
    size_t n_refs;
    struct lookup commits;
    struct commit **list; /* owned; all of them */
    size_t n_commits, cap_commits;
    struct follower *follower; /* folder.c; NULL: the content is no folder's */
};

struct repository *repository_new(void);
struct repository *repository_free(struct repository *r);
struct follower *follower_free(struct follower *f);
bool branch_name_is_good(const char *name);
int commits_link(struct store *s); /* each to its parent, once all are loaded; 0 or -EIO */
const struct git_object *commit_tree(const struct git_commit *c);
/* What is at the path ("" and "." are the root), or NULL; its mode. */
const struct git_object *tree_walk(const struct git_object *tree, const char *path, uint32_t *ret_mode);
