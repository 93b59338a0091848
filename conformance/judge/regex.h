/* Regular expressions (PCRE2), as far as conform needs them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Group `group` of the first match, a new string; NULL: no match, or no regular expression. */
char *regex_group(const char *pattern, const char *text, int group);

/* What differs each time, and the name that stands for it. */
struct regex_name {
    const char *pattern, *name;
};
/* `text` with all that matches the first of `names` under its name, then the second, ...: a new string. No name may match the
 * pattern that it is of. */
char *regex_named(const struct regex_name *names, size_t n, const char *text);

/* A compiled expression whose matches are replaced. */
struct regex;
struct regex *regex_new(const char *pattern, char **reterr);
struct regex *regex_free(struct regex *r);
bool regex_matches(const struct regex *r, const char *text); /* somewhere in it */
/* Each match (or, if the expression has one, its first group) is replaced by what `with` answers: a new
 * string. */
char *regex_replace(const struct regex *r, const char *text, char *(*with)(void *arg, const char *found),
                    void *arg);
