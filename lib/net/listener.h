/* Listeners: accept, then let somebody build the stack. Loopback unless told otherwise. */
#pragma once

#include "lib/net/conn.h"

struct listener;

struct listener_options {
    const char *host;        /* numeric; NULL: "127.0.0.1" */
    uint16_t port;           /* 0: any */
    int backlog;             /* 0: 1024 */
    unsigned max_conns;      /* 0: 20000; one more is accepted and reset, with an event */
    const char *who;         /* for the log */
    struct loop *loop;
    struct events *events;
    struct moments *moments;
    uint64_t *next_conn_id;  /* shared by all listeners of a world, so that ids are unique */
    /* The socket layer stands already; push the others. Called after moment tcp.accept let the connection live. */
    void (*build)(void *arg, struct conn *c);
    void *arg;
};

int listener_open(const struct listener_options *o, struct listener **ret); /* 0 or -errno */
/* Why it could not be opened, and the cure: "ws listener: 127.0.0.1:80 is taken by another process; …". A new string. */
char *listener_explain(const char *what, const struct listener_options *o, int error);
uint16_t listener_port(const struct listener *l);
const char *listener_address(const struct listener *l); /* "127.0.0.1:443" */
void listener_pause(struct listener *l);   /* closes the listening socket: connections are refused; the rest lives */
int listener_resume(struct listener *l);   /* binds the same port again */
/* A full backlog: from here on connections hang, because nobody accepts and the queue is full. listener_pause() or
 * listener_resume() ends it. -errno. */
int listener_fill(struct listener *l);
/* Each live connection; fn may kill the one it is given. */
void listener_each(struct listener *l, void (*fn)(void *arg, struct conn *c), void *arg);
size_t listener_count(const struct listener *l);
struct listener *listener_free(struct listener *l); /* kills its connections */
