/* conform: which subcommand is meant. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "conformance/command/commands.h"
#include "conformance/command/help.h"
#include "conformance/world/zygote.h"
#include "lib/base/mem.h"
#include "lib/script/schema.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {{"run", cmd_run},         {"list", cmd_list},     {"check", cmd_check},
                {"explain", cmd_explain}, {"record", cmd_record}, {"mutants", cmd_mutants},
                {"version", cmd_version},
                {"parity", cmd_parity},         {"compare-kube", cmd_compare_kube}};

static int unknown(const char *word)
{
    const char *names[ARRAY_SIZE(commands)], *near;

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        names[i] = commands[i].name;
    near = nearest(word, names, ARRAY_SIZE(commands));
    fprintf(stderr, "conform: no such command: %s%s%s%s\n", word, near ? "; did you mean " : "",
            near ? near : "", near ? "?" : "");
    help_main(stderr);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN); /* a peer that goes away is an error of a write, not the end of us */
    if (argc < 2) {
        help_main(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        help_main(stdout);
        return EXIT_AS_EXPECTED;
    }
    if (strcmp(argv[1], "--version") == 0)
        return cmd_version(1, (char *[]){"version", NULL});
    if (strcmp(argv[1], "worlds") == 0 && argc == 2) /* not for people: the parent of a run's worlds */
        return zygote_main(3);
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (strcmp(commands[i].name, argv[1]) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return unknown(argv[1]);
}
