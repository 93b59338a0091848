/* What the files of selectors share; nobody else includes it. */
#pragma once

#include <stddef.h>

#include "fakekube/selector.h"

enum select_op { SELECT_EXISTS, SELECT_MISSING, SELECT_IN, SELECT_NOT_IN, SELECT_GREATER, SELECT_LESS };

struct requirement {
    char *key;     /* owned */
    enum select_op op;
    char **values; /* owned */
    size_t n;
};

struct selector {
    struct requirement *all; /* owned */
    size_t n;
};

/* Valid until the next is added. */
struct requirement *requirement_add(struct selector *s, const char *key, size_t len, enum select_op op);
void requirement_value(struct requirement *r, const char *value, size_t len);
