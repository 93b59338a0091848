/* A component under test that asks nothing: says one line, waits to be told to end, and ends. What is left is the
 * harness. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void end(int signum)
{
    (void)signum;
    _exit(0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--version")) {
        puts("agentk version v14.7.0, commit: 0, built: 0");
        return 0;
    }
    signal(SIGTERM, end);
    puts("{\"level\":\"info\",\"msg\":\"ready\"}");
    fflush(stdout);
    for (;;)
        pause();
}
