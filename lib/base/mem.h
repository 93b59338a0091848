/* Memory that never fails.
 *
 * A test harness has no business with out-of-memory paths: these abort, with a line that says why.
 */
#pragma once

#include <stddef.h>
#include <stdlib.h>

void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);           /* s may be NULL: then NULL */
char *xstrndup(const char *s, size_t n);
void *xmemdup(const void *p, size_t n); /* a NUL follows the copy, so that text can be read as a string */
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define NEW(type) ((type *)xcalloc(1, sizeof(type)))

/* `_cleanup_(freep) char *s = …` frees at the end of the scope. */
#define _cleanup_(fn) __attribute__((cleanup(fn)))
static inline void freep(void *p)
{
    free(*(void **)p);
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
