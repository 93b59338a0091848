/* Agents beside KAS: a real one of the version that is asked for, else the reference agent. A version that the scenario
 * names is not replaced: the pair is what it is about. */
#include "conformance/beside.h"

#include <string.h>
#include <unistd.h>

#include "conformance/world/world_gitlab.h"
#include "conformance/world/world_kas.h"
#include "lib/base/mem.h"
#include "lib/script/version.h"

static const struct component *agent_of(const struct suite *s, const char *version, bool real)
{
    for (size_t i = 0; s && i < s->agents.n; i++) {
        const struct component *c = &s->agents.items[i];
        if (c->real == real && (!real || version_compare(c->version, version) == 0))
            return c;
    }
    return NULL;
}

static char *redis_missing(const json_t *spec, const struct component *kas)
{
    const json_t *redis = json_object_get(spec, "redis");

    if (!world_kas_redis(spec, kas->profile) || json_is_true(json_object_get(redis, "absent")) ||
        access(WORLD_REDIS_PROGRAM, X_OK) == 0)
        return NULL;
    return xasprintf("needs %s; cure: apt-get install redis-server", WORLD_REDIS_PROGRAM);
}

char *beside_find(const struct suite *suite, const struct component *kas, const json_t *spec,
                  const struct component **ret)
{
    const json_t *agent = json_object_get(spec, "agent");
    const char *said = json_string_value(json_object_get(agent, "version"));
    const char *build = json_string_value(json_object_get(agent, "build")), *version = said ? said : kas->version;
    bool only_real = said || (build && strcmp(build, "real") == 0);
    bool only_reference = build && strcmp(build, "reference") == 0;

    *ret = NULL;
    if (json_is_true(json_object_get(agent, "absent")))
        return redis_missing(spec, kas);
    if (!only_reference)
        *ret = agent_of(suite, version, true);
    if (!*ret && !only_real)
        *ret = agent_of(suite, version, false);
    if (!world_gitlab_linked())
        return xstrdup("needs the fake GitLab, which is not in this build");
    if (!*ret)
        return xasprintf("needs a real agent %s beside KAS; cure: put agentk-%s into $FAKEKAS_AGENTS (default ~/agents)",
                         version, version);
    return redis_missing(spec, kas);
}
