/* What the files of verbs share; nobody else includes it.
 *
 *   verbs.c         the table, and verbs on the whole
 *   verbs_conns.c   on connections
 *   verbs_calls.c   on calls
 *   verbs_act.c     any verb of faults, at a layer of what is open
 */
#pragma once

#include "lib/script/verbs.h"

typedef int (*verb_fn)(struct verbs *v, const char *verb, const json_t *args, char **reterr);

/* Every live connection, or the one that `conn` names, or those of `transport`. How many that were. */
size_t verbs_each(const struct verbs *v, const json_t *args, verbs_conn_fn fn, void *arg);

const char *verbs_text(const json_t *args, const char *key, const char *fallback);
int verbs_refuse(char **reterr, char *text); /* steals text; -EINVAL */
int verbs_check_h2_code(const json_t *args, char **reterr);

int verb_on_conns(struct verbs *v, const char *verb, const json_t *args, char **reterr);
int verb_on_calls(struct verbs *v, const char *verb, const json_t *args, char **reterr);
int verb_act(struct verbs *v, const char *verb, const json_t *args, char **reterr);
void verbs_kept_free(struct verbs *v);
