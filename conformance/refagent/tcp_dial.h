/* net.Dial("tcp", "host:port"): a name looked up, its addresses tried one after the other. */
#pragma once

struct loop;
struct tcp_dial;

/* A connected, non-blocking socket, now the callee's; or error: "dial tcp …". Called once, never from within
 * tcp_dial_start(). */
typedef void (*tcp_dial_fn)(void *arg, int fd, const char *error);
struct tcp_dial *tcp_dial_start(struct loop *loop, const char *host, unsigned port, tcp_dial_fn fn, void *arg);
struct tcp_dial *tcp_dial_free(struct tcp_dial *d); /* NULL is fine */
/* What to say when it takes too long (freed by the caller). */
char *tcp_dial_timeout(const struct tcp_dial *d);
