/* Numeric addresses. */
#include "lib/net/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

int addr_parse(const char *host, uint16_t port, struct addr *ret)
{
    struct addr a = {0};
    if (inet_pton(AF_INET, host, &a.sa.in.sin_addr) == 1) {
        a.sa.in.sin_family = AF_INET;
        a.sa.in.sin_port = htons(port);
        a.len = sizeof a.sa.in;
    } else if (inet_pton(AF_INET6, host, &a.sa.in6.sin6_addr) == 1) {
        a.sa.in6.sin6_family = AF_INET6;
        a.sa.in6.sin6_port = htons(port);
        a.len = sizeof a.sa.in6;
    } else {
        return -EINVAL;
    }
    *ret = a;
    return 0;
}

uint16_t addr_port(const struct addr *a)
{
    return ntohs(a->sa.any.sa_family == AF_INET6 ? a->sa.in6.sin6_port : a->sa.in.sin_port);
}

void addr_text(const struct addr *a, char *to, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (a->sa.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &a->sa.in6.sin6_addr, host, sizeof host);
        snprintf(to, size, "[%s]:%u", host, addr_port(a));
    } else {
        inet_ntop(AF_INET, &a->sa.in.sin_addr, host, sizeof host);
        snprintf(to, size, "%s:%u", host, addr_port(a));
    }
}

void addr_text_of_local(int fd, const struct addr *bound, char *to, size_t size)
{
    struct addr a = {.len = sizeof a.sa};
    int wildcard = bound->sa.any.sa_family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(&bound->sa.in6.sin6_addr)
                                                       : bound->sa.in.sin_addr.s_addr == INADDR_ANY;
    if (!wildcard || getsockname(fd, &a.sa.any, &a.len) < 0)
        a = *bound;
    addr_text(&a, to, size);
}
