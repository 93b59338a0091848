#include "fakekas/k8s_auth.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

static int refuse(char **ret_why, char *text)
{
    *ret_why = text;
    return -EINVAL;
}

/* As Go's strconv.ParseInt says it. */
static char *number_why(const char *text, bool range)
{
    return xasprintf("Authorization header: failed to parse: strconv.ParseInt: parsing \"%s\": %s", text,
                     range ? "value out of range" : "invalid syntax");
}

static int read_agent(const char *text, size_t n, int64_t *ret, char **ret_why)
{
    _cleanup_(freep) char *digits = xstrndup(text, n);
    const char *bare = digits + (*digits == '-' || *digits == '+');
    char *end;
    if (!*bare || strspn(bare, "0123456789") != strlen(bare))
        return refuse(ret_why, number_why(digits, false));
    errno = 0;
    *ret = strtoll(digits, &end, 10);
    return errno ? refuse(ret_why, number_why(digits, true)) : 0;
}

int k8s_auth_read(const json_t *header, int64_t *ret_agent, const char **ret_token, char **ret_why)
{
    const char *v = json_string_value(header), *type, *agent, *token;
    if (!header)
        return refuse(ret_why, xstrdup("Authorization header: expecting token"));
    if (json_is_array(header))
        return refuse(ret_why, xasprintf("Authorization header: expecting a single header, got %zu", json_array_size(header)));
    if (!v || strncmp(v, "Bearer ", 7))
        return refuse(ret_why, xstrdup("Authorization header: expecting Bearer token"));
    type = v + 7;
    agent = strchr(type, ':');
    if (!agent)
        return refuse(ret_why, xstrdup("Authorization header: invalid value"));
    if (strncmp(type, "ci:", 3))
        return refuse(ret_why, xstrdup("Authorization header: unknown token type"));
    token = strchr(++agent, ':');
    if (!token)
        return refuse(ret_why, xstrdup("Authorization header: invalid value"));
    if (read_agent(agent, (size_t)(token - agent), ret_agent, ret_why) < 0)
        return -EINVAL;
    *ret_token = token + 1;
    return *token && token[1] ? 0 : refuse(ret_why, xstrdup("Authorization header: empty token"));
}
