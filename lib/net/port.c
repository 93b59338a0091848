/* Ports of the loopback. */
#include "lib/net/port.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

int port_claim(int *ret_fd)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *ret_fd = 0;
    if (fd < 0)
        return 0;
    /* In this order: bound without it, nobody else is given the port; with it, one who asks for it by number is. */
    if (bind(fd, (struct sockaddr *)&a, n) < 0 || getsockname(fd, (struct sockaddr *)&a, &n) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) < 0) {
        close(fd);
        return 0;
    }
    *ret_fd = fd;
    return ntohs(a.sin_port);
}

void port_release(int *fd)
{
    if (*fd > 0)
        close(*fd);
    *fd = 0;
}
