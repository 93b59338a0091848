/* The `gitaly:` part of a scenario. */
#include <errno.h>
#include <string.h>

#include "fakegitlab/gitaly_private.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/script/version.h"

enum { REF_MAX = 1024 }; /* bytes of a reference's name or id: a line of the advertisement holds no more than 64 KiB */

static int refuse(char **reterr, char *text)
{
    *reterr = text;
    return -EINVAL;
}

static int read_refs(struct gitaly *g, const json_t *refs, char **reterr)
{
    const char *name;
    const json_t *id;
    if (!json_is_object(refs))
        return refuse(reterr, xstrdup("gitaly.refs: expected {NAME: ID}, such as {refs/heads/main: \"1111…\"}"));
    json_object_foreach ((json_t *)refs, name, id)
        if (!json_is_string(id) || json_string_length(id) > REF_MAX || strlen(name) > REF_MAX)
            return refuse(reterr, xasprintf("gitaly.refs.%.60s: expected the id of a commit as text, in quotes", name));
    g->refs = json_deep_copy(refs);
    return 0;
}

static int read_version(struct gitaly *g, const json_t *version, char **reterr)
{
    const char *v = json_string_value(version);
    if (!v || !*v || strspn(v, "0123456789.") != strlen(v))
        return refuse(reterr, xstrdup("gitaly.version: expected one such as \"14.7\", in quotes"));
    g->missing_is_error = version_compare(v, "16.0") >= 0;
    return 0;
}

static int read_clock(struct gitaly *g, const json_t *clock, char **reterr)
{
    if (json_is_string(clock) && duration_parse_signed(json_string_value(clock), &g->clock_ms) == 0)
        return 0;
    return refuse(reterr, xstrdup("gitaly.clock: expected a duration with its sign, such as \"+40s\" or \"-10m\""));
}

int gitaly_spec_read(struct gitaly *g, const json_t *spec, char **reterr)
{
    const json_t *token = json_object_get(spec, "token"), *version = json_object_get(spec, "version"),
                 *refs = json_object_get(spec, "refs"), *clock = json_object_get(spec, "clock");
    int r = 0;
    if (token && !json_is_null(token) && !json_is_string(token))
        return refuse(reterr, xstrdup("gitaly.token: expected a text"));
    if (json_string_length(token) > 0) /* to KAS an empty one is none, and it sends no token then */
        g->token = xstrdup(json_string_value(token));
    if (version && !json_is_null(version))
        r = read_version(g, version, reterr);
    if (r == 0 && refs && !json_is_null(refs))
        r = read_refs(g, refs, reterr);
    if (r == 0 && clock && !json_is_null(clock))
        r = read_clock(g, clock, reterr);
    return r;
}
