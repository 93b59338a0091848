/* Memory that never fails: the one place where running out of it is thought about. */
#include "lib/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Noreturn void out_of_memory(size_t size)
{
    fprintf(stderr, "fakekas: out of memory (%zu bytes wanted)\n", size);
    abort();
}

void *xcalloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);
    if (!p)
        out_of_memory(n * size);
    return p;
}

void *xrealloc(void *p, size_t size)
{
    void *q = realloc(p, size ? size : 1);
    if (!q)
        out_of_memory(size);
    return q;
}

void *xmemdup(const void *p, size_t n)
{
    char *q = malloc(n + 1);
    if (!q)
        out_of_memory(n + 1);
    if (n)
        memcpy(q, p, n);
    q[n] = 0;
    return q;
}

char *xstrdup(const char *s)
{
    return s ? xmemdup(s, strlen(s)) : NULL;
}

char *xstrndup(const char *s, size_t n)
{
    return s ? xmemdup(s, strnlen(s, n)) : NULL;
}

char *xasprintf(const char *format, ...)
{
    char *s = NULL;
    va_list ap;
    va_start(ap, format);
    int r = vasprintf(&s, format, ap);
    va_end(ap);
    if (r < 0)
        out_of_memory(0);
    return s;
}
