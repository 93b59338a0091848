/* Texts of --help. */
#pragma once

#include <stdio.h>

void help_main(FILE *f);
/* Of one subcommand; its text with every option that it takes. */
void help_command(FILE *f, const char *command);
