/* Inside lib/net: numeric addresses with a port. */
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct addr {
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } sa;
    socklen_t len;
};

int addr_parse(const char *host, uint16_t port, struct addr *ret); /* 0; -EINVAL: not numeric */
uint16_t addr_port(const struct addr *a);
void addr_text(const struct addr *a, char *to, size_t size);       /* "127.0.0.1:443", "[::1]:443" */
/* The local end of a socket that was accepted at `bound`: asks the kernel only if that is a wildcard. */
void addr_text_of_local(int fd, const struct addr *bound, char *to, size_t size);
