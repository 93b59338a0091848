/* Command lines and environments of what is started in a world. */
#pragma once

#include <jansson.h>

struct process_args {
    char **argv, **envp; /* NULL-terminated; each owned */
};
/* An agent, from the row's part `agent`: what the scenario wants, said in the flags of this version. -ENOTSUP and *reterr
 * if it needs a flag that this version does not have. */
int agent_args_make(const json_t *row, const json_t *component, const json_t *profile, const char *prefix,
                    struct process_args *ret, char **reterr);
/* A KAS: part is `kas` or `kas2`, configuration the path of its file, env what the world wants to be there. */
void kas_args_make(const json_t *part, const json_t *profile, const char *configuration, const json_t *env,
                   struct process_args *ret);
/* What a Pod's spec says: args behind the program's name (and a mutant's flag), env {name: text} and nothing else. */
void pod_args_make(const json_t *component, const json_t *args, const json_t *env, struct process_args *ret);
/* words: NULL-terminated, copied; only PATH and HOME stand in the environment. */
void plain_args_make(const char *const *words, struct process_args *ret);
void process_args_done(struct process_args *a);
