/* Regular expressions (PCRE2), as far as conform needs them. */
#pragma once

#include <stdbool.h>

/* Group `group` of the first match, a new string; NULL: no match, or no regular expression. */
char *regex_group(const char *pattern, const char *text, int group);

/* A compiled expression whose matches are replaced. */
struct regex;
struct regex *regex_new(const char *pattern, char **reterr);
struct regex *regex_free(struct regex *r);
bool regex_matches(const struct regex *r, const char *text); /* somewhere in it */
/* Each match (or, if the expression has one, its first group) is replaced by what `with` answers: a new
 * string. */
char *regex_replace(const struct regex *r, const char *text, char *(*with)(void *arg, const char *found),
                    void *arg);
