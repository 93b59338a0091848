/* The subcommands. Each gets argv from its own name on and answers the exit code. */
#pragma once

enum {
    EXIT_AS_EXPECTED = 0,
    EXIT_NOT_AS_EXPECTED = 1,
    EXIT_USAGE = 2,
    EXIT_HARNESS = 3,
    EXIT_NOTHING_RAN = 77
};

int cmd_run(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_compare_kube(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_mutants(int argc, char **argv);
int cmd_parity(int argc, char **argv);
int cmd_version(int argc, char **argv);
