#include "conformance/refagent/gourl.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "conformance/refagent/gotext.h"
#include "lib/base/mem.h"

/* The scheme and what follows its colon; an empty scheme if there is none. */
static char *split_scheme(const char *s, char **ret_scheme, const char **ret_rest)
{
    *ret_scheme = xstrdup("");
    *ret_rest = s;
    for (size_t i = 0; s[i]; i++) {
        if (isalpha((unsigned char)s[i]))
            continue;
        if (s[i] == ':') {
            if (!i)
                return xstrdup("missing protocol scheme");
            free(*ret_scheme);
            *ret_scheme = xstrndup(s, i);
            for (char *c = *ret_scheme; *c; c++)
                *c = (char)tolower((unsigned char)*c);
            *ret_rest = s + i + 1;
            return NULL;
        }
        if (!i || !(isdigit((unsigned char)s[i]) || strchr("+-.", s[i])))
            return NULL;
    }
    return NULL;
}

/* Checks the %XX in it. */
static char *check_escapes(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] != '%')
            continue;
        if (i + 2 < n && isxdigit((unsigned char)s[i + 1]) && isxdigit((unsigned char)s[i + 2])) {
            i += 2;
            continue;
        }
        _cleanup_(freep) char *q = go_quote(s + i, n - i < 3 ? n - i : 3);
        return xasprintf("invalid URL escape %s", q);
    }
    return NULL;
}

static char *bad_port(const char *port)
{
    for (const char *c = port + 1; *port && *c; c++)
        if (!isdigit((unsigned char)*c)) {
            _cleanup_(freep) char *q = go_quote(port, strlen(port));
            return xasprintf("invalid port %s after host", q);
        }
    return NULL;
}

static char *parse_host(struct go_url *u)
{
    char *h = u->host, *port;
    if (*h == '[') {
        char *end = strrchr(h, ']');
        if (!end)
            return xstrdup("missing ']' in host");
        port = end + 1;
        if (*port && *port != ':') {
            _cleanup_(freep) char *q = go_quote(port, strlen(port));
            return xasprintf("invalid port %s after host", q);
        }
        u->hostname = xstrndup(h + 1, (size_t)(end - h - 1));
    } else {
        port = strrchr(h, ':');
        port = port ? port : h + strlen(h);
        u->hostname = xstrndup(h, (size_t)(port - h));
    }
    u->port = xstrdup(*port ? port + 1 : "");
    char *err = bad_port(port);
    if (err)
        return err;
    for (const char *c = h; *c; c++)
        if (strchr(" \\^`{|}", *c)) {
            _cleanup_(freep) char *q = go_quote(c, 1);
            return xasprintf("invalid character %s in host name", q);
        }
    return check_escapes(h, strlen(h));
}

static char *parse_rest(const char *rest, struct go_url *u)
{
    size_t n = strcspn(rest, "?#");
    if (*rest != '/') {
        if (*u->scheme)
            return NULL; /* opaque: no host, no path */
        const char *colon = memchr(rest, ':', n), *slash = memchr(rest, '/', n);
        if (colon && (!slash || colon < slash))
            return xstrdup("first path segment in URL cannot contain colon");
    }
    if (!strncmp(rest, "//", 2) && (*u->scheme || strncmp(rest, "///", 3))) {
        size_t authority = 2 + strcspn(rest + 2, "/?#");
        const char *at = memrchr(rest + 2, '@', authority - 2);
        const char *host = at ? at + 1 : rest + 2;
        u->host = xstrndup(host, (size_t)(rest + authority - host));
        char *err = parse_host(u);
        if (err)
            return err;
        rest += authority;
        n -= authority;
    }
    u->path = xstrndup(rest, n);
    return check_escapes(u->path, n);
}

char *go_url_parse(const char *text, struct go_url *ret)
{
    *ret = (struct go_url){.text = xstrdup(text)};
    char *why = NULL;
    for (const char *c = text; *c && !why; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            why = xstrdup("net/url: invalid control character in URL");
    const char *rest = text;
    if (!why)
        why = split_scheme(text, &ret->scheme, &rest);
    if (!why)
        why = parse_rest(rest, ret);
    char **parts[] = {&ret->scheme, &ret->host, &ret->hostname, &ret->port, &ret->path};
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (!*parts[i])
            *parts[i] = xstrdup("");
    if (!why)
        return NULL;
    _cleanup_(freep) char *q = go_quote(text, strlen(text));
    char *err = xasprintf("parse %s: %s", q, why);
    free(why);
    return err;
}

void go_url_done(struct go_url *u)
{
    free(u->scheme);
    free(u->host);
    free(u->hostname);
    free(u->port);
    free(u->path);
    free(u->text);
    *u = (struct go_url){0};
}
