/* The content of a project: branches, commits, trees, files. What Gitaly serves.
 *
 * Blobs, trees and commits are Git's own objects with Git's own SHA-1, so that every id is what `git` would say. Objects
 * are never changed and are shared: history costs what differs. What is handed out lives as long as the store.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fakegitlab/store.h"

#define GIT_ID_LEN 41 /* 40 hex digits and NUL */

enum git_type { GIT_BLOB, GIT_TREE };

struct git_commit {
    char id[GIT_ID_LEN], tree[GIT_ID_LEN];
    const struct git_commit *parent; /* NULL: the first */
    char *message, *author;          /* author: "Name <mail>" */
    int64_t time;                    /* milliseconds since 1970 */
};

struct git_ref {
    const char *name; /* "refs/heads/main" */
    const struct git_commit *commit;
};

/* One entry of a tree. */
struct git_entry {
    const char *path;  /* from the root of the project, without a slash before or after */
    enum git_type type;
    uint32_t mode;     /* 0100644, 0100755, 0120000; 040000 for a tree */
    char oid[GIT_ID_LEN];
    size_t size;       /* of a blob */
    const void *bytes; /* of a blob; not NULL, not NUL-terminated */
};

/* By name. The array is the repository's, good until the next commit. */
const struct git_ref *repository_refs(const struct gl_project *p, size_t *ret_n);
bool repository_is_empty(const struct gl_project *p); /* no branch has a commit */
/* What HEAD means: the commit of the default branch; NULL: the branch is not there. */
const struct git_commit *repository_head(const struct gl_project *p);
/* "HEAD", "main", "refs/heads/main" or 40 hex digits; NULL: there is none such. */
const struct git_commit *repository_commit(const struct gl_project *p, const char *revision, size_t len);

/* The file or folder at a path ("" and "." are the root); 0, or -ENOENT. A leading "./" and "/" at the end do no harm. The path of *ret
 * is `path`. */
int repository_entry(const struct gl_project *p, const struct git_commit *c, const char *path, struct git_entry *ret);
/* What stands in a folder, in Git's order, or everything beneath it, each folder before what is in it (as
 * `git ls-tree -r -t`). 0, -ENOENT, or -ENOTDIR for a file. *ret: array and paths are one block: free() it. */
int repository_list(const struct gl_project *p, const struct git_commit *c, const char *path, bool recursive,
                    struct git_entry **ret, size_t *ret_n);

/* A change of one file: bytes NULL deletes it (a folder: with all in it). */
struct git_change {
    const char *path;
    const void *bytes;
    size_t len;
    uint32_t mode; /* 0: 0100644 */
};
struct git_commit_spec {
    const char *branch;  /* NULL: the default branch; made where it is missing */
    const char *message; /* NULL: "Change 2 files" or the like */
    const struct gl_user *author; /* NULL: the harness */
    const struct git_change *changes;
    size_t n_changes;    /* 0: a commit that changes nothing */
    const char *id;      /* 40 hex digits: this id instead of the true one, for a test that names it. NULL: Git's */
};
/* 0 and the commit, or -errno as in store.h; -EINVAL: a bad path or id, a file to delete that is not there. */
int repository_commit_create(struct store *s, const struct gl_project *p, const struct git_commit_spec *spec,
                             const struct git_commit **ret, json_t **reterr);
/* One file: the short way. text NULL deletes it. */
int repository_write(struct store *s, const struct gl_project *p, const char *path, const char *text,
                     const struct git_commit **ret, json_t **reterr);
/* A branch begins, moves (force) or, with commit NULL, ends. name: "main", without refs/heads/. */
int repository_branch_set(struct store *s, const struct gl_project *p, const char *name,
                          const struct git_commit *commit);

/* A folder on disk becomes the content of the default branch, now and whenever it changes (with a loop): one commit for
 * what changed together. What Git would not take (.git, sockets) is left out. NULL: watches no longer. */
int repository_follow(struct store *s, const struct gl_project *p, const char *folder, char **reterr);
