/* What there is, for the control API and for people: no secrets, they are known only as hashes. */
#include "fakegitlab/internal.h"

static json_t *agents_json(const struct store *s)
{
    size_t n;
    const struct gl_agent *const *all = store_agents(s, &n);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *tokens = json_array();
        for (size_t t = 0; t < all[i]->n_tokens; t++) {
            const struct gl_token *token = all[i]->tokens[t];
            char used[STORE_TIME_LEN] = "";
            if (token->last_used_at)
                store_time_text(token->last_used_at, used);
            json_array_append_new(tokens, json_pack("{sI, ss, ss, ss}", "id", (json_int_t)token->id, "name",
                                                    token->name, "status", token->revoked ? "revoked" : "active",
                                                    "last_used_at", used));
        }
        json_array_append_new(list, json_pack("{sI, ss, ss, so, sO?}", "id", (json_int_t)all[i]->id, "name",
                                              all[i]->name, "project", all[i]->project->path, "tokens", tokens,
                                              "config", all[i]->config));
    }
    return list;
}

static json_t *projects_json(const struct store *s)
{
    size_t n;
    const struct gl_project *const *all = store_projects(s, &n);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{sI, ss, ss, ss}", "id", (json_int_t)all[i]->id, "path", all[i]->path,
                                              "visibility", all[i]->visibility == GL_PUBLIC ? "public" : "private",
                                              "default_branch", all[i]->default_branch));
    return list;
}

static json_t *jobs_json(const struct store *s)
{
    size_t n;
    const struct gl_job *const *all = store_jobs(s, &n);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{sI, ss, ss}", "id", (json_int_t)all[i]->id, "project",
                                              all[i]->project->path, "status", all[i]->status));
    return list;
}

json_t *gitlab_state(const struct gitlab *g)
{
    static const char *const tiers[] = {"free", "premium", "ultimate"};
    const struct store *s = g->store;
    json_t *received = json_pack("{so, so, so, so}", "alerts", store_received(s, GL_ALERT, NULL), "vulnerabilities",
                                 store_received(s, GL_VULNERABILITY, NULL), "scan_results",
                                 store_received(s, GL_SCAN_RESULT, NULL), "usage", store_usage(s));
    return json_pack("{so, so, so, so, so, ss, sb, sO}", "listeners", gitlab_listeners(g), "projects", projects_json(s),
                     "agents", agents_json(s), "jobs", jobs_json(s), "received", received, "licence",
                     tiers[store_licence(s)], "listening", !g->stopped, "gitaly", g->gitaly_info);
}
