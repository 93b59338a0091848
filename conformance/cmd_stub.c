#include "conformance/commands.h"
int cmd_explain(int c, char **v) { (void)c; (void)v; return 3; }
int cmd_record(int c, char **v) { (void)c; (void)v; return 3; }
int cmd_mutants(int c, char **v) { (void)c; (void)v; return 3; }
