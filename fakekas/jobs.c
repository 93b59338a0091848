#include "fakekas/jobs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/mem.h"
#include "lib/script/schema.h"

struct jobs {
    struct job *v;
    size_t n;
};

static const struct {
    const char *name;
    int answer;
} statuses[] = {{"running", 200}, {"success", 403}, {"failed", 403}, {"canceled", 403}, {"not-found", 404}, {"unavailable", 500}};

int job_set_status(struct job *j, const char *status)
{
    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
        if (!strcmp(status, statuses[i].name)) {
            j->status = statuses[i].name;
            j->answer = statuses[i].answer;
            return 0;
        }
    return -EINVAL;
}

static char *random_token(void)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t raw[32];
    if (getrandom(raw, sizeof(raw), 0) != sizeof(raw)) /* so few come at once */
        abort();
    char text[sizeof(raw) + 1] = {0};
    for (size_t i = 0; i < sizeof(raw); i++)
        text[i] = letters[raw[i] & 63];
    return xstrdup(text);
}

static int job_read(struct job *j, const json_t *from, size_t i, char **reterr)
{
    const char *token = json_string_value(json_object_get(from, "token"));
    const char *status = json_string_value(json_object_get(from, "status"));
    const json_t *agents = json_object_get(from, "agents");
    j->spec = from ? json_deep_copy(from) : json_object();
    j->token = token ? xstrdup(token) : random_token();
    size_t k;
    const json_t *a;
    json_array_foreach (agents, k, a)
        if (!json_is_integer(json_object_get(a, "id"))) {
            *reterr = xasprintf("kas.kubernetes_api.jobs[%zu].agents[%zu].id: expected the number of an agent", i, k);
            return -EINVAL;
        }
    if (job_set_status(j, status ? status : "running") == 0)
        return 0;
    *reterr = xasprintf("kas.kubernetes_api.jobs[%zu].status: \"%s\" is none; expected running, success, failed, canceled, not-found or "
                        "unavailable", i, status);
    return -EINVAL;
}

int jobs_new(const json_t *list, struct events *events, struct jobs **ret, char **reterr)
{
    struct jobs *j = NEW(struct jobs);
    size_t n = json_array_size(list);
    j->n = n ? n : 1;
    j->v = xcalloc(j->n, sizeof(*j->v));
    for (size_t i = 0; i < j->n; i++) {
        int r = job_read(&j->v[i], json_array_get(list, i), i, reterr);
        if (r < 0) {
            jobs_free(j);
            return r;
        }
        if (events && strlen(j->v[i].token) >= 4)
            events_secret(events, j->v[i].token, "job_token");
    }
    *ret = j;
    return 0;
}

struct jobs *jobs_free(struct jobs *j)
{
    if (!j)
        return NULL;
    for (size_t i = 0; i < j->n; i++) {
        free(j->v[i].token);
        json_decref(j->v[i].spec);
    }
    free(j->v);
    free(j);
    return NULL;
}

struct job *jobs_by_token(struct jobs *j, const char *token)
{
    for (size_t i = 0; i < j->n; i++)
        if (!strcmp(j->v[i].token, token))
            return &j->v[i];
    return NULL;
}

struct job *jobs_first(const struct jobs *j)
{
    return &j->v[0];
}

const json_t *job_agent(const struct job *j, int64_t agent_id)
{
    const json_t *agents = json_object_get(j->spec, "agents"), *a;
    size_t i;
    if (!json_is_array(agents))
        return j->spec; /* any, and all alike */
    json_array_foreach (agents, i, a)
        if (json_integer_value(json_object_get(a, "id")) == agent_id)
            return a;
    return NULL;
}

/* ---- on whose behalf ---- */

static int64_t number(const json_t *o, const char *key, int64_t missing)
{
    const json_t *v = json_object_get(o, key);
    return json_is_integer(v) ? json_integer_value(v) : missing;
}

static void add_group(json_t *groups, const char *format, int64_t id)
{
    char text[64];
    snprintf(text, sizeof(text), "%s%" PRId64, format, id);
    json_array_append_new(groups, json_string(text));
}

static json_t *ci_job_groups(const struct job *j, bool tiers)
{
    json_t *groups = json_pack("[s]", "gitlab:ci_job"), *g;
    const json_t *environment = json_object_get(j->spec, "environment"), *list = json_object_get(j->spec, "groups");
    const char *slug = json_string_value(json_object_get(environment, "slug"));
    const char *tier = tiers && slug ? json_string_value(json_object_get(environment, "tier")) : NULL;
    long long project = number(j->spec, "project", 150);
    size_t i;
    json_array_foreach (list, i, g) {
        add_group(groups, "gitlab:group:", json_integer_value(g));
        if (tier)
            json_array_append_new(groups, json_sprintf("gitlab:group_env_tier:%lld:%s", (long long)json_integer_value(g), tier));
    }
    add_group(groups, "gitlab:project:", project);
    if (slug)
        json_array_append_new(groups, json_sprintf("gitlab:project_env:%lld:%s", project, slug));
    if (tier)
        json_array_append_new(groups, json_sprintf("gitlab:project_env_tier:%lld:%s", project, tier));
    return groups;
}

static void add_extra(json_t *extra, const char *key, const char *value)
{
    if (value)
        json_array_append_new(extra, json_pack("{so, s[s]}", "key", json_sprintf("agent.gitlab.com/%s", key), "val", value));
}

static void add_number(json_t *extra, const char *key, int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, value);
    add_extra(extra, key, text);
}

static json_t *ci_job_extra(const struct job *j, int64_t agent_id, const json_t *agent, bool tiers)
{
    json_t *extra = json_array();
    const json_t *environment = json_object_get(j->spec, "environment");
    const char *user = json_string_value(json_object_get(j->spec, "user"));
    add_number(extra, "id", agent_id);
    add_number(extra, "config_project_id", number(agent, "config_project", 555));
    add_number(extra, "project_id", number(j->spec, "project", 150));
    add_number(extra, "ci_pipeline_id", number(j->spec, "pipeline", 6));
    add_number(extra, "ci_job_id", number(j->spec, "id", 3));
    add_extra(extra, "username", user ? user : "root");
    add_extra(extra, "environment_slug", json_string_value(json_object_get(environment, "slug")));
    if (tiers)
        add_extra(extra, "environment_tier", json_string_value(json_object_get(environment, "tier")));
    return extra;
}

json_t *job_impersonation(const struct job *j, int64_t agent_id, const json_t *agent, bool tiers)
{
    const json_t *as = json_object_get(agent, "access_as");
    json_t *impersonate = json_object_get(as, "impersonate");
    if (json_is_object(impersonate))
        return json_deep_copy(impersonate);
    if (!json_object_get(as, "ci_job"))
        return json_object();
    char name[48];
    snprintf(name, sizeof(name), "gitlab:ci_job:%" PRId64, number(j->spec, "id", 3));
    return json_pack("{ss, so, so}", "username", name, "groups", ci_job_groups(j, tiers), "extra",
                     ci_job_extra(j, agent_id, agent, tiers));
}
