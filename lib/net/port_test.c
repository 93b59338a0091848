#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/net/port.h"

static int listen_on(int port, int reuse)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), e = 0;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse));
    if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 1) < 0)
        e = -errno;
    close(fd);
    return e;
}

/* A fake comes, goes and comes back; a stranger does not. */
static void a_claimed_port_is_a_listeners_and_nobody_elses(void **state)
{
    int fd, port = port_claim(&fd);

    (void)state;
    assert_true(port > 0 && fd > 0);
    assert_int_equal(listen_on(port, 0), -EADDRINUSE);
    assert_int_equal(listen_on(port, 1), 0);
    assert_int_equal(listen_on(port, 1), 0);
    port_release(&fd);
    assert_int_equal(fd, 0);
    assert_int_equal(listen_on(port, 0), 0);
    port_release(&fd);
}

static void a_claimed_port_is_given_once(void **state)
{
    enum { N = 200 };
    int fds[N], ports[N];

    (void)state;
    for (int i = 0; i < N; i++) {
        ports[i] = port_claim(&fds[i]);
        for (int j = 0; j < i; j++)
            assert_int_not_equal(ports[i], ports[j]);
    }
    for (int i = 0; i < N; i++)
        port_release(&fds[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claimed_port_is_a_listeners_and_nobody_elses),
        cmocka_unit_test(a_claimed_port_is_given_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
