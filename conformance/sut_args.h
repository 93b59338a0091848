/* Command line and environment of the component under test. */
#pragma once

#include <jansson.h>

struct sut_args {
    char **argv, **envp; /* NULL-terminated; each owned */
};
/* -ENOTSUP and *reterr if the scenario needs a flag that this version does not have. */
int sut_args_make(const json_t *row, const json_t *component, const json_t *profile, const char *prefix,
                  struct sut_args *ret, char **reterr);
void sut_args_done(struct sut_args *a);
