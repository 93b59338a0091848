#include "fakekas/glob.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH = 32 };

static bool fits(const char *g, const char *p, int depth);

/* {a,b}rest: each of them with the rest. */
static bool alternatives(const char *g, const char *p, int depth)
{
    const char *end = strchr(g, '}');
    if (!end)
        return false;
    for (const char *a = g + 1; a <= end;) {
        size_t n = strcspn(a, ",}");
        char joined[512];
        int len = snprintf(joined, sizeof(joined), "%.*s%s", (int)n, a, end + 1);
        if (len > 0 && (size_t)len < sizeof(joined) && fits(joined, p, depth + 1))
            return true;
        a += n + 1;
    }
    return false;
}

/* [a-z] or [^a-z]; NULL: does not fit or is none. */
static const char *one_of(const char *g, char c)
{
    bool negated = g[1] == '^' || g[1] == '!', hit = false;
    const char *s = g + 1 + negated;
    for (; *s && *s != ']'; s++) {
        if (s[1] == '-' && s[2] && s[2] != ']') {
            hit |= c >= s[0] && c <= s[2];
            s += 2;
        } else {
            hit |= c == *s;
        }
    }
    return *s == ']' && hit != negated ? s + 1 : NULL;
}

static bool any_folders(const char *g, const char *p, int depth)
{
    if (!*g)
        return true;
    for (;;) { /* "**" and its slash stand for no folder too */
        if (fits(*g == '/' ? g + 1 : g, p, depth + 1))
            return true;
        p = strchr(p, '/');
        if (!p)
            return false;
        p++;
    }
}

static bool fits(const char *g, const char *p, int depth)
{
    if (depth > DEPTH)
        return false;
    for (; *g; g++, p++) {
        if (g[0] == '*' && g[1] == '*')
            return any_folders(g + 2, p, depth);
        if (*g == '*') {
            for (;; p++) {
                if (fits(g + 1, p, depth + 1))
                    return true;
                if (!*p || *p == '/')
                    return false;
            }
        }
        if (*g == '{')
            return alternatives(g, p, depth);
        if (!*p)
            return false;
        if (*g == '[') {
            const char *after = one_of(g, *p);
            if (!after || *p == '/')
                return false;
            g = after - 1;
        } else if (*g == '?' ? *p == '/' : *g != *p) {
            return false;
        }
    }
    return !*p;
}

bool glob_fits(const char *pattern, const char *path)
{
    if (*pattern == '/')
        pattern++;
    return fits(pattern, path, 0);
}
