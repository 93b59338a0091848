/* Label and field selectors: "app=nginx,tier in (a,b),!old", "metadata.name=x,status.phase!=Running". */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct selector;

/* 0, or -EINVAL and *reterr in the words of apimachinery's labels.Parse(). An empty text selects everything. */
int selector_labels(const char *text, struct selector **ret, char **reterr);
/* Fields: =, == and != only. */
int selector_fields(const char *text, struct selector **ret, char **reterr);
struct selector *selector_free(struct selector *s);

bool selector_empty(const struct selector *s); /* NULL is */
/* labels: metadata.labels, may be NULL. */
bool selector_fits_labels(const struct selector *s, const json_t *labels);
/* The whole object; a path is what its words say, "" where there is nothing. */
bool selector_fits_fields(const struct selector *s, const json_t *object);
/* The paths that a field selector names, for those who know only some: fn answers false to end it, and so does this. */
bool selector_each_path(const struct selector *s, bool (*fn)(void *arg, const char *path), void *arg);
