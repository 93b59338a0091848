/* Agents of the seed with their tokens, and CI jobs. */
#include "fakegitlab/seed_impl.h"

#include <errno.h>
#include <string.h>

/* ---- agents ------------------------------------------------------------------------------------------------ */

static void make_token(struct seed *s, struct spot at, const struct gl_agent *a, const struct gl_token_spec *spec,
                       const char *key, bool revoked)
{
    const struct gl_token *t = NULL;
    char *secret = NULL;
    json_t *errors = NULL;
    int r = store_token_create(s->store, NULL, a, spec, &t, &secret, &errors);
    if (r < 0) {
        seed_refused(s, at, key, r, errors);
        return;
    }
    seed_secret(s, "agents", a->name, secret);
    if (revoked)
        (void)store_token_revoke(s->store, NULL, t, NULL);
}

/* null: one is made; a text: the secret itself; or all of it. */
static void one_token(struct seed *s, struct spot agent, const struct gl_agent *a, const json_t *item, size_t i)
{
    _cleanup_(freep) char *name = xasprintf("token-%zu", i + 1), *path = xasprintf("%s.tokens[%zu]", agent.path, i);
    struct spot at = {.item = item, .path = path};
    if (json_is_string(item) || json_is_null(item)) {
        struct gl_token_spec spec = {.name = name, .secret = json_string_value(item)};
        make_token(s, agent, a, &spec, "tokens", false);
    } else if (seed_keys(s, at, "name token description id revoked")) {
        const char *own = seed_text(s, at, "name");
        struct gl_token_spec spec = {.id = seed_number(s, at, "id"),
                                     .name = own ? own : name,
                                     .description = seed_text(s, at, "description"),
                                     .secret = seed_text(s, at, "token")};
        make_token(s, at, a, &spec, NULL, seed_bool(s, at, "revoked", false));
    }
}

static void tokens(struct seed *s, struct spot at, const struct gl_agent *a)
{
    const json_t *list = json_object_get(at.item, "tokens"), *item;
    size_t i;
    if (!list || json_is_null(list))
        make_token(s, at, a, &(struct gl_token_spec){.name = "token-1"}, NULL, false);
    else if (!json_is_array(list))
        seed_bad(s, at, "tokens", "expected a list of texts or {name, token, description, id, revoked}");
    json_array_foreach((json_t *)list, i, item)
        one_token(s, at, a, item, i);
}

void seed_one_agent(struct seed *s, struct spot at)
{
    const struct gl_agent *a = NULL;
    json_t *errors = NULL;
    if (!seed_keys(s, at, "name id project created_by tokens config"))
        return;
    const struct gl_project *p = seed_project(s, at, "project");
    const struct gl_user *by = json_object_get(at.item, "created_by") ? seed_user(s, at, "created_by") : NULL;
    const json_t *config = seed_object(s, at, "config");
    int64_t id = seed_number(s, at, "id");
    if (!p)
        return;
    int r = store_agent_create(s->store, by, p, id, seed_text(s, at, "name"), &a, &errors);
    if (r < 0) {
        seed_refused(s, at, r == -EPERM ? "created_by" : "name", r, errors);
        return;
    }
    if (config)
        (void)store_agent_configure(s->store, a, config);
    tokens(s, at, a);
}

/* ---- jobs -------------------------------------------------------------------------------------------------- */

static const struct gl_agent *agent_named(const struct store *s, const char *name)
{
    for (size_t i = 0; name && i < s->agents.n; i++) {
        const struct gl_agent *a = s->agents.list[i];
        if (strcmp(a->name, name) == 0)
            return a;
    }
    return NULL;
}

/* ["my-agent", {agent: my-agent, configuration: {…}}] as the store has it; a new reference, or NULL: not said. */
static json_t *allowed_agents(struct seed *s, struct spot at)
{
    const json_t *list = json_object_get(at.item, "agents"), *item;
    size_t i;
    if (!list || json_is_null(list))
        return NULL;
    if (!json_is_array(list))
        seed_bad(s, at, "agents", "expected a list of names or {agent, configuration}");
    json_t *ret = json_array();
    json_array_foreach((json_t *)list, i, item) {
        const char *name = json_is_string(item) ? json_string_value(item) : row_text(item, "agent");
        const struct gl_agent *a = agent_named(s->store, name);
        json_t *configuration = json_object_get(item, "configuration");
        if (!a)
            seed_bad(s, at, "agents", "there is no agent \"%s\"; name one of `agents`", name ? name : "");
        else
            json_array_append_new(ret, json_pack("{sIsO*}", "agent", (json_int_t)a->id, "configuration", configuration));
    }
    return ret;
}

static void read_environment(struct seed *s, struct spot at, struct gl_job_spec *spec)
{
    const json_t *v = json_object_get(at.item, "environment");
    if (json_is_string(v)) {
        spec->environment = json_string_value(v);
    } else if (json_is_object(v)) {
        _cleanup_(freep) char *path = xasprintf("%s.environment", at.path);
        struct spot here = {.item = v, .path = path};
        (void)seed_keys(s, here, "slug tier");
        spec->environment = seed_text(s, here, "slug");
        spec->tier = seed_text(s, here, "tier");
    } else if (v && !json_is_null(v)) {
        seed_bad(s, at, "environment", "expected a slug or {slug, tier}");
    }
}

static const char *status(struct seed *s, struct spot at)
{
    static const char *const known[] = {"running", "success", "failed", "canceled"};
    const char *v = seed_text(s, at, "status");
    for (size_t i = 0; v && i < ARRAY_SIZE(known); i++)
        if (strcmp(v, known[i]) == 0)
            return v;
    if (v)
        seed_bad(s, at, "status", "\"%s\" is none; expected running, success, failed or canceled", v);
    return NULL;
}

void seed_one_job(struct seed *s, struct spot at)
{
    char *secret = NULL;
    json_t *errors = NULL;
    if (!seed_keys(s, at, "token id pipeline project user status environment agents"))
        return;
    struct gl_job_spec spec = {.id = seed_number(s, at, "id"),
                               .pipeline_id = seed_number(s, at, "pipeline"),
                               .project = seed_project(s, at, "project"),
                               .user = seed_user(s, at, "user"),
                               .status = status(s, at),
                               .secret = seed_text(s, at, "token")};
    read_environment(s, at, &spec);
    if (!spec.project || !spec.user)
        return;
    json_t *agents = allowed_agents(s, at);
    spec.allowed_agents = agents;
    int r = store_job_create(s->store, &spec, NULL, &secret, &errors);
    json_decref(agents);
    if (r < 0)
        seed_refused(s, at, NULL, r, errors);
    else
        seed_secret(s, "jobs", NULL, secret);
}
