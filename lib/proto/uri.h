/* Paths and queries of requests, read once and never trusted (RFC 3986). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { URI_SEGMENTS_MAX = 24 };

/* A path, split at its slashes *before* anything is decoded: grp%2Fproj is one segment. */
struct uri_path {
    char *memory; /* owned */
    const char *segments[URI_SEGMENTS_MAX]; /* decoded once: %252F is "%2F" */
    size_t n;
};

/* 0; -EINVAL: an encoding that is none, a NUL, or no UTF-8 (GitLab: 400); -ENOENT: segments that lead elsewhere ("..",
 * "."), empty ones, or more than can be (404). One slash at the end does no harm. *ret is to be done in any case. */
int uri_path_read(const char *path, struct uri_path *ret);
void uri_path_done(struct uri_path *p);

/* "%2F" and, if `plus`, "+" in n bytes at p: a new string. NULL as -EINVAL above. */
char *uri_decode(const char *p, size_t n, bool plus);
/* Each name and value of a query or a form, decoded; false: one of them is none. fn returns false to end it. */
bool uri_form_each(const char *p, size_t n, bool (*fn)(void *arg, const char *name, const char *value), void *arg);
char *uri_form_get(const char *p, size_t n, const char *name); /* the last of that name, a new string; or NULL */
