/* A stream of bytes to KAS, whatever carries it: a socket, TLS over a socket, WebSocket over either. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct link;
struct agent;

struct link_up {
    void (*data)(void *arg, const uint8_t *p, size_t n);
    /* Called once, the last of all: why reading ended, as Go says it ("EOF", "read tcp …: connection reset by peer"). */
    void (*closed)(void *arg, const char *error);
};

struct link {
    void (*send)(struct link *l, const uint8_t *p, size_t n);
    /* Says goodbye as its protocol does, and frees; nothing is called any more. Allowed inside its own callbacks. */
    void (*free)(struct link *l);
    /* What its socket is called: "127.0.0.1:1->127.0.0.1:2". */
    const char *(*name)(struct link *l);
    struct link_up up;
    void *arg;
};

static inline void link_send(struct link *l, const void *p, size_t n)
{
    l->send(l, p, n);
}
static inline struct link *link_free(struct link *l)
{
    if (l)
        l->free(l);
    return NULL;
}
static inline void link_set_up(struct link *l, struct link_up up, void *arg)
{
    l->up = up;
    l->arg = arg;
}

/* The socket. Owns fd, which is connected. Reads nothing until tcp_link_read(). */
struct link *tcp_link_new(struct agent *a, int fd);
void tcp_link_read(struct link *l);
