/* How exactly is a scripted delay kept? Asks one after the other on one connection, and prints how much later than the
 * delay each answer came, in microseconds.
 *
 *   delay 127.0.0.1:8080 --count 200 --ms 50
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "tools/bench/client.h"

static void ask(const struct client *c)
{
    static const char request[] = "GET /delayed HTTP/1.1\r\nHost: bench\r\n\r\n";
    char answer[4096];
    ssize_t n = 0;
    if (write(c->fd, request, sizeof(request) - 1) < 0)
        die("write");
    /* The answer is small and leaves in one write. */
    n = read(c->fd, answer, sizeof(answer) - 1);
    if (n <= 0)
        die("read");
    answer[n] = 0;
    if (!strstr(answer, "\r\n\r\n"))
        die("half an answer");
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"count", 1, NULL, 'n'}, {"ms", 1, NULL, 'm'}, {NULL, 0, NULL, 0}};
    int c, count = 100, ms = 50;
    char address[128];
    struct target t;
    struct client client;
    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (c == 'n')
            count = atoi(optarg);
        else if (c == 'm')
            ms = atoi(optarg);
        else
            return 2;
    }
    snprintf(address, sizeof(address), "grpc://%s", optind < argc ? argv[optind] : "");
    if (target_parse(&t, address, "") < 0) {
        fprintf(stderr, "usage: delay IP:PORT --count N --ms N\n");
        return 2;
    }
    client_connect(&client, &t, NULL);
    printf("[");
    for (int i = 0; i < count; i++) {
        uint64_t began = clock_ns();
        ask(&client);
        printf("%s%.1f", i ? "," : "", (double)(clock_ns() - began) / 1e3 - ms * 1e3);
    }
    printf("]\n");
    return 0;
}
