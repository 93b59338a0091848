/* Secrets and what stands in the log in their place. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct secrets {
    struct secret *list; /* longest first, so that one that holds another is found whole */
    size_t n;
};

void secrets_add(struct secrets *s, const char *secret, const char *name);
void secrets_done(struct secrets *s);
/* A new string, or NULL if there was nothing to replace. */
char *secrets_replace(const struct secrets *s, const char *text, size_t len, size_t *ret_len);
/* Steals v; gives back v or a copy of it without secrets. v itself is never changed: others may hold it. */
json_t *secrets_clean(const struct secrets *s, json_t *v);
