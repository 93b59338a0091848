/* A store with a project, people and agents, and one line to ask and compare. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "fakegitlab/graphql/graphql.h"
#include "fakegitlab/store.h"
#include "lib/base/mem.h"

struct shop {
    struct store *store;
    struct graphql_options options; /* asked by `maintainer` */
    const struct gl_project *project;
    const struct gl_agent *agent;
    int64_t maintainer, developer, stranger;
};

/* Project grp/proj with agents a1 … a3 (ids 1 to 3), the first with tokens 1 and 2; a private project grp/hidden. */
void shop_open(struct shop *s);
void shop_close(struct shop *s);
/* JSON with ' for ", compared whole; `variables` as JSON or NULL. */
void asked(struct shop *s, const char *query, const char *variables, const char *want);
/* The message of the first error is this, and there is no `data` (executed: data is there). */
void refused(struct shop *s, const char *query, const char *variables, const char *message);
json_t *json_of(const char *text_with_apostrophes);
