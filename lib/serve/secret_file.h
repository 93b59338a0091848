/* A secret that a file of the command line holds: --token-file, --kas-secret-file. */
#pragma once

/* Without the white space behind it, with which editors end a line; a new string. NULL and *reterr, a new string that begins with the
 * option and the path: it cannot be read, is empty, or is longer than a secret is (4095 bytes). */
char *secret_file_read(const char *option, const char *path, char **reterr);
