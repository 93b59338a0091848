/* The command line, as cobra reads agentk's. */
#pragma once

#include <stdbool.h>

#include "conformance/refagent/mutants.h"

struct flags {
    const char *kas_address, *token_file, *ca_cert_file, *server, *kubeconfig; /* NULL: not given */
    bool help, version, list_mutants;
    const char *mutant;
};

/* NULL, or what cobra says is wrong with it (freed by the caller). */
char *flags_parse(int argc, char **argv, struct flags *ret);
/* What is missing, once neither help nor version was asked for. Same result. */
char *flags_check(const struct flags *f);
void flags_help(void);
