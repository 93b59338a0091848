/* Components under test: which programs are at hand, and what they are. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct component {
    char *name;      /* as it is shown: "agentk", "refagent" */
    char *kind;      /* whose profile and whose `applies`: "agentk" */
    char *version;   /* "14.7", "13.12.2", "head" */
    char *path;      /* absolute */
    char *mutant;    /* of the reference agent, or NULL */
    json_t *profile; /* resolved for this version */
    bool real;       /* not the reference agent */
};

struct components {
    struct component *items; /* owned array */
    size_t n;
};
void components_done(struct components *c);

/* `spec` is NAME=PATH. Asks the program its version. -errno and *reterr with the cure. */
int components_add(struct components *c, const char *fixtures, const char *spec, char **reterr);
/* Every executable <component>-* in a folder whose component has a profile; a missing folder is fine. A
 * program that does not tell its version is left out with a line on standard error. kind: only those; NULL: all. */
void components_find(struct components *c, const char *fixtures, const char *folder, const char *kind);
/* The reference agent at path; -ENOENT if it is not there. mutant: NULL or its name. */
int components_add_reference(struct components *c, const char *fixtures, const char *path,
                             const char *mutant, char **reterr);

/* "v14.7.0" -> "14.7", "13.12.2" stays: the name a release is known by. New string. */
char *version_short(const char *version);
