/* Names to addresses as Go's own resolver does it: /etc/hosts, then the servers of /etc/resolv.conf, A and AAAA side by
 * side, two attempts of five seconds. Its failures are worded with the server that was asked, so the C library's
 * resolver will not do. */
#pragma once

#include <stddef.h>
#include <sys/socket.h>

struct loop;
struct resolve;

#define RESOLVE_MAX 16

struct addresses {
    struct sockaddr_storage at[RESOLVE_MAX]; /* port 0 */
    size_t n;
};

/* Called once, never from within resolve_start(). error is NULL or "lookup NAME on SERVER: no such host". */
typedef void (*resolve_fn)(void *arg, const struct addresses *found, const char *error);
struct resolve *resolve_start(struct loop *loop, const char *name, resolve_fn fn, void *arg);
struct resolve *resolve_free(struct resolve *r); /* answered or not; NULL is fine */
